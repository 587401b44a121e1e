"""verl: write a panel's episodes as data, and the file that names our agent loop; then train with verl's own program.

Install:  pip install 'vlm-gym[verl]'                  # in the environment in which verl trains
Run:      python verl_rows.py --panel cards-v0 --out verl_data

It prints the options that `python -m verl.trainer.main_ppo` needs beside your own. Train on starts of your own: a
panel's episodes are there to be measured on.
"""

import argparse
import json
from pathlib import Path

from vlm_gym.adapters.verl import verl_rows

AGENT_LOOP = """\
- name: vlm_gym
  _target_: vlm_gym.adapters.verl.VlmGymAgentLoop
  settings: {tell_mistakes: true}  # those of vlm_gym.ChatSettings
"""


def main():
    """Write both files, and say what verl must be told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panel", default="cards-v0")
    parser.add_argument("--first", type=int, help="only so many episodes of each task")
    parser.add_argument("--out", type=Path, default=Path("verl_data"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows, loop = options.out / "rows.jsonl", options.out / "agent_loop.yaml"
    rows.write_text(
        "".join(f"{json.dumps(row)}\n" for row in verl_rows(options.panel, options.first)), encoding="utf-8"
    )
    loop.write_text(AGENT_LOOP, encoding="utf-8")
    print(f"data.train_files={rows.absolute()}")
    print(f"actor_rollout_ref.rollout.agent.agent_loop_config_path={loop.absolute()}")
    print("actor_rollout_ref.rollout.prompt_length=1024       # the system message and the first picture")
    print("actor_rollout_ref.rollout.response_length=16384    # all that follows, pictures included")


if __name__ == "__main__":
    main()
