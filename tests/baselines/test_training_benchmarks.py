"""The benchmarks of training: they run, and what they build has the size of the real thing."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.large_models import build

ROOT = Path(__file__).parents[2]
PARAMETERS = {"llava-1.6-7b": 7_566_747_648, "qwen2.5-vl-7b": 8_292_166_656}  # of the checkpoints on the hub
IMAGE_TOKENS = {"llava-1.6-7b": 1176, "qwen2.5-vl-7b": 121}


def run(script, *arguments):
    command = [sys.executable, "-m", f"benchmarks.{script}", *arguments]
    environment = {"OMP_NUM_THREADS": "1", "PATH": ""}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
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
    shown = run("training_gpu", "--model", name, *sizes, "--published-turns", "1", "--peak-tflops", "1")
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
        "training_speed", "--config", str(config), "--repeats", "1", "--turns", "8", "--envs", "8", "--epochs", "1"
    )
    found = ratios(shown)
    assert found.keys() == {"rollout", "update", "end to end"}
    assert all(ratio > 1 for ratio in found.values())


def test_a_page_is_made_of_finished_runs(tmp_path):
    """Of one that was measured at its start and its end; the figure has a curve for it."""
    run_folder = tmp_path / "runs" / "tiny-numberline-1"
    run_folder.mkdir(parents=True)
    (run_folder / "config.yaml").write_text(
        "task: {id: NumberLine-v0}\nevaluation: {metric: positive_return}\nseed: 1\n"
    )
    score = {"positive_return": 0.3, "low": 0.24, "high": 0.37, "episodes": 200}
    lines = [
        {"update": update, "cpu_seconds": 9.0, "env_turns": 512 * update}
        | {f"{name}/{key}": value for name in ("greedy", "sampled") for key, value in score.items()}
        | {"greedy/success": 1.0}
        for update in (0, 20)
    ]
    (run_folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    page, figure = tmp_path / "page.md", tmp_path / "figures" / "curves.png"
    run("learning", str(tmp_path / "runs"), "--page", str(page), "--figure", str(figure))
    assert "| 1 | 30.0 (24-37) | 30.0 (24-37) | 30.0 (24-37) | 30.0 (24-37) | 200 | 10,240 | 9 |" in page.read_text()
    assert "Positive return in %; random play reaches 26.88, the best 100.00." in page.read_text()
    assert "](figures/curves.png)" in page.read_text()
    assert figure.stat().st_size > 5000
