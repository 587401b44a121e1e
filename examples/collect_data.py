"""Make supervised data of the oracle's play, and look at a sample.

Install:  pip install 'vlm-gym[data]'        # for parquet; the format "llava" needs no more than vlm-gym
Run:      python examples/collect_data.py
          python examples/collect_data.py --format parquet --samples 1000 --out data/cards
          python examples/collect_data.py --tasks Household-v1 --agent searcher

It is what `vlm-gym collect` does, as a program: docs/data.md.

Prints:

    12 samples of vlm_gym/NumberLine-v0, 12 samples of vlm_gym/Blackjack-v0
    files: README.md conversations data.json dataset_info.json pictures
    what the first one teaches: "5 is larger than 2, so the number has to shrink." and the action "-"
"""

import argparse
import asyncio
import json
from pathlib import Path

import vlm_gym
from vlm_gym.collect.run import collect
from vlm_gym.collect.settings import CollectSettings


def main():
    """Collect, and show the first sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=["NumberLine-v0", "Blackjack-v0"])
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--agent", default="oracle")
    parser.add_argument("--format", choices=["llava", "parquet", "trl"], default="llava")
    parser.add_argument("--out", type=Path, default=Path("data"), help="an empty folder")
    options = parser.parse_args()
    tasks = tuple(vlm_gym.find_task(task).id for task in options.tasks)
    settings = CollectSettings(tasks=tasks, samples=options.samples, format=options.format, balance_actions=True)
    counts = asyncio.run(collect(options.out, settings, vlm_gym.make_agent(options.agent)))
    print(", ".join(f"{each['num_samples']} samples of {each['task']}" for each in counts["tasks"]))
    print("files:", *sorted(path.name for path in options.out.iterdir()))
    answer = json.loads(first_answer(options.out, options.format))
    print(f'what the first one teaches: "{answer["thoughts"]}" and the action "{answer["action"]}"')


def first_answer(folder, form):
    """Return what the first sample teaches."""
    if form == "llava":
        path = min(folder.glob("conversations/*.jsonl"))
        return json.loads(path.read_text(encoding="utf-8").splitlines()[0])["conversations"][-1]["value"]
    from datasets import load_dataset

    # by its files, as the card says: given a folder, it takes what its cache has of any folder of that name
    row = load_dataset("parquet", data_files=str(folder.resolve() / "data" / "*.parquet"), split="train")[0]
    return row["answer"] if form == "parquet" else row["completion"][0]["content"][0]["text"]


if __name__ == "__main__":
    main()
