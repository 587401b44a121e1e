"""Checkpoints: whole or not there, checked when read, the last few and the best kept.

A checkpoint is a folder of parts. A part is a safetensors file and a JSON file of plain values; nothing is pickled, so
reading a checkpoint runs no code. It is written beside its place, with the digest of every file, and then renamed.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from accelerate import Accelerator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from baselines.sharding import own_part, whole
from vlm_gym.errors import ConfigError, VlmGymError
from vlm_gym.files import write_whole

MANIFEST: Final = "manifest.json"
BEST: Final = "best.json"
_NAME: Final = re.compile(r"step-\d{6,}")


class CheckpointError(VlmGymError):
    """A checkpoint that cannot be written or read, and what to do."""


@dataclass(frozen=True)
class Part:
    """Tensors and plain values that are written and read together."""

    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_checkpoint(
    folder: Path, step: int, parts: Mapping[str, Part], accelerator: Accelerator, *, keep: int, is_best: bool = False
) -> Path:
    """Write the checkpoint of a step and drop all but the last `keep` and the best; return its folder.

    Every process calls this, each with the parts that it alone has; parts of the same name hold the same. Those of
    later steps are dropped too: the run has gone on from an earlier one.

    Raises:
        CheckpointError: if it cannot be written, for example because the disk is full. Earlier ones are left as they
            are.
    """
    place = folder / f"step-{step:06d}"
    unfinished = folder / f"{place.name}.unfinished"
    with disk_errors(folder, unfinished):
        if accelerator.is_main_process:
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
        accelerator.wait_for_everyone()
        for name, part in parts.items():
            _write_part(unfinished / name, part)
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            _finish(unfinished, place)
            if is_best:
                write_whole(folder / BEST, lambda draft: _write_json(draft, {"name": place.name}))
            _drop_others(place, keep)
        accelerator.wait_for_everyone()
    return place


def read_checkpoint(place: Path) -> dict[str, Part]:
    """Return the parts of a checkpoint after checking every file.

    Raises:
        CheckpointError: if there is none, or it is damaged; then the message names the one before it.
    """
    if not (place / MANIFEST).is_file():
        raise _damaged(place, f"it has no {MANIFEST}") if place.is_dir() else CheckpointError(f"{place} is not there")
    try:
        digests = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        for name, digest in digests.items():
            if _digest(place / name) != digest:
                raise _damaged(place, f"{name} is not what was written")
        return {name: _read_part(place / name) for name in sorted({Path(file).stem for file in digests})}
    except (OSError, ValueError, AttributeError, SafetensorError) as error:
        raise _damaged(place, str(error)) from error


def list_checkpoints(folder: Path) -> tuple[Path, ...]:
    """Return the complete checkpoints of a folder, the oldest first."""
    return tuple(sorted(path for path in folder.glob("step-*") if _NAME.fullmatch(path.name) and path.is_dir()))


def find_checkpoint(place: Path) -> Path | None:
    """Return `place` if it is a checkpoint, else the newest one in it, or None."""
    if _NAME.fullmatch(place.name):
        return place
    checkpoints = list_checkpoints(place)
    return checkpoints[-1] if checkpoints else None


def best_checkpoint(folder: Path) -> Path | None:
    """Return the checkpoint that was marked as the best, or None if it is not there any more."""
    try:
        name = json.loads((folder / BEST).read_text(encoding="utf-8"))["name"]
    except (FileNotFoundError, ValueError):
        return None
    return folder / name if (folder / name).is_dir() else None


def pack_optimizer(optimizer: torch.optim.Optimizer) -> Part:
    """Return an optimizer's state as a part."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    values: dict[str, Any] = {}
    for index, entries in state["state"].items():
        for name, value in entries.items():
            (tensors if isinstance(value, Tensor) else values)[f"{index}.{name}"] = value
    return Part(whole(tensors), {"groups": state["param_groups"], "values": values})


