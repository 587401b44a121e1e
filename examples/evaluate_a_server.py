r"""Measure a model behind a server: vLLM, SGLang, Ollama, llama.cpp, OpenAI, Azure or Anthropic.

Install:  pip install 'vlm-gym[eval]'
Run:      python examples/evaluate_a_server.py --agent openai:Qwen/Qwen2.5-VL-7B-Instruct --base-url http://localhost:8000/v1
          python examples/evaluate_a_server.py --agent openai:qwen2.5vl --base-url http://localhost:11434/v1   # Ollama
          ANTHROPIC_API_KEY=... python examples/evaluate_a_server.py --agent anthropic:claude-sonnet-4-5
          AZURE_KEY=... python examples/evaluate_a_server.py --agent openai:my-deployment --header api-key=AZURE_KEY \
              --base-url 'https://my-resource.openai.azure.com/openai/deployments/my-deployment?api-version=2024-10-21'

It is what `vlm-gym eval` and `vlm-gym report` do, as a program. docs/servers.md says how to start each server.

Prints, of a model that always answers "+" or "stand":

    NumberLine-v0         0.0 %, between floor 59.8 and ceiling 100.0; unreadable turns 0 %
    EZPoints-v0           0.0 %, between floor 0.1 and ceiling 100.0; unreadable turns 0 %
    Points24-v0           0.0 %, between floor 0.0 and ceiling 50.0; unreadable turns 0 %
    EZPointsFormula-v0    0.0 %, between floor 1.0 and ceiling 100.0; unreadable turns 100 %
    Points24Formula-v0    0.0 %, between floor 0.0 and ceiling 50.0; unreadable turns 100 %
    Blackjack-v0          0.0 %, between floor 28.1 and ceiling 48.9; unreadable turns 0 %
    The report: run/report.html
"""

import argparse
import asyncio
from pathlib import Path

import vlm_gym
from vlm_gym.evaluation.models.endpoint_settings import EndpointSettings
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.scores.summary import summarise


async def play(folder, name, settings, panel, first):
    """Play the first episodes of each task of a panel, 16 at a time, and write the run's folder."""
    episodes = vlm_gym.get_panel(panel).first(first).episodes
    agent = vlm_gym.make_agent(name, settings)
    try:
        return await vlm_gym.evaluate(
            folder, vlm_gym.Plan(episodes), agent, concurrency=16, is_resumed=True, on_check=print
        )
    finally:
        await agent.close()


def scale(value):
    """Return a share in %, or "?" where nobody knows it."""
    return "?" if value is None else f"{100 * value:.1f}"


def main():
    """Play, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", required=True, help="openai:MODEL, responses:MODEL or anthropic:MODEL")
    parser.add_argument("--base-url", help="where the server is; the provider's own address if it is left out")
    parser.add_argument(
        "--header", action="append", default=[], metavar="NAME=VARIABLE", help="with what a variable holds"
    )
    parser.add_argument("--panel", default="cards-v0")
    parser.add_argument("--first", type=int, default=2, help="episodes of each task")
    parser.add_argument("--out", type=Path, default=Path("run"), help="the run's folder; run again, it goes on there")
    options = parser.parse_args()
    headers = dict(header.split("=", 1) for header in options.header)
    settings = EndpointSettings(base_url=options.base_url, headers=headers, temperature=0.0, max_tokens=2048)
    progress = asyncio.run(play(options.out, options.agent, settings, options.panel, options.first))
    if not progress.is_complete:
        raise SystemExit("Some episodes are missing: run the same command again to play them")
    for task in summarise(options.out).tasks:
        print(
            f"{task.name:20} {scale(task.success.value):>4} %, between floor {scale(task.floor)} and ceiling "
            f"{scale(task.ceiling)}; unreadable turns {100 * task.fault_rate:.0f} %"
        )
    print("The report:", write_report([options.out], options.out / "report.html").page)


if __name__ == "__main__":
    main()
