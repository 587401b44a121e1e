"""OpenEnv: play episodes of a panel over a server's sockets, many at once, with a model behind an endpoint.

Install:  pip install 'vlm-gym[openenv]' openai
Run:      python -m vlm_gym.adapters.openenv --port 8000 &
          OPENAI_API_KEY=... python openenv_client.py --model gpt-5-mini
          python openenv_client.py --model qwen2.5vl --endpoint http://localhost:11434/v1    # OPENAI_API_KEY=none
"""

import argparse
import asyncio

from openai import AsyncOpenAI
from openenv import GenericEnvClient


async def play(url, split, index, ask):
    """Play one episode; return how it went."""
    async with GenericEnvClient(base_url=url) as client:
        result = await client.reset(split=split, index=index)
        while not result.done:
            result = await client.step({"text": await ask(result.observation["messages"])})
        return result.observation["metrics"]


async def run(options):
    """Play the first episodes of the panel."""
    model, gate = AsyncOpenAI(base_url=options.endpoint), asyncio.Semaphore(options.at_once)

    async def ask(messages):
        reply = await model.chat.completions.create(model=options.model, messages=messages)
        return reply.choices[0].message.content or ""

    async def one(index):
        async with gate:
            return await play(options.server, options.panel, index, ask)

    return await asyncio.gather(*(one(index) for index in range(options.episodes)))


def main():
    """Print the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="http://localhost:8000")
    parser.add_argument("--panel", default="cards-v0")
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--model", required=True)
    parser.add_argument("--endpoint", help="another one than OpenAI's")
    played = asyncio.run(run(parser.parse_args()))
    print(f"{len(played)} episodes: " + ", ".join(f"{name} {mean(played, name):.2f}" for name in played[0]))


def mean(played, name):
    """Return the mean of a metric."""
    return sum(metrics[name] for metrics in played) / len(played)


if __name__ == "__main__":
    main()
