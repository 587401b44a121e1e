"""Train a tiny vision-language model on a CPU: SFT, then PPO, then its success before and after.

Install:  make train                         # in a clone: baselines/ is not part of the installed package
Run:      python examples/train_tiny_vlm.py
          python examples/train_tiny_vlm.py --config tiny-ezpoints --folder out/ezpoints

It is `python -m baselines.ppo`, with the settings of a file of baselines/configs/ and some of them changed. A model
of 7B parameters on a GPU is another file of that folder: docs/training.md.

Prints, with the settings of its test (`--updates 1 --sft-steps 8 --episodes 4`), after the log:

    update 0: success 0 % greedy, 0 % sampled
"""

import argparse
import json
from pathlib import Path

from baselines import ppo


def main():
    """Train, and say what it brought."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="tiny-numberline", help="a file of baselines/configs/")
    parser.add_argument("--updates", type=int, default=20, help="of PPO")
    parser.add_argument("--sft-steps", type=int, default=260)
    parser.add_argument("--episodes", type=int, default=200, help="of each evaluation")
    parser.add_argument("--folder", type=Path, default=Path("out/tiny-example"))
    options = parser.parse_args()
    settings = {
        "ppo.updates": options.updates,
        "sft.steps": options.sft_steps,
        "evaluation.episodes": options.episodes,
        "evaluation.samples": min(options.episodes, 100),  # which are recorded turn by turn
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    ppo.main(["--config", options.config, "--folder", str(options.folder), *words])
    for line in (options.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        if "greedy/success" in found:  # an evaluation, on starts that training never sees
            shares = [f"{100 * found[f'{kind}/success']:.0f} % {kind}" for kind in ("greedy", "sampled")]
            print(f"update {found['update']}: success {', '.join(shares)}")
    print("What it says, turn by turn:", options.folder / "samples.html")


if __name__ == "__main__":
    main()
