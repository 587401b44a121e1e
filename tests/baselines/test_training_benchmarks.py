"""The benchmarks of training: they run, and what they build has the size of the real thing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from large_models import build  # noqa: E402

PARAMETERS = {"llava-1.6-7b": 7_566_747_648, "qwen2.5-vl-7b": 8_292_166_656}  # of the checkpoints on the hub
IMAGE_TOKENS = {"llava-1.6-7b": 1176, "qwen2.5-vl-7b": 121}


def run(script, *arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def ratios(table):
    return {
        line.split("|")[1].strip(): float(line.split("|")[4])
        for line in table.splitlines()
        if re.match(r"\| (rollout|update|end to end) \|", line)
    }


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_large_model_has_the_parameters_of_the_real_one(name):
    model, processor = build(name, torch.device("meta"), torch.bfloat16, is_tiny=False, texts=["Answer in JSON."])
    spare = model.config.get_text_config().vocab_size
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(PARAMETERS[name], rel=1e-3)
    assert spare in (32064, 152064)
    assert len(processor.tokenizer) < spare


@pytest.mark.slow
@pytest.mark.parametrize("name", PARAMETERS)
def test_the_gpu_benchmark_runs_on_small_models_that_see_as_many_picture_tokens(name):
    sizes = ("--tiny", "--device", "cpu", "--envs", "2", "--new-tokens", "8", "--turns", "1", "--microbatch", "2")
    shown = run("training_gpu.py", "--model", name, *sizes, "--published-turns", "1", "--peak-tflops", "1")
    assert f"{IMAGE_TOKENS[name]} of them the picture" in shown
    rows = [line.split(" | ") for line in shown.splitlines() if line.startswith(("| published", "| 2 env"))]
    assert len(rows) == 2
    assert all(float(row[2]) > 0 and float(row[5]) > 0 for row in rows)
    assert 0 <= float(rows[1][-1].split(" %")[0]) < 100


@pytest.mark.slow
def test_the_speed_benchmark_shows_the_ratios(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("base: tiny-numberline\nsft: {steps: 40, episodes: 50}\n")
    shown = run(
        "training_speed.py", "--config", str(config), "--repeats", "1", "--turns", "8", "--envs", "8", "--epochs", "1"
    )
    found = ratios(shown)
    assert found.keys() == {"rollout", "update", "end to end"}
    assert all(ratio > 1 for ratio in found.values())
