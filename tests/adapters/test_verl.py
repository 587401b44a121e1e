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

import torch
from adapters.verl_worker import END, PICTURE, batch_of, make_checkpoint, make_worker
from omegaconf import OmegaConf

from vlm_gym.adapters.verl import VlmGymAgentLoop, verl_rows
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import Panel, get_panel

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
ROOM = ("prompt_length", "response_length")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verl") / "model"
    make_checkpoint(folder)
    return folder


@pytest.fixture
def worker(checkpoint, tmp_path):
    """Return a function that makes verl's worker, for a model and settings of the agent loop."""
    return lambda model, loop=None, **rollout: make_worker(model, checkpoint, tmp_path, loop, rollout)


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