def unpack_optimizer(optimizer: torch.optim.Optimizer, part: Part) -> None:
    """Take over a packed state.

    Raises:
        ConfigError: if the optimizer has other parameters than the packed one had.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**part.tensors, **part.facts["values"]}.items():
        index, _, name = key.partition(".")
        like = parameters[int(index)] if int(index) < len(parameters) else None
        is_divided = like is not None and isinstance(value, Tensor) and value.shape == like.shape
        state.setdefault(int(index), {})[name] = own_part(value, like) if is_divided else value
    try:
        optimizer.load_state_dict({"state": state, "param_groups": part.facts["groups"]})
    except ValueError as error:
        raise ConfigError(f"the checkpoint's optimizer does not fit this model: {error}") from error


def pack_generators(sampling: torch.Generator, shuffling: np.random.Generator) -> Part:
    """Return the states of all generators of a process as a part, torch's own included."""
    tensors = {"sampling": sampling.get_state(), "torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors["cuda"] = torch.cuda.get_rng_state()
    return Part(tensors, {"shuffling": shuffling.bit_generator.state})


def unpack_generators(part: Part, sampling: torch.Generator, shuffling: np.random.Generator) -> None:
    """Set all generators of a process to a packed state."""
    sampling.set_state(part.tensors["sampling"])
    torch.set_rng_state(part.tensors["torch"])
    if torch.cuda.is_available() and "cuda" in part.tensors:
        torch.cuda.set_rng_state(part.tensors["cuda"])
    shuffling.bit_generator.state = part.facts["shuffling"]


@contextmanager
def disk_errors(folder: Path, unfinished: Path, what: str = "the checkpoint") -> Iterator[None]:
    """Turn an error of the disk into one that says what is left and what to do; nothing unfinished stays."""
    try:
        yield
    except KeyboardInterrupt:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    except (OSError, SafetensorError) as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        checkpoints = list_checkpoints(folder)
        left = f"the newest complete checkpoint is {checkpoints[-1]}" if checkpoints else "there is no checkpoint yet"
        free = shutil.disk_usage(folder if folder.is_dir() else Path.cwd()).free / 1e9
        raise CheckpointError(
            f"{what} could not be written to {folder} ({error}); {left}. {free:.1f} GB are free there: make "
            "room, or choose another --folder or a smaller --checkpoint.keep, and continue with --resume"
        ) from error


def _write_part(stem: Path, part: Part) -> None:
    if part.tensors:
        path = stem.with_suffix(".safetensors")
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in part.tensors.items()}, path)
    _write_json(stem.with_suffix(".json"), part.facts)


def _write_json(path: Path, facts: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(facts), encoding="utf-8")


def _read_part(stem: Path) -> Part:
    tensors = stem.with_suffix(".safetensors")
    facts = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    return Part(load_file(tensors) if tensors.is_file() else {}, facts)


def _finish(unfinished: Path, place: Path) -> None:
    """Write the digests, bring everything to the disk, and rename; one of the same step leaves only then."""
    files = sorted(path for path in unfinished.iterdir() if path.name != MANIFEST)
    _write_json(unfinished / MANIFEST, {path.name: _digest(path) for path in files})
    for path in (*files, unfinished / MANIFEST, unfinished):
        _bring_to_disk(path)
    replaced = place.with_name(f"{place.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if place.is_dir():
        place.rename(replaced)
    unfinished.rename(place)
    _bring_to_disk(place.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _bring_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _drop_others(place: Path, keep: int) -> None:
    checkpoints = list_checkpoints(place.parent)
    until_now = [path for path in checkpoints if path.name <= place.name]
    kept = {*until_now[-keep:], best_checkpoint(place.parent)}
    for path in checkpoints:
        if path not in kept or path.name > place.name:
            shutil.rmtree(path, ignore_errors=True)


def _damaged(place: Path, reason: str) -> CheckpointError:
    before = [path for path in list_checkpoints(place.parent) if path.name < place.name]
    offer = f"continue from the one before it: --resume {before[-1]}" if before else "there is none before it"
    return CheckpointError(f"the checkpoint {place} is damaged ({reason}); {offer}")
