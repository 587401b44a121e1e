"""The benchmarks of training: they run, and what they build has the size of the real thing."""

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForImageTextToText, CLIPVisionConfig, GenerationConfig, LlavaConfig

from baselines.models.model_config import ModelConfig
from baselines.models.policy import Answer, Prompt
from baselines.models.tiny import build_tiny
from baselines.models.vlm import VlmPolicy
from benchmarks import training_memory
from benchmarks.fake_memory import FakeMemory, empty
from benchmarks.large_models import build
from vlm_gym.parsers import PARSERS

ROOT = Path(__file__).parents[2]
PARAMETERS = {  # of the checkpoints on the hub
    "llava-1.6-7b": 7_566_747_648,
    "qwen2.5-vl-7b": 8_292_166_656,
    "qwen2.5-vl-3b": 3_754_622_976,
    "qwen3-vl-8b": 8_767_123_696,
}
IMAGE_TOKENS = {"llava-1.6-7b": 1176, "qwen2.5-vl-7b": 121, "qwen2.5-vl-3b": 121, "qwen3-vl-8b": 81}


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
    assert spare in (32064, 152064, 151936)
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
def test_the_script_for_a_gpu_runs_at_a_small_size(tmp_path):
    environment = {**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    command = ["bash", str(ROOT / "benchmarks" / "gpu.sh"), "--small", str(tmp_path)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    for name in ("llava-1.6-7b", "qwen2.5-vl-7b"):
        shown = (tmp_path / f"{name}.txt").read_text()
        assert re.search(r"^\| published, batch 1 \|.*^\| 2 environments \|", shown, re.M | re.S)
        assert re.search(r"^\| 1 \| \d+\.\d \| .*^\| 2 \| \d+\.\d \|", shown, re.M | re.S)  # epochs
    assert "update 1/1" in (tmp_path / "tiny.txt").read_text()
    assert (tmp_path / "tiny" / "metrics.jsonl").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", PARAMETERS)
def test_the_memory_benchmark_runs_on_small_models(name):
    sizes = ("--tiny", "--new-tokens", "4", "--microbatch", "1", "--envs", "2", "--same", "2")
    shown = run("training_memory", "--model", name, *sizes)
    for head in ("always there", "activations recomputed", "layers with their adapters", "microbatches that fit"):
        assert head in shown
    assert "24 GB | 1, 1 recomputed, 2 of one prompt | 2 | 2 |" in shown


WIDE = {"num_hidden_layers": 3, "hidden_size": 256, "intermediate_size": 512}


def wide_policy(device, vocab_size=4000):
    """Return a policy of which matrices, not bookkeeping, take the memory."""
    text = {**WIDE, "model_type": "llama", "num_attention_heads": 4, "vocab_size": vocab_size}
    vision = CLIPVisionConfig(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2)
    config = LlavaConfig(vision_config=vision, text_config=text)
    tiny, processor = build_tiny(0)
    vision.image_size, vision.patch_size = tiny.config.vision_config.image_size, tiny.config.vision_config.patch_size
    config.image_token_id = processor.tokenizer.convert_tokens_to_ids("<image>")
    with torch.device(device):
        model = AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
    model.generation_config = GenerationConfig(eos_token_id=processor.tokenizer.eos_token_id, pad_token_id=0)
    settings = ModelConfig(rank=8, precision="bfloat16", checkpointing=True, value_widths=(16, 8))
    return VlmPolicy(model.eval(), processor, settings, PARSERS["json"])


def measured_peak(run_it):
    """Return the most bytes that torch's CPU allocator held beyond those before, in real life."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run_it()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    total, most = 0, 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        total += event.nbytes()
        most = max(most, total)
    return most


@pytest.mark.parametrize(("checkpointing", "num_prompts"), [(False, 8), (True, 8), (False, 1)])
def test_the_memory_of_a_training_step_is_what_a_real_one_takes(checkpointing, num_prompts, monkeypatch):
    """On the CPU, where it can be measured: within 10 %."""
    prompt = Prompt.of(np.zeros((84, 84, 3), np.uint8), "Answer in JSON.")
    monkeypatch.setattr(training_memory, "start_prompt", lambda: prompt)
    size, new_tokens = 8, 120
    memory, fake = FakeMemory(), wide_policy("meta")
    empty(fake, memory)
    told = training_memory.train(fake, memory, size, new_tokens, checkpointing=checkpointing, num_prompts=num_prompts)

    real = wide_policy("cpu")
    if not checkpointing:
        real.module._checkpointed = []
    answers = [Answer((training_memory.WORD,) * new_tokens, "", ((0, 0),) * new_tokens)] * size
    prompts = training_memory.start_prompts(num_prompts) * (size // num_prompts)

    def step():
        found = real.evaluate(prompts, answers, temperature=1.0)
        (found.logp.sum() + found.value.sum()).backward()

    step()  # fills the caches, and the gradients into which the next ones are added
    assert told.peak == pytest.approx(measured_peak(step), rel=0.1)


def test_the_memory_of_generating_is_what_a_real_one_takes(monkeypatch):
    """On the CPU, within 10 %, at the last tokens: before the first one a kernel of its own copies the embedding."""
    prompt = Prompt.of(np.zeros((84, 84, 3), np.uint8), "Answer in JSON.")
    monkeypatch.setattr(training_memory, "start_prompt", lambda: prompt)
    envs, new_tokens = 8, 200
    memory, fake = FakeMemory(), wide_policy("meta", vocab_size=1000)
    empty(fake, memory)
    told = training_memory.generate(fake, memory, envs, new_tokens)

    real = wide_policy("cpu", vocab_size=1000)
    real._is_over = lambda _: False
    run_it = partial(real.generate, training_memory.start_prompts(envs), max_new_tokens=new_tokens, temperature=1.0)
    run_it()  # fills the caches
    assert told.peak == pytest.approx(measured_peak(run_it), rel=0.1)


def test_the_tokens_between_the_first_and_the_last_are_told_as_if_each_had_been_generated(monkeypatch):
    prompt = Prompt.of(np.zeros((84, 84, 3), np.uint8), "Answer in JSON.")
    monkeypatch.setattr(training_memory, "start_prompt", lambda: prompt)
    found = []
    for num_drawn in (3, 12):  # of 12 tokens
        monkeypatch.setattr(training_memory, "NUM_DRAWN", num_drawn)
        memory, fake = FakeMemory(), wide_policy("meta")
        empty(fake, memory)
        found.append(training_memory.generate(fake, memory, envs=4, new_tokens=12))
    short, whole = found
    assert (short.wide, short.peak) == (whole.wide, whole.peak)
    assert short.cache == pytest.approx(whole.cache, rel=0.05)
    assert short.operations == pytest.approx(whole.operations, rel=0.01)


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


SCORE = {"success": 0.3, "positive_return": 0.3, "low": 0.24, "high": 0.37, "episodes": 200}


def recorded(folder, config, *evaluations, steps=()):
    """Make the folder of a run out of what it recorded: each evaluation is an update and its scores by their prefix."""
    (folder / "sft").mkdir(parents=True)
    (folder / "config.yaml").write_text(config)
    lines = [
        {"update": update, "cpu_seconds": 50.0 + update, "env_turns": 512 * update}
        | {f"{prefix}{key}": value for prefix in prefixes for key, value in SCORE.items()}
        for update, prefixes in evaluations
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "sft" / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in steps))


def test_a_page_is_made_of_finished_runs(tmp_path):
    """Each configuration has a table, with a row for each seed, task and part; the figure has curves of SFT and PPO."""
    runs, both = tmp_path / "runs", ("greedy/", "sampled/")
    numbers = "task: {id: NumberLine-v0}\nevaluation: {metric: positive_return}\nseed: "
    recorded(runs / "tiny-numberline-11", f"{numbers}11\n", (0, both), (20, both))
    recorded(runs / "tiny-numberline-9", f"{numbers}9\n", (0, both), (20, both))
    recorded(runs / "tiny-numberline-8", f"{numbers}8\n", (0, both), (15, both))  # not at its end
    (runs / "tiny-numberline-7").mkdir()
    hands = "task: {id: Points24-v0}\nsft: {actions: oracle, has_plan: true, held_out: 0.07}\nppo: {updates: 0}\n"
    hands += "evaluation: {task: [Points24-v0, Points24-Solvable-v0]}\nseed: 5\n"
    ways = [f"{task}{mode}{part}" for task in ("", "Points24-Solvable-v0/") for mode in both for part in ("", "shown/")]
    steps = [
        {"step": 50, "loss": 0.5, "cpu_seconds": 11.0},
        {"step": 60, "learner/success": 0.5, "learner/temperature": 0.0},
        {"step": 100, "loss": 0.2, "cpu_seconds": 30.0},
    ]
    recorded(runs / "tiny-hands-5", hands, (0, ways), steps=steps)
    page, figure = tmp_path / "page.md", tmp_path / "figures" / "curves.png"
    run("learning", str(runs), "--page", str(page), "--figure", str(figure))
    text, shown = page.read_text(), "30.0 (24-37) | 30.0 (24-37)"
    rows = [f"| {seed} | NumberLine-v0 | {shown} | {shown} | 200 | 10,240 | 70 |  |" for seed in (9, 11)]
    assert "\n".join(rows) in text
    assert text.count("| NumberLine-v0 |") == 2
    assert "* NumberLine-v0: random play reaches 26.88, the best 100.00\n" in text
    for task in ("Points24-v0", "Points24-Solvable-v0"):
        for part in ("", ", problems that SFT was shown"):
            assert f"| 5 | {task}{part} | {shown} | 200 | 50 | 30 |\n" in text
    assert "the oracle's actions, with the whole plan as the thought; 7 % of all problems are held out" in " ".join(
        text.split()
    )
    assert "](figures/curves.png)" in text
    assert figure.stat().st_size > 5000


def test_a_folder_without_finished_runs_makes_no_page(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.learning",
            str(tmp_path),
            "--page",
            str(tmp_path / "page.md"),
            "--figure",
            str(tmp_path / "figure.png"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"expected runs that have ended in {tmp_path}, found none" in done.stderr
    assert not list(tmp_path.iterdir())
