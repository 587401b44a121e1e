"""TRL's own GRPOTrainer trains a tiny Qwen3-VL on our environment: its tool calls play, its rewards are the task's."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.update(TRL_EXPERIMENTAL_SILENCE="1", HF_HUB_OFFLINE="1")
trl = pytest.importorskip("trl", reason="trl is not installed: make adapters")

import tiny_checkpoints  # noqa: E402
import tiny_tokenizers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from adapters.run_example import run_example  # noqa: E402
from trl.chat_template_utils import qwen3_vl_chat_template  # noqa: E402

from vlm_gym import ChatSettings  # noqa: E402
from vlm_gym.adapters.trl import OVER, VlmGymEnv, dataset  # noqa: E402
from vlm_gym.episodes import EpisodeSpec  # noqa: E402
from vlm_gym.errors import ConfigError  # noqa: E402
from vlm_gym.evaluation.models.processors import load_processor  # noqa: E402
from vlm_gym.rollout import Rollout  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
ROOT = Path(__file__).parents[2]
END, CALL = (
    "<|im_end|>",
    '<tool_call>\n{"name": "act", "arguments": {"thoughts": "I see.", "action": %s}}\n</tool_call>',
)


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """A tiny Qwen3-VL with the chat template that TRL knows."""
    for module in (tiny_checkpoints, tiny_tokenizers):
        monkeypatch.setattr(module, "END", END)
        monkeypatch.setattr(module, "START", "<|im_start|>")
    monkeypatch.setitem(tiny_checkpoints.TEXT, "max_position_embeddings", 32768)
    monkeypatch.setattr(tiny_checkpoints, "chat_template", lambda *_, **__: qwen3_vl_chat_template)
    tiny_checkpoints.qwen3_vl(tmp_path / "model")
    return tmp_path / "model"


def test_a_training_step_plays_our_task_and_is_paid_by_it(checkpoint, tmp_path):
    processor = load_processor(str(checkpoint))
    processor.chat_template = processor.tokenizer.chat_template = qwen3_vl_chat_template
    model = transformers.AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.float32)
    arguments = trl.GRPOConfig(
        output_dir=str(tmp_path / "out"),
        use_cpu=True,
        bf16=False,
        max_steps=2,
        num_generations=2,
        per_device_train_batch_size=2,
        max_completion_length=12_000,
        learning_rate=1e-3,
        report_to=[],
        logging_steps=1,
        save_strategy="no",
        gradient_checkpointing=False,
        shuffle_dataset=False,
        max_tool_calling_iterations=30,
        beta=0.0,
    )
    trainer = trl.GRPOTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset("cards-v0", first=2).select([0, 1]),
        processing_class=processor,
        environment_factory=VlmGymEnv,
    )
    script = Script(trainer, processor.tokenizer)
    model.generate = script.generate
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    trainer.train()
    rewards = [line["reward"] for line in trainer.state.log_history if "reward" in line]
    assert len(rewards) == 2
    assert rewards == pytest.approx([sum(group) / len(group) for group in script.paid], abs=1e-5)
    assert all(len(set(group)) == 2 for group in script.paid), "one plays well, the other does not play"
    assert script.most_pictures > 1, "every picture of an episode is in the prompt"
    assert any(not torch.equal(before[name], value) for name, value in model.named_parameters())


class Script:
    """In place of sampling: the first rollout of a group plays the oracle, the second names no action."""

    def __init__(self, trainer, tokenizer):
        self.trainer, self.tokenizer = trainer, tokenizer
        self.paid, self.most_pictures, self._done = [], 0, None

    def generate(self, input_ids=None, **inputs):
        pictures = inputs.get("image_grid_thw")
        self.most_pictures = max(self.most_pictures, 0 if pictures is None else len(pictures))
        envs = self.trainer.environments
        if self._done is None:
            self._done = [False] * len(envs)
        rows = [self._say(number, envs[number]) for number in range(len(envs)) if not self._done[number]]
        assert len(rows) == len(input_ids)
        if all(self._done):
            self.paid.append([env.get_reward() for env in envs])
            self._done = None
        longest = max(map(len, rows))
        padding = self.tokenizer.pad_token_id
        answers = torch.tensor([row + [padding] * (longest - len(row)) for row in rows])
        return torch.cat([input_ids, answers], dim=1)

    def _say(self, number, env):
        rollout = env._rollout
        if rollout.is_over:
            self._done[number], text = True, "Done."
        else:
            task = rollout.session.task
            action = task.oracle_action() if number % 2 == 0 else "nonsense"
            text = f"I see.\n{CALL % json.dumps(action)}"
        tokens = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return [*tokens, self.tokenizer.convert_tokens_to_ids(END)]


def test_a_call_after_the_end_is_told_so_and_changes_nothing():
    env, episode = VlmGymEnv(), EpisodeSpec("vlm_gym/NumberLine-v0", 3)
    shown = env.reset(prompt=[], **episode.to_row())
    assert [part["type"] for part in shown] == ["image", "text"]
    assert "JSON" not in shown[1]["text"]
    shown = [env.act("", "nonsense") for _ in range(10)][-1]
    assert shown[-1] == {"type": "text", "text": OVER} == env.act("", "+")[-1]
    with Rollout(parser="tool") as rollout:
        rollout.start(episode)
        for _ in range(10):
            rollout.act("nonsense")
        assert env.get_reward() == rollout.metrics()["return"]


def test_settings_say_how_a_task_is_told():
    env = VlmGymEnv(ChatSettings(question="What now? {prompt}"))
    assert env.reset(prompt=[], **EpisodeSpec("vlm_gym/NumberLine-v0", 3).to_row())[1]["text"].startswith("What now?")
    with pytest.raises(ConfigError, match="history=3 means nothing"):
        VlmGymEnv(ChatSettings(history=3))


def test_the_example_trains(checkpoint, tmp_path):
    options = ("--model", checkpoint, "--starts", 2, "--steps", 2, "--group", 2, "--max-completion-length", 24, "--cpu")
    said = run_example("trl_grpo", tmp_path, *options, environment={"HF_HUB_OFFLINE": "1"})
    assert re.search(r"2 steps, mean reward of the first -?\d+\.\d\d, of the last -?\d+\.\d\d$", said.strip())


def test_the_benchmark_trains_both_sides():
    """`benchmarks.beside_trl` at a small size: a line for each side, which has played what it was told to."""
    sizes = "--seeds 1 --turns 64 --every 32 --episodes 4 --sft-steps 2 --batch 16 --per-generation 2 --course"
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.beside_trl", *sizes.split()]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-3000:]
    assert re.search(r"^\| 1 \| ours \| \d+ \|.*\n +512 turns", told.stdout, re.M)  # one update
    assert re.search(r"^\| 1 \| trl \| \d+ \|.*\n +32 turns .*\n +64 turns", told.stdout, re.M)
