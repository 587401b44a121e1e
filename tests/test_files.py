"""Files are there whole or not at all, whatever happens while they are written."""

import os

import pytest

from vlm_gym import program
from vlm_gym.files import write_all_whole, write_whole


def failing(error):
    def write(path):
        path.write_text("half")
        raise error

    return write


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("error", [OSError("full"), ValueError("wrong"), KeyboardInterrupt(), SystemExit(1)])
@pytest.mark.parametrize("before", [None, "old"])
def test_what_fails_leaves_what_was_there(tmp_path, error, before):
    path = tmp_path / "file.txt"
    if before is not None:
        path.write_text(before)
    with pytest.raises(type(error)):
        write_whole(path, failing(error))
    assert names_in(tmp_path) == ([] if before is None else ["file.txt"])
    assert before is None or path.read_text() == before
    assert not program.unfinished


@pytest.mark.parametrize("number", [0, 1, 2])
def test_of_several_files_all_are_replaced_or_none(tmp_path, number):
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text("old")
    writers = {path: (lambda draft: draft.write_text("new")) for path in paths}
    with pytest.raises(OSError, match="full"):
        write_all_whole({**writers, paths[number]: failing(OSError("full"))})
    assert {path.read_text() for path in paths} == {"old"}
    write_all_whole(writers)
    assert {path.read_text() for path in paths} == {"new"}
    assert names_in(tmp_path) == ["a", "b", "c"]


def test_a_writer_may_go_by_the_ending(tmp_path):
    seen = []
    write_whole(tmp_path / "film.mp4", lambda draft: (seen.append(draft), draft.write_text("x")), ".mp4")
    assert [draft.suffix for draft in seen] == [".mp4"]
    assert str(os.getpid()) in seen[0].name
    assert names_in(tmp_path) == ["film.mp4"]


def test_what_is_being_written_is_known_to_ctrl_c(tmp_path):
    seen = []
    write_whole(tmp_path / "x", lambda draft: (seen.append(set(program.unfinished)), draft.write_text("x")))
    assert [{path.parent for path in paths} for paths in seen] == [{tmp_path}]
    assert not program.unfinished


def test_a_folder_that_is_none_is_an_error_of_the_disk(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="Not a directory"):
        write_whole(tmp_path / "file" / "x", lambda draft: draft.write_text("x"))
