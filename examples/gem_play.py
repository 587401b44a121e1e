"""GEM: a task in GEM's registry, played with a model behind an endpoint.

Install:  pip install 'vlm-gym[gem]' openai
Run:      OPENAI_API_KEY=... python gem_play.py --model gpt-5-mini --task vlm_gym/Points24-v0
          python gem_play.py --model qwen2.5vl --endpoint http://localhost:11434/v1          # OPENAI_API_KEY=none

GEM keeps no conversation: here each turn is asked by itself, which says all that there is to say.
"""

import argparse
import base64
import io

import gem
from openai import OpenAI


def ask(model, name, observation):
    """Return a model's answer to what GEM shows: words with "<image>" in them, and the pictures."""
    parts = [{"type": "text", "text": observation["prompt"].replace("<image>\n", "")}]
    for picture in observation["image"]:
        file = io.BytesIO()
        picture.save(file, "PNG")
        url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
        parts.insert(0, {"type": "image_url", "image_url": {"url": url}})
    reply = model.chat.completions.create(model=name, messages=[{"role": "user", "content": parts}])
    return reply.choices[0].message.content or ""


def main():
    """Play, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="vlm_gym/NumberLine-v0")
    parser.add_argument("--seed", type=int, default=0, help="of the first episode; the others count up")
    parser.add_argument("--episodes", type=int, default=5)
    parser.add_argument("--model", required=True)
    parser.add_argument("--endpoint", help="another one than OpenAI's")
    options = parser.parse_args()
    model = OpenAI(base_url=options.endpoint)
    gem.register("vlm_gym:Task", "vlm_gym.adapters.gem:VlmGymEnv", task=options.task)
    env = gem.make("vlm_gym:Task")
    for number in range(options.episodes):
        observation, info = env.reset(seed=options.seed + number)
        is_over = False
        while not is_over:
            observation, _, terminated, truncated, info = env.step(ask(model, options.model, observation))
            is_over = terminated or truncated
        print(f"seed {options.seed + number}:", ", ".join(f"{key} {value:g}" for key, value in info["metrics"].items()))


if __name__ == "__main__":
    main()
