"""The files, as those libraries read them that they are made for."""

import io
import json
import os

import numpy as np
import pytest
from data_sets import BLACKJACK, EZPOINTS, HOUSEHOLD, NUMBER_LINE, bytes_of, make, rows_of
from PIL import Image

from vlm_gym.chat import ChatSettings
from vlm_gym.collect.columns import columns_of
from vlm_gym.collect.settings import CollectSettings
from vlm_gym.episodes import EpisodeSpec

if "VLM_GYM_ALL_TESTS" not in os.environ:
    pytest.importorskip("datasets", reason="datasets is not installed: pip install 'vlm-gym[data]'")


@pytest.fixture(autouse=True)
def quiet(tmp_path, monkeypatch):
    import datasets

    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def load(folder):
    """Load a data set of any format, with a cache of its own."""
    import datasets

    return datasets.load_dataset(str(folder), split="train", cache_dir=str(folder.parent / "cache"))


def first_picture(row):
    """Return the picture that a fresh env draws for a first turn."""
    task, seed, arguments, options, _ = json.loads(row["episode"])
    picture, _ = EpisodeSpec(task, seed, arguments, options).make().reset(seed=seed, options=options)
    return picture


@pytest.mark.parametrize("task", [NUMBER_LINE, EZPOINTS, BLACKJACK, HOUSEHOLD])
def test_parquet_opens_with_pictures_and_the_documented_columns(tmp_path, task):
    make(tmp_path / "d", task, samples=12, shard_size=5, format="parquet")
    rows = load(tmp_path / "d")
    assert len(rows) == 12
    assert rows.column_names == [column.name for column in columns_of(CollectSettings((task,), samples=1))]
    assert {"picture", "prompt", "answer", "action", "task", "seed", "turn"} <= set(rows.column_names)
    for row in rows:
        assert isinstance(row["picture"], Image.Image)
        assert row["answer"][row["action_start"] : row["action_end"]].replace('\\"', '"') == row["action"]
        assert row["action"] == row["best_action"]
        if row["turn"] == 1:
            assert np.array_equal(np.asarray(row["picture"]), first_picture(row))


def test_parquet_conversations_hold_a_list_for_each_turn(tmp_path):
    make(tmp_path / "d", EZPOINTS, samples=5, unit="conversation", format="parquet")
    for row in load(tmp_path / "d"):
        lists = ("pictures", "prompts", "answers", "actions", "action_starts", "thoughts", "best_actions")
        assert {len(row[name]) for name in lists} == {4}
        assert row["actions"][-1] == "="
        assert all(isinstance(picture, Image.Image) for picture in row["pictures"])


def test_trl_has_a_prompt_and_a_completion_of_blocks(tmp_path):
    chat = ChatSettings(system="You play.", history=1)
    make(tmp_path / "d", EZPOINTS, samples=8, format="trl", chat=chat)
    for row in load(tmp_path / "d"):
        blocks = [block for message in row["prompt"] for block in message["content"]]
        assert row["prompt"][0]["role"] == "system"
        assert sum(block["type"] == "image" for block in blocks) == len(row["images"]) == min(2, row["turn"])
        assert [message["role"] for message in row["completion"]] == ["assistant"]
        assert row["action"] in row["completion"][0]["content"][0]["text"]


def test_trl_conversations_have_messages(tmp_path):
    make(tmp_path / "d", HOUSEHOLD, samples=2, unit="conversation", format="trl")
    for row in load(tmp_path / "d"):
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"] * len(row["actions"])
        assert len(row["images"]) == len(row["actions"])


def test_trls_own_collator_learns_the_answer_alone(tmp_path):
    sft_trainer = pytest.importorskip("trl.trainer.sft_trainer", reason="trl is not installed: pip install trl")
    tiny_checkpoints = pytest.importorskip("tiny_checkpoints", reason="transformers is not installed: make train")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed: make train")

    make(tmp_path / "d", EZPOINTS, samples=4, format="trl", chat=ChatSettings(history=1))
    tiny_checkpoints.llava(tmp_path / "model")
    processor = transformers.AutoProcessor.from_pretrained(tmp_path / "model", backend="pil")
    collator = sft_trainer.DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)
    rows = [dict(row) for row in load(tmp_path / "d")]
    answers = [row["completion"][0]["content"][0]["text"] for row in rows]
    batch = collator(rows)
    for labels, answer in zip(batch["labels"], answers, strict=True):
        assert answer.replace(" ", "") in processor.decode(labels[labels >= 0]).replace(" ", "")
        assert "You are playing" not in processor.decode(labels[labels >= 0])
    assert len(batch["pixel_values"]) == 1 + 2 + 2 + 2


