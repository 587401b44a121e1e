"""What test_processes starts twice with torchrun: plays, learns and writes, each process in its own part of a run.

torchrun --nproc-per-node 2 tests/two_processes.py gradients|train FOLDER [--setting VALUE ...]
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from safetensors.torch import save_file
from torch.distributed import distributed_c10d

from baselines import checkpoint, ppo
from baselines.batch import flatten, plan_epochs
from baselines.learner import Learner
from baselines.rollout import Sampling, Seat, collect, make_rollout, training_episodes
from baselines.session import read_train_config, start_accelerator, start_policy
from baselines.sharding import prepare, whole, whole_weights

NUM_TURNS = 3
SETTINGS = (
    *("--threads", "1", "--device", "cpu", "--task.num_envs", "4", "--sampling.max_new_tokens", "6"),
    *("--model.value_widths", "[16, 8]", "--sft.steps", "2", "--sft.batch", "8", "--sft.episodes", "4"),
    *("--ppo.turns", "2", "--ppo.minibatch", "8", "--ppo.microbatch", "2", "--ppo.epochs", "2", "--ppo.updates", "2"),
    *("--evaluation.episodes", "3", "--evaluation.every", "100", "--checkpoint.every", "1", "--checkpoint.keep", "9"),
)


def let_accelerate_shard_on_the_cpu():
    """FSDP2 itself works over gloo; accelerate 1.15 leaves it out unless it takes these processes for GPUs."""
    PartialState(cpu=True)
    PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU


def configure(*arguments):
    return read_train_config([*SETTINGS, *arguments], "")


def start_learner(config, accelerator, folder):
    """Return a learner whose one step subtracts the gradient from the weights."""
    policy = start_policy(config, accelerator, None)
    optimizer = torch.optim.SGD(policy.parameter_groups(lr=1.0, value_lr=1.0), lr=1.0)
    policy.module, optimizer = prepare(policy.module, optimizer, accelerator)
    return Learner(policy, optimizer, config.ppo, config.sampling.temperature, accelerator, folder)


def play(config, accelerator, policy, rank):
    """Play as the process of that rank does; return its turns, (T, N), and the seeds of its episodes."""
    places = [training_episodes(config.task, config.seed, rank, number) for number in range(config.task.num_envs)]
    seats = [Seat(make_rollout(config.chat.settings), episodes) for episodes in places]
    sampling = Sampling(config.sampling.max_new_tokens, config.sampling.temperature)
    with whole_weights(policy.module, accelerator):
        turns, _ = collect(policy, seats, NUM_TURNS, sampling, torch.Generator().manual_seed(rank))
    return turns, [seat.rollout.session.task.np_random_seed for seat in seats]


def step(learner, turns, num_turns):
    """Take one step on all turns, `num_turns` of them here; return advantages and weights."""
    epoch = plan_epochs(flatten(turns), 1, num_turns, 2, np.random.default_rng(0))[0]
    batch = ppo.assess(learner, turns, epoch)
    learner.step(batch, epoch[0], ppo.loss)
    return batch.advantages, {name: value.clone() for name, value in whole(learner.policy.state_dict()).items()}


def gradients(folder, *arguments):
    config = configure("--ppo.max_grad_norm", "1e9", "--model.rank", "4", *arguments)
    accelerator = start_accelerator(config)
    learner = start_learner(config, accelerator, folder)
    turns, seeds = play(config, accelerator, learner.policy, accelerator.process_index)
    advantages, weights = step(learner, turns, len(flatten(turns)))
    rank = accelerator.process_index
    save_file({"advantages": advantages, **weights}, folder / f"rank-{rank}.safetensors")
    facts = {
        "seeds": seeds,
        "world": accelerator.num_processes,
        "kind": type(learner.policy.module).__name__,
        "patience_s": distributed_c10d._get_default_group()._get_backend(torch.device("cpu")).options._timeout.seconds,
    }
    (folder / f"rank-{rank}.json").write_text(json.dumps(facts))


def train(folder, *arguments):
    """Run SFT and PPO; write down which process wrote which part of a checkpoint."""
    written, write_part = [], checkpoint._write_part

    def write_and_note(stem, part):
        written.append(stem.name)
        write_part(stem, part)

    checkpoint._write_part = write_and_note
    ppo.main(["--folder", str(folder), "--processes", "2", *SETTINGS, *arguments])
    rank = torch.distributed.get_rank()
    (folder / f"written-{rank}.json").write_text(json.dumps(written))


if __name__ == "__main__":
    what, place, *rest = sys.argv[1:]
    if "ACCELERATE_USE_FSDP" in os.environ:
        let_accelerate_shard_on_the_cpu()
    {"gradients": gradients, "train": train}[what](Path(place), *rest)
    torch.distributed.destroy_process_group()
