"""JSON lines with "<image>" placeholders and a folder of PNG files: the shape of LLaVA and LLaMA-Factory (sharegpt)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from vlm_gym.collect.files import write_whole
from vlm_gym.collect.samples import Sample, digest_of
from vlm_gym.collect.settings import CollectSettings
from vlm_gym.messages import PLACEHOLDER

SPEAKERS: Final = {"system": "system", "user": "human", "assistant": "gpt"}
DATASET: Final = "vlm_gym"
INFO: Final = {
    DATASET: {
        "file_name": "conversations",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "images"},
        "tags": {
            "role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
            "system_tag": "system",
        },
    }
}  # fmt: skip
"""What LLaMA-Factory reads in dataset_info.json."""


class LlavaWriter:
    """Writes conversations/train-00000.jsonl and so on, pictures/NAME.png once each, and dataset_info.json."""

    data_files = "conversations/*.jsonl"
    packages: tuple[str, ...] = ()

    def __init__(self, settings: CollectSettings) -> None:
        self._settings = settings
        self._is_list = settings.unit == "conversation" or settings.chat.history != 0

    def write(self, folder: Path, number: int, samples: Sequence[Sample]) -> None:
        """Write a shard, and the pictures that it names before it."""
        lines = []
        for sample in samples:
            names = [_write_picture(folder, png) for png in sample.pngs]
            lines.append(json.dumps(self._row(sample, names), ensure_ascii=False) + "\n")
        data = "".join(lines).encode()
        write_whole(folder / f"conversations/train-{number:05d}.jsonl", lambda path: path.write_bytes(data))

    def finish(self, folder: Path) -> None:
        """Write what LLaMA-Factory reads."""
        text = json.dumps(INFO, indent=2) + "\n"
        write_whole(folder / "dataset_info.json", lambda path: path.write_text(text, encoding="utf-8"))

    def usage(self) -> str:
        """Say how the files are read."""
        return _USAGE

    def _row(self, sample: Sample, names: list[str]) -> dict[str, Any]:
        episode, steps = sample.episode, sample.steps
        image = {"image": names if self._is_list else names[0]} if names else {}
        is_step = self._settings.unit == "step"
        return {
            "id": sample.digest,
            **image,
            "images": names,
            "conversations": [
                {"from": SPEAKERS[told.role], "value": told.text if told.png is None else f"{PLACEHOLDER}\n{told.text}"}
                for told in sample.messages
            ],
            **({"action": steps[0].action} if is_step else {"actions": [step.action for step in steps]}),
            "task": episode.task,
            "seed": episode.seed,
            **({"turn": steps[0].turn} if is_step else {}),
            "episode": episode.key,
            "game": sample.game or "",  # null in one file and a text in the next would be two types to `datasets`
            "is_success": sample.is_success,
        }


def _write_picture(folder: Path, png: bytes) -> str:
    name = f"pictures/{digest_of(png)}.png"
    path = folder / name
    if not path.exists():
        write_whole(path, lambda draft: draft.write_bytes(png))
    return name


_USAGE: Final = """\
Every line of `conversations/*.jsonl` is a sample: `conversations` with turns of `human` and `gpt` in which `<image>`
stands for a picture, `images` with the pictures' files in that order (LLaMA-Factory), `image` with the same (LLaVA:
one name, or a list where a sample shows several), `action` or `actions`, `task`, `seed`, `turn` (in step samples),
`episode`, `game` (its name, where games have names) and `is_success`.

LLaMA-Factory reads this folder as its `dataset_dir`, with the data set `vlm_gym`; LLaVA reads
`cat conversations/*.jsonl > train.jsonl` with this folder as `image_folder`. Where a step sample shows past turns, only
its last answer is to be learnt (`mask_history: true` in LLaMA-Factory).
"""
