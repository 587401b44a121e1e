"""verl's own agent-loop worker and data set play our rows: its tokens, masks and rewards are the episode's.

Only its inference server is replaced, by one that answers the pictures which it is handed.
"""

import asyncio
import json
from itertools import pairwise
from pathlib import Path

import pytest
from adapters.pixel_model import PixelModel, chosen_episodes
from adapters.run_example import run_example

pytest.importorskip("verl", reason="verl is not installed: make adapters")

import tiny_checkpoints
import tiny_tokenizers
import torch
import transformers
import verl
import verl.workers.config.model
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen3_vl.processing_qwen3_vl import Qwen3VLProcessor
from verl.experimental.agent_loop.agent_loop import AgentLoopWorker
from verl.protocol import DataProto
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn
from verl.workers.rollout.replica import TokenOutput

from vlm_gym.adapters.verl import VlmGymAgentLoop, verl_rows
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import Panel, get_panel

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
END, PICTURE = "<|im_end|>", "<|image_pad|>"
ROOM = ("prompt_length", "response_length")
TEMPLATE = (
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n{% if turn['content'] is string %}{{ turn['content'] }}"
    "{% else %}{% for part in turn['content'] %}{% if part['type'] == 'image' %}<|vision_start|>" + PICTURE +
    "<|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}" + END + "\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny Qwen3-VL with a chat template of Qwen's form."""
    folder = tmp_path_factory.mktemp("verl") / "model"
    with pytest.MonkeyPatch.context() as patch:
        for module in (tiny_checkpoints, tiny_tokenizers):
            patch.setattr(module, "END", END)
            patch.setattr(module, "START", "<|im_start|>")
        patch.setattr(tiny_checkpoints, "chat_template", lambda *_, **__: TEMPLATE)
        tiny_checkpoints.qwen3_vl(folder)
    return folder


@pytest.fixture
def worker(checkpoint, tmp_path, monkeypatch):
    """Return a function that makes verl's worker, for a model and settings of the agent loop."""
    monkeypatch.setattr("transformers.AutoProcessor.from_pretrained", lambda path, **_: processor_of(path))

    def make(model, loop=None, **rollout):
        path = tmp_path / "agent_loop.yaml"
        target = {"name": "vlm_gym", "_target_": "vlm_gym.adapters.verl.VlmGymAgentLoop", **(loop or {})}
        OmegaConf.save(OmegaConf.create([target]), path)
        config = whole_config(checkpoint, path, {"prompt_length": 4096, "response_length": 40_000, **rollout})
        worker = AgentLoopWorker(config, Server(model, checkpoint))
        worker.llm_client.tokenizer = worker.tokenizer
        return worker

    return make


class WithoutVideos(Qwen3VLProcessor):
    """The processor where torchvision is missing, which has no build for the CPU: it could not read videos."""

    def check_argument_for_proper_class(self, argument_name, argument):
        return argument if argument is None else super().check_argument_for_proper_class(argument_name, argument)


WithoutVideos.__name__ = "Qwen3VLProcessor"  # by which verl knows what it is


def processor_of(path):
    """Return the checkpoint's processor."""
    pictures = Qwen2VLImageProcessorPil.from_pretrained(path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    return WithoutVideos(pictures, tokenizer, None, chat_template=TEMPLATE)


def whole_config(checkpoint, agent_loop, rollout):
    with initialize_config_dir(str(Path(verl.__file__).parent / "trainer" / "config"), version_base=None):
        config = compose("ppo_trainer")
    OmegaConf.set_struct(config, False)
    config.actor_rollout_ref.model.path = str(checkpoint)
    config.actor_rollout_ref.rollout.name = "vllm"
    config.actor_rollout_ref.rollout.agent.agent_loop_config_path = str(agent_loop)
    config.actor_rollout_ref.rollout.update(rollout)
    return config


class Server:
    """In place of an inference server: knows an answer by the last picture; remembers what it was asked."""

    def __init__(self, model, checkpoint):
        self.model, self.tokenizer, self.asked, self.most_at_once, self.at_once = model, None, [], 0, 0

    async def generate(self, request_id, *, prompt_ids, sampling_params, image_data=None, **_):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.asked.append((request_id, list(prompt_ids), len(image_data or ())))
        told = self.tokenizer.decode(prompt_ids).split("<|im_start|>")[-2]
        question = told.rpartition("<|vision_end|>")[2].removesuffix("\n").removesuffix(END)
        text = self.model.answer(image_data[-1], question)
        await asyncio.sleep(0)
        self.at_once -= 1
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        ids.append(self.tokenizer.convert_tokens_to_ids(END))
        return TokenOutput(
            token_ids=ids, log_probs=[-1.0] * len(ids), extra_fields={"max_global_steps": len(prompt_ids)}
        )


def batch_of(worker, rows, tmp_path):
    """Return rows as verl's own data set reads them from JSON lines."""
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    config = OmegaConf.create({**worker.config.data, "cache_dir": str(tmp_path), "filter_overlong_prompts": False})
    data = RLHFDataset([str(path)], worker.tokenizer, config, worker.processor)
    return DataProto.from_single_dict(collate_fn([data[index] for index in range(len(data))]))


def test_sixteen_play_at_once_as_the_evaluator_does(worker, tmp_path):
    episodes = chosen_episodes()
    model = PixelModel(episodes)
    worker = worker(model)
    rows = verl_rows(Panel("some", "", tuple(episodes), ""))
    output = asyncio.run(worker.generate_sequences(batch_of(worker, rows * 3, tmp_path)))
    assert not model.unknown
    assert worker.llm_client.most_at_once >= 16
    for number, episode in enumerate(episodes * 3):
        expected = model.expected[episode.key]
        assert {name: output.non_tensor_batch[name][number] for name in expected} == expected
        scores = output.batch["rm_scores"][number]
        assert scores.sum() == expected["return"]
        assert sum(output.non_tensor_batch["turn_scores"][number]) == expected["return"]
        assert output.non_tensor_batch["__num_turns__"][number] == 2 * expected["turns"]
        mask, answer = output.batch["response_mask"][number], output.batch["responses"][number]
        said = worker.tokenizer.decode(answer[mask.bool()])
        assert said.count(END) == expected["turns"], "what the model said, and nothing else, is learnt"
        assert "You are" not in said
        assert torch.equal(output.batch["rollout_log_probs"][number] == -1.0, mask.bool())
        grid = output.non_tensor_batch["multi_modal_inputs"][number]["image_grid_thw"]
        tokens = output.batch["input_ids"][number] == worker.tokenizer.convert_tokens_to_ids(PICTURE)
        assert len(grid) == expected["turns"]
        assert tokens.sum() == (grid.prod(-1) // 4).sum(), "every picture has its tokens"


def test_prompts_grow_and_hold_every_picture(worker, tmp_path):
    episode = next(episode for episode in chosen_episodes() if episode.name == "NumberLine-v0-1000000001")
    model = PixelModel([episode])
    worker = worker(model, {"settings": {"system": "Play well."}})
    output = asyncio.run(
        worker.generate_sequences(batch_of(worker, verl_rows(Panel("one", "", (episode,), "")), tmp_path))
    )
    assert output.non_tensor_batch["min_global_steps"] == [1]
    assert output.non_tensor_batch["max_global_steps"] == [len(worker.llm_client.asked)]
    (names, prompts, pictures) = zip(*worker.llm_client.asked, strict=True)
    assert len(set(names)) == 1
    assert pictures == tuple(range(1, len(prompts) + 1))
    for before, after in pairwise(prompts):
        assert after[: len(before)] == before
    assert worker.tokenizer.decode(prompts[0]).startswith("<|im_start|>system\nPlay well.")


def test_an_episode_that_does_not_fit_is_cut_off_and_keeps_what_it_was_paid(worker, tmp_path):
    episode = next(episode for episode in chosen_episodes() if episode.name == "Points24-v0-1000000000")
    model = PixelModel([episode])
    worker = worker(model, response_length=3000)
    rows = verl_rows(Panel("one", "", (episode,), ""))
    output = asyncio.run(worker.generate_sequences(batch_of(worker, rows, tmp_path)))
    turns = output.non_tensor_batch["turns"][0]
    assert 1 < turns < model.expected[episode.key]["turns"]
    assert output.batch["responses"].shape == (1, 3000)
    assert output.batch["rm_scores"].sum() == sum(output.non_tensor_batch["turn_scores"][0])
    whole = int(output.batch["attention_mask"][0].sum())
    pictures = output.non_tensor_batch["multi_modal_inputs"][0]["image_grid_thw"]
    assert len(pictures) == turns
    assert whole <= 4096 + 3000


def test_rows_name_the_episode_and_the_agent_loop():
    rows = verl_rows("cards-v0", first=1)
    assert {row["agent_name"] for row in rows} == {"vlm_gym"}
    assert [row["extra_info"]["index"] for row in rows] == list(range(len(rows)))
    assert all(isinstance(row["options"], str) for row in rows)


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ({"settings": {"history": 3}}, "history=3 means nothing with append_only"),
        ({"settings": {"sytem": "x"}}, "sytem.*system"),
        ({"parser": "jason"}, "jason"),
    ],
)
def test_what_is_wrong_is_told(loop, message):
    with pytest.raises(ConfigError, match=message):
        VlmGymAgentLoop(**loop)


def test_the_example_writes_what_verl_reads(worker, tmp_path):
    said = run_example("verl_rows", tmp_path, "--first", 1, "--out", "data")
    told = dict(line.split("#")[0].strip().split("=", 1) for line in said.splitlines())
    loops = OmegaConf.load(told["actor_rollout_ref.rollout.agent.agent_loop_config_path"])
    assert [each.name for each in loops] == ["vlm_gym"]
    rows = [json.loads(line) for line in Path(told["data.train_files"]).read_text(encoding="utf-8").splitlines()]
    assert rows == verl_rows("cards-v0", first=1)
    (episode,) = (each for each in get_panel("cards-v0").first(1).episodes if "NumberLine" in each.task)
    model = PixelModel([episode])
    loop = {name: value for name, value in OmegaConf.to_container(loops[0]).items() if name not in ("name", "_target_")}
    worker = worker(model, loop, **{name: int(told[f"actor_rollout_ref.rollout.{name}"]) for name in ROOM})
    named = [row for row in rows if row["task"] == episode.task]
    output = asyncio.run(worker.generate_sequences(batch_of(worker, named, tmp_path)))
    assert output.non_tensor_batch["success"][0] == model.expected[episode.key]["success"]
