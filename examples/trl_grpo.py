"""TRL: GRPO of a Qwen3-VL that plays a task by calling a function.

Install:  pip install 'vlm-gym[train,trl]'
Run:      python trl_grpo.py --model Qwen/Qwen3-VL-2B-Instruct --task vlm_gym/NumberLine-v0 --out out/grpo

Each row is a start; a group of rollouts shares it. An episode is one completion with all its pictures, which
`--max-completion-length` must hold: a 300-pixel picture is about 100 tokens, a prompt of cards 250.
"""

import argparse

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from vlm_gym import EpisodeSpec
from vlm_gym.adapters.trl import VlmGymEnv
from vlm_gym.evaluation.models.processors import load_processor


def starts(task, number):
    """Return training starts: low seeds, which no panel has."""
    placeholder = [{"role": "user", "content": ""}]
    rows = [EpisodeSpec(task, seed).to_row() for seed in range(number)]
    return Dataset.from_list([{"prompt": placeholder, **row} for row in rows])


def main():
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="Qwen/Qwen3-VL-2B-Instruct")
    parser.add_argument("--task", default="vlm_gym/NumberLine-v0")
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--group", type=int, default=8, help="rollouts of a start")
    parser.add_argument("--max-completion-length", type=int, default=8192)
    parser.add_argument("--out", default="out/grpo")
    parser.add_argument("--cpu", action="store_true", help="for a trial with a tiny model")
    options = parser.parse_args()
    arguments = GRPOConfig(
        output_dir=options.out,
        max_steps=options.steps,
        num_generations=options.group,
        per_device_train_batch_size=options.group,
        max_completion_length=options.max_completion_length,
        max_tool_calling_iterations=60,
        logging_steps=1,
        report_to=[],
        use_cpu=options.cpu,
        bf16=not options.cpu,
    )
    trainer = GRPOTrainer(
        model=options.model,
        args=arguments,
        train_dataset=starts(options.task, options.starts),
        processing_class=load_processor(options.model),
        environment_factory=VlmGymEnv,
    )
    trainer.train()
    rewards = [line["reward"] for line in trainer.state.log_history if "reward" in line]
    print(f"{len(rewards)} steps, mean reward of the first {rewards[0]:.2f}, of the last {rewards[-1]:.2f}")


if __name__ == "__main__":
    main()
