"""Checkpoints: what is written is read back; what is damaged, unfinished or too large for the disk is told."""

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from baselines.checkpoint import (
    CheckpointError,
    Part,
    best_checkpoint,
    find_checkpoint,
    list_checkpoints,
    pack_generators,
    pack_optimizer,
    read_checkpoint,
    unpack_generators,
    unpack_optimizer,
    write_checkpoint,
)
from vlm_gym.errors import ConfigError

PARTS = {
    "policy": Part({"weight": torch.arange(6.0).reshape(2, 3)}),
    "run": Part({}, {"update": 3, "answers": ['{"action": "×"}'], "big": 2**100}),
}


@pytest.fixture
def accelerator():
    return Accelerator(cpu=True)


def write(folder, step, accelerator, *, keep=3, is_best=False):
    return write_checkpoint(folder, step, PARTS, accelerator, keep=keep, is_best=is_best)


def test_what_is_written_is_read_back(tmp_path, accelerator):
    parts = read_checkpoint(write(tmp_path, 3, accelerator))
    assert set(parts) == set(PARTS)
    assert torch.equal(PARTS["policy"].tensors["weight"], parts["policy"].tensors["weight"])
    assert parts["run"] == PARTS["run"]


def test_the_last_few_and_the_best_are_kept(tmp_path, accelerator):
    for step in range(1, 7):
        write(tmp_path, step, accelerator, keep=2, is_best=step == 2)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000002", "step-000005", "step-000006"]
    assert best_checkpoint(tmp_path) == tmp_path / "step-000002"
    assert find_checkpoint(tmp_path) == tmp_path / "step-000006"
    assert find_checkpoint(tmp_path / "step-000002") == tmp_path / "step-000002"


def test_a_run_that_goes_on_from_an_earlier_checkpoint_drops_the_later_ones(tmp_path, accelerator):
    """Otherwise its new checkpoints would be the old ones to be dropped, and a damaged last one stay the newest."""
    for step in (3, 4, 5, 6):
        write(tmp_path, step, accelerator, is_best=step == 6)
    write(tmp_path, 4, accelerator, keep=1)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000004"]
    assert best_checkpoint(tmp_path) is None


def test_a_mark_of_the_best_that_cannot_be_read_marks_none(tmp_path, accelerator):
    write(tmp_path, 1, accelerator, is_best=True)
    (tmp_path / "best.json").write_text('{"na')
    write(tmp_path, 2, accelerator, keep=1)
    assert best_checkpoint(tmp_path) is None


def test_a_checkpoint_takes_the_place_of_one_of_the_same_step(tmp_path, accelerator):
    write(tmp_path, 1, accelerator)
    place = write_checkpoint(tmp_path, 1, {"run": Part({}, {"update": 4})}, accelerator, keep=1)
    assert read_checkpoint(place) == {"run": Part({}, {"update": 4})}
    assert [path.name for path in tmp_path.iterdir()] == ["step-000001"]


def test_an_empty_folder_has_no_checkpoint(tmp_path):
    assert find_checkpoint(tmp_path) is None
    assert best_checkpoint(tmp_path) is None


@pytest.mark.parametrize("file", ["policy.safetensors", "run.json", "manifest.json"])
@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"[]"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_offered(tmp_path, accelerator, file, damage):
    before, place = write(tmp_path, 1, accelerator), write(tmp_path, 2, accelerator)
    path = place / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=f"{place} is damaged") as raised:
        read_checkpoint(place)
    assert str(raised.value).endswith(f"continue from the one before it: --resume {before}")


def test_one_turned_bit_is_noticed(tmp_path, accelerator):
    place = write(tmp_path, 1, accelerator)
    data = bytearray((place / "policy.safetensors").read_bytes())
    data[-1] ^= 1
    (place / "policy.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"policy.safetensors is not what was written\); there is none before it"):
        read_checkpoint(place)


def test_a_checkpoint_that_lacks_a_file_or_is_not_there_is_named(tmp_path, accelerator):
    place = write(tmp_path, 1, accelerator)
    (place / "run.json").unlink()
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(place)
    with pytest.raises(CheckpointError, match="step-000009 is not there"):
        read_checkpoint(tmp_path / "step-000009")


def test_a_checkpoint_that_was_cut_short_is_no_checkpoint(tmp_path, accelerator):
    """A kill -9 while writing leaves such a folder; the next checkpoint takes its place."""
    write(tmp_path, 1, accelerator)
    (tmp_path / "step-000002.unfinished").mkdir()
    assert find_checkpoint(tmp_path) == tmp_path / "step-000001"
    assert read_checkpoint(write(tmp_path, 2, accelerator))["run"] == PARTS["run"]


def test_a_full_disk_leaves_the_earlier_checkpoints(tmp_path, accelerator, full_disk):
    before = write(tmp_path, 1, accelerator)
    message = f"the newest complete checkpoint is {before}.*GB are free.*--resume"
    with pytest.raises(CheckpointError, match=message), full_disk():
        write(tmp_path, 2, accelerator)
    assert list(tmp_path.iterdir()) == [before]


def test_a_folder_that_cannot_be_made_is_told(tmp_path, accelerator):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="there is no checkpoint yet"):
        write(tmp_path / "file" / "run", 1, accelerator)


def trained_optimizer(num_inputs=3):
    torch.manual_seed(0)
    layer = torch.nn.Linear(num_inputs, 1)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1, betas=(0.9, 0.95))
    for _ in range(2):
        layer(torch.ones(1, num_inputs)).sum().backward()
        optimizer.step()
    return layer, optimizer


def test_an_optimizer_goes_on_as_if_nothing_had_happened(tmp_path, accelerator):
    layer, optimizer = trained_optimizer()
    place = write_checkpoint(tmp_path, 1, {"optimizer": pack_optimizer(optimizer)}, accelerator, keep=1)
    twin = torch.nn.Linear(3, 1)
    twin.load_state_dict(layer.state_dict())
    twin_optimizer = torch.optim.AdamW(twin.parameters(), lr=9.0)
    unpack_optimizer(twin_optimizer, read_checkpoint(place)["optimizer"])
    for one, its_optimizer in ((layer, optimizer), (twin, twin_optimizer)):
        one.zero_grad()
        one(torch.ones(1, 3)).sum().backward()
        its_optimizer.step()
    assert torch.equal(layer.weight, twin.weight)


def test_an_optimizer_of_another_model_is_refused():
    _, optimizer = trained_optimizer()
    other = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    with pytest.raises(ConfigError, match="does not fit this model"):
        unpack_optimizer(other, pack_optimizer(optimizer))


def test_generators_go_on_where_they_stood(tmp_path, accelerator):
    sampling, shuffling = torch.Generator().manual_seed(1), np.random.default_rng(1)
    place = write_checkpoint(tmp_path, 1, {"rank-0": pack_generators(sampling, shuffling)}, accelerator, keep=1)
    expected = (torch.rand(3, generator=sampling).tolist(), shuffling.random(), torch.rand(1).item())
    twins = torch.Generator(), np.random.default_rng()
    unpack_generators(read_checkpoint(place)["rank-0"], *twins)
    assert expected == (torch.rand(3, generator=twins[0]).tolist(), twins[1].random(), torch.rand(1).item())
