"""Two gloo processes on the CPU: the same gradients as one, episodes of their own, one checkpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import two_processes
from safetensors.torch import load_file

from baselines.batch import flatten
from baselines.checkpoint import read_checkpoint
from baselines.progress import read_metrics
from baselines.session import start_accelerator
from vlm_gym.evaluation.runs.run_folder import read_episodes

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DDP = {"ACCELERATE_USE_CPU": "true"}
FSDP2 = {
    **DDP,
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "false",
}
TIMEOUT_S = 300


def launch(what, folder, *arguments, settings=DDP):
    """Run tests/two_processes.py in two processes; return what they said on stderr if they failed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [str(ROOT / "tests" / "two_processes.py"), what, str(folder), *arguments]
    places = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    environment = {**os.environ, **settings, "PYTHONPATH": places, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    return done.stderr[-4000:] if done.returncode else ""


@pytest.mark.parametrize(("settings", "kind"), [(DDP, "DistributedDataParallel"), (FSDP2, "FSDPVlmModule")])
def test_two_processes_take_the_step_that_one_takes_on_the_joined_batch(settings, kind, tmp_path):
    assert launch("gradients", tmp_path, settings=settings) == ""
    facts = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert [(fact["world"], fact["kind"]) for fact in facts] == [(2, kind)] * 2
    if settings is DDP:  # for FSDP2 on a CPU the test itself brings the processes together
        assert all(
            fact["patience_s"] >= 3600 for fact in facts
        )  # an evaluation may take longer than NCCL's ten minutes
    assert len({seed for fact in facts for seed in fact["seeds"]}) == 8  # no episode is played twice

    config = two_processes.configure("--ppo.max_grad_norm", "1e9", "--model.rank", "4")
    accelerator = start_accelerator(config)
    learner = two_processes.start_learner(config, accelerator, tmp_path)
    before = {name: value.clone() for name, value in learner.policy.state_dict().items()}
    halves = [two_processes.play(config, accelerator, learner.policy, rank)[0] for rank in (0, 1)]
    turns = [[*left, *right] for left, right in zip(*halves, strict=True)]  # (T, 2 N)
    advantages, weights = two_processes.step(learner, turns, len(flatten(turns)))

    told = [load_file(tmp_path / f"rank-{rank}.safetensors") for rank in (0, 1)]
    per_turn = [one.pop("advantages").reshape(len(turns), -1) for one in told]
    assert torch.allclose(torch.cat(per_turn, dim=1).flatten(), advantages, atol=1e-5)
    assert advantages.mean().item() == pytest.approx(0.0, abs=1e-5)
    assert any(not torch.equal(before[name], weights[name]) for name in weights)
    for name, value in weights.items():
        assert torch.equal(told[0][name], told[1][name])
        assert torch.allclose(told[0][name], value, rtol=1e-4, atol=1e-6), name


@pytest.mark.parametrize("settings", [DDP, FSDP2], ids=["ddp", "fsdp2"])
def test_a_run_of_two_processes_is_written_once_counted_together_and_resumed(settings, tmp_path):
    assert launch("train", tmp_path / "whole", settings=settings) == ""
    folder = tmp_path / "whole"
    written = [json.loads((folder / f"written-{rank}.json").read_text()) for rank in (0, 1)]
    assert written == [["policy", "optimizer", "process-0"] * 2, ["process-1"] * 2]
    turns = [line["env_turns"] for line in read_metrics(folder) if "env_turns" in line]
    assert turns == [16, 32]  # 2 processes, 4 environments, 2 turns
    episodes = {line["greedy/episodes"] for line in read_metrics(folder) if "greedy/episodes" in line}
    assert episodes == {3}  # divided over the processes
    for name in ("before PPO", "after update 2"):  # and so is what is recorded of them
        played = read_episodes(folder / "plays" / name)
        assert len(played) == 3
        assert {path.name for path in (folder / "plays").iterdir()} == {"before PPO", "after update 2"}

    resumed = tmp_path / "resumed"
    (tmp_path / "whole" / "ppo" / "step-000002").rename(tmp_path / "step-000002")  # as if it had been killed before it
    folder.rename(resumed)
    assert launch("train", resumed, "--resume", str(resumed), settings=settings) == ""
    one, other = (read_checkpoint(place) for place in (tmp_path / "step-000002", resumed / "ppo" / "step-000002"))
    assert one.keys() == other.keys() == {"policy", "optimizer", "process-0", "process-1"}
    for part in one:
        facts, resumed_facts = ({**found.facts, "cpu_seconds": 0.0} for found in (one[part], other[part]))
        assert facts == resumed_facts
        for name, value in one[part].tensors.items():
            assert torch.equal(value, other[part].tensors[name]), name


def test_a_minibatch_that_cannot_be_divided_is_refused(tmp_path):
    assert "ppo.minibatch must be a multiple of the 2 processes, got 7" in launch(
        "train", tmp_path, "--ppo.minibatch", "7"
    )
