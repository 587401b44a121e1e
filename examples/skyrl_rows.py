"""SkyRL: write a panel's episodes as training data of its generator, and play the first one to see that all is well.

Install:  pip install 'vlm-gym[skyrl]' openai          # in the environment in which SkyRL trains
Run:      python skyrl_rows.py --panel cards-v0 --out rows.jsonl
          OPENAI_API_KEY=... python skyrl_rows.py --out rows.jsonl --model gpt-5-mini     # and plays the first row

Then, in the script that starts your training, import this file (it registers the environment), and set
`data.train_data=['rows.jsonl']` and `environment.env_class=vlm_gym`; `environment.skyrl_gym.vlm_gym.system="..."` and
so on change how a task is told. Train on seeds of your own: a panel's episodes are there to be measured on.
"""

import argparse
import json
from pathlib import Path

import skyrl_gym

import vlm_gym

NAME = "vlm_gym"
skyrl_gym.register(NAME, "vlm_gym.adapters.skyrl:VlmGymEnv")


def rows_of(panel, first):
    """Return the rows; the prompt is a placeholder, the environment says the first words itself."""
    placeholder = [{"role": "user", "content": ""}]
    return [{"env_class": NAME, "prompt": placeholder, **row} for row in vlm_gym.rows(panel, first)]


def play(row, ask):
    """Play a row as SkyRL's generator does; return its metrics."""
    env = skyrl_gym.make(NAME, env_config={}, extras=row)
    conversation, _ = env.init(row["prompt"])
    is_over = False
    while not is_over:
        answer = ask(conversation)
        output = env.step(answer)
        conversation += [{"role": "assistant", "content": answer}, *output["observations"]]
        is_over = output["done"]
    return env.get_metrics()


def main():
    """Write the rows, and play one if there is a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panel", default="cards-v0")
    parser.add_argument("--first", type=int, help="only so many episodes of each task")
    parser.add_argument("--out", type=Path, default=Path("rows.jsonl"))
    parser.add_argument("--model")
    parser.add_argument("--endpoint", help="another one than OpenAI's")
    options = parser.parse_args()
    rows = rows_of(options.panel, options.first)
    options.out.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    print(f"{options.out}: {len(rows)} rows")
    if options.model is None:
        return
    from openai import OpenAI

    model = OpenAI(base_url=options.endpoint)

    def ask(conversation):
        reply = model.chat.completions.create(model=options.model, messages=conversation)
        return reply.choices[0].message.content or ""

    print(f"{rows[0]['task']}:", ", ".join(f"{key} {value:g}" for key, value in play(rows[0], ask).items()))


if __name__ == "__main__":
    main()