def test_json_lines_open_with_datasets_and_name_pictures_that_are_there(tmp_path):
    make(tmp_path / "d", EZPOINTS, HOUSEHOLD, samples=20, shard_size=7)
    rows = load(tmp_path / "d")
    assert len(rows) == 20
    for row in rows:
        assert row["images"] == [row["image"]]
        with Image.open(tmp_path / "d" / row["image"]) as picture:
            if row["turn"] == 1:
                assert np.array_equal(np.asarray(picture), first_picture(row))


@pytest.mark.parametrize("unit", ["step", "conversation"])
@pytest.mark.parametrize("format_name", ["parquet", "trl", "llava"])
def test_rows_name_the_game_that_was_played(tmp_path, format_name, unit):
    make(tmp_path / "d", EZPOINTS, HOUSEHOLD, samples=8, format=format_name, unit=unit)
    games = {}
    for row in load(tmp_path / "d"):
        task, seed, arguments, options, _ = json.loads(row["episode"])
        info = EpisodeSpec(task, seed, arguments).make().reset(seed=seed, options=options)[1]
        assert (row["game"] or None) == info.get("game")
        games[task] = row["game"]
    assert games[HOUSEHOLD].count("-") == 2
    assert not games[EZPOINTS]


def test_llama_factorys_description_fits_the_files(tmp_path):
    make(tmp_path / "d", EZPOINTS, samples=6, chat=ChatSettings(system="You play.", history=1))
    (info,) = json.loads((tmp_path / "d/dataset_info.json").read_text()).values()
    assert (tmp_path / "d" / info["file_name"]).is_dir()
    tags = info["tags"]
    for row in rows_of(tmp_path / "d"):
        messages = row[info["columns"]["messages"]]
        speakers = [message[tags["role_tag"]] for message in messages]
        assert speakers[0] == tags["system_tag"]
        assert speakers[1:] == [tags["user_tag"], tags["assistant_tag"]] * (len(speakers) // 2)
        placeholders = sum(message[tags["content_tag"]].count("<image>") for message in messages)
        assert placeholders == len(row[info["columns"]["images"]])
        assert row["image"] == row["images"]


def test_a_picture_is_stored_once(tmp_path):
    make(tmp_path / "lines", NUMBER_LINE, samples=500)
    assert len(list((tmp_path / "lines/pictures").iterdir())) == 30
    make(tmp_path / "parquet", NUMBER_LINE, samples=500, format="parquet")
    one = len(next((tmp_path / "lines/pictures").iterdir()).read_bytes())
    (shard,) = (tmp_path / "parquet/data").iterdir()
    assert shard.stat().st_size < 100 * one


def test_a_chat_in_words_has_no_picture(tmp_path):
    make(tmp_path / "lines", EZPOINTS, samples=5, chat=ChatSettings(show="text"))
    assert all(row["images"] == [] and "image" not in row for row in rows_of(tmp_path / "lines"))
    make(tmp_path / "parquet", EZPOINTS, samples=5, chat=ChatSettings(show="text"), format="parquet")
    assert all(row["picture"] is None and "The picture in words" in row["prompt"] for row in load(tmp_path / "parquet"))


@pytest.mark.parametrize("name", ["parquet", "trl"])
def test_parquet_files_are_the_same_to_the_byte(tmp_path, name):
    for folder in ("a", "b"):
        make(tmp_path / folder, EZPOINTS, BLACKJACK, samples=60, shard_size=20, format=name)
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")


def test_the_pictures_are_png(tmp_path):
    import pyarrow.parquet as pq

    make(tmp_path / "d", EZPOINTS, samples=3, format="parquet")
    table = pq.read_table(tmp_path / "d/data/train-00000.parquet")
    for cell in table["picture"].to_pylist():
        with Image.open(io.BytesIO(cell["bytes"])) as picture:
            assert (picture.format, picture.size) == ("PNG", (300, 300))
        assert cell["path"] is None


def test_the_card_has_a_front_matter_that_hugging_face_reads(tmp_path):
    from huggingface_hub import DatasetCard

    make(tmp_path / "d", EZPOINTS, samples=5, format="parquet")
    card = DatasetCard.load(tmp_path / "d/README.md")
    assert card.data.license == "mit"
    assert card.data.size_categories == ["n<1K"]
    assert card.data.configs == [{"config_name": "default", "data_files": "data/*.parquet"}]
    for words in ("5 samples", "EZPoints-v0", "Played by `oracle`", "| `picture` | image | what the player sees |"):
        assert words in card.text
