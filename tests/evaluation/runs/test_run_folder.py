"""A run's folder: whatever happens to a process or a file, every whole line counts."""

import asyncio
import errno
import json
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import chain, repeat

import pytest
from recorded import results

from vlm_gym.chat import ChatSession
from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentRefusedError, RunError
from vlm_gym.evaluation.models.agent_names import make_agent
from vlm_gym.evaluation.models.agents import ConstantAgent
from vlm_gym.evaluation.runs.episodes import run_episode
from vlm_gym.evaluation.runs.merge import merge
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.played import read_played_run
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import (
    EPISODES_FILE,
    RUN_FILE,
    TEXTS_FILE,
    TURNS_FILE,
    RunWriter,
    is_empty,
    picture_path,
    read_episodes,
    read_run,
    read_turns,
)
from vlm_gym.rollout import Rollout
from vlm_gym.web.run_list import RunList

RUN = {"agent": {"name": "constant"}, "episodes": [], "shard": None, "parser": "json", "chat": {}}
EPISODE = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 4, "target": 0})


def write_run(folder, episode=EPISODE):
    """Write a run of one episode of four turns; return its turns."""
    with RunWriter(folder, RUN) as writer:
        rollout = Rollout()
        turns = []

        def keep(turn, shown):
            turns.append(turn)
            writer.add_turn(turn, shown)

        writer.add_episode(
            asyncio.run(run_episode(rollout, ConstantAgent("-"), episode, on_turn=keep, on_picture=writer.add_picture))
        )
    return turns


def test_what_was_written_is_read(tmp_path):
    turns = write_run(tmp_path / "run")
    assert read_run(tmp_path / "run") == {"format": 1, **RUN}
    assert read_turns(tmp_path / "run") == turns
    assert [episode.num_turns for episode in read_episodes(tmp_path / "run")] == [4]


def test_every_picture_is_there_once(tmp_path):
    turns = write_run(tmp_path)
    (episode,) = read_episodes(tmp_path)
    names = {turn.picture for turn in turns} | {episode.final_picture}
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {f"{name}.png" for name in names}
    assert all(picture_path(tmp_path, name).read_bytes().startswith(b"\x89PNG") for name in names)


def test_a_line_cut_anywhere_is_left_out_and_cut_off(tmp_path):
    turns = write_run(tmp_path)
    path = tmp_path / TURNS_FILE
    whole = path.read_bytes()
    begin = whole[:-1].rfind(b"\n") + 1
    for end in range(begin, len(whole)):
        path.write_bytes(whole[:end])
        assert read_turns(tmp_path) == turns[:-1]
        if end % 50 == 0 or end >= len(whole) - 2:
            RunWriter(tmp_path, RUN).close()
            assert path.read_bytes() == whole[:begin]


DAMAGED = (b"\x00" * 40, b"\xff\xfe", b'{"episode": ', b"", b"{}", b'{"episode": NaN}', b"[" * 100_000, b"null")


@pytest.mark.parametrize("number", [0, 1, -1])
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_line_is_left_out_and_named(tmp_path, caplog, damage, number):
    turns = write_run(tmp_path)
    for name, read, whole in ((TURNS_FILE, read_turns, turns), (EPISODES_FILE, read_episodes, read_episodes(tmp_path))):
        path = tmp_path / name
        lines = path.read_bytes().splitlines()
        number %= len(lines)
        path.write_bytes(b"\n".join([*lines[:number], damage, *lines[number + 1 :], b""]))
        assert read(tmp_path) == [*whole[:number], *whole[number + 1 :]]
        assert f"{name}, line {number + 1} is damaged and left out" in caplog.text
        assert "elete" not in caplog.text


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        (TURNS_FILE, "turn", "1"), (TURNS_FILE, "turn", None), (TURNS_FILE, "episode", 5),
        (TURNS_FILE, "answers", "hm"), (TURNS_FILE, "answers", None),
        (TURNS_FILE, "answers", [1]), (TURNS_FILE, "action", ["+"]), (TURNS_FILE, "reward", "1"),
        (EPISODES_FILE, "num_turns", 1.5), (EPISODES_FILE, "is_success", 1), (EPISODES_FILE, "total_reward", {}),
    ],
)  # fmt: skip
def test_a_line_that_holds_something_else_is_damaged(tmp_path, caplog, name, field, value):
    write_run(tmp_path)
    path = tmp_path / name
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([json.dumps({**json.loads(first), field: value}) + "\n", *rest]))
    assert len(read_turns(tmp_path) if name == TURNS_FILE else read_episodes(tmp_path)) == len(rest)
    assert f"{name}, line 1 is damaged and left out" in caplog.text


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_request_whose_text_is_damaged_is_not_on_record_and_its_turn_is(tmp_path, damage):
    turns = write_run(tmp_path)
    (tmp_path / TEXTS_FILE).write_bytes(damage + b"\n")
    assert read_turns(tmp_path) == [replace(turn, requests=()) for turn in turns]


def test_a_run_without_its_texts_is_told(tmp_path, caplog):
    turns = write_run(tmp_path)
    assert read_turns(tmp_path) == list(turns)
    assert not caplog.text
    (tmp_path / TEXTS_FILE).unlink()
    assert read_turns(tmp_path) == [replace(turn, requests=()) for turn in turns]
    assert "texts.jsonl is missing or empty: what its turns sent is not known" in caplog.text


def test_a_turn_that_was_played_again_counts_in_its_later_form(tmp_path):
    turns = write_run(tmp_path)
    with RunWriter(tmp_path, RUN) as writer:
        session = ChatSession(EPISODE.make())
        session.reset(seed=0)
        later = replace(turns[1], thoughts="later")
        writer.add_turn(later, session.question)
    assert read_turns(tmp_path) == [turns[0], later]


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"format": 2}', "\xff", "[" * 100_000, '{"format": 1}'])
def test_a_folder_that_is_no_run_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / RUN_FILE).write_text(content, encoding="latin-1")
    with pytest.raises(RunError, match=r"is not a run of `vlm-gym eval`|another version|lacks episodes, "):
        read_run(tmp_path)


def test_a_folder_where_nothing_was_written_yet_is_empty(tmp_path):
    assert is_empty(tmp_path / "none")
    assert is_empty(tmp_path)
    (tmp_path / "pictures").mkdir()
    (tmp_path / TURNS_FILE).touch()
    (tmp_path / "run.json.7.part").write_text("{")
    assert is_empty(tmp_path)
    (tmp_path / RUN_FILE).write_text("{}")
    assert not is_empty(tmp_path)


def test_two_writers_never_write_at_once(tmp_path):
    with (
        RunWriter(tmp_path, RUN),
        pytest.raises(RunError, match="is being written by another process: let it end, or stop it"),
    ):
        RunWriter(tmp_path, RUN)
    RunWriter(tmp_path, RUN).close()


@pytest.mark.parametrize("command", ["merge", "rescore"])
def test_a_run_that_is_written_as_a_whole_promises_nothing_on_a_full_disk(tmp_path, monkeypatch, capsys, command):
    play_blackjack(tmp_path / "run")
    write = os.write

    def full(file, data):
        if b'"episode"' in data:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    monkeypatch.setattr(os, "write", full)
    assert main([command, str(tmp_path / "run"), "--out", str(tmp_path / "out")]) == 2
    told = f"cannot write the run {tmp_path / 'out'}: No space left on device. Nothing of it was kept\n"
    assert capsys.readouterr().err.endswith(told)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_writer_that_cannot_begin_keeps_nobody_away(tmp_path):
    (tmp_path / EPISODES_FILE).mkdir()
    with pytest.raises(RunError, match="cannot write the run"):
        RunWriter(tmp_path, RUN)
    (tmp_path / EPISODES_FILE).rmdir()
    RunWriter(tmp_path, RUN).close()


def test_what_a_killed_process_drafted_is_cleared_away(tmp_path):
    write_run(tmp_path)
    before = results(tmp_path)
    (tmp_path / "pictures" / "abc.png.99.part").write_bytes(b"half")
    RunWriter(tmp_path, RUN).close()
    assert results(tmp_path) == before


def test_a_run_keeps_its_description(tmp_path):
    write_run(tmp_path)
    RunWriter(tmp_path, {**RUN, "agent": {"name": "other"}}).close()
    assert read_run(tmp_path)["agent"] == {"name": "constant"}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot write the run .*file/run: Not a directory"):
        write_run(tmp_path / "file" / "run")


@pytest.mark.parametrize("size", [3000, 5000])
def test_a_full_disk_leaves_whole_lines(tmp_path, size):
    """The limit on a file's size stands for the disk: a write takes a part of a line, and the next one fails."""
    program = (
        "import importlib.util, resource, sys; from pathlib import Path\n"
        f"spec = importlib.util.spec_from_file_location('folder', {__file__!r})\n"
        "folder = importlib.util.module_from_spec(spec); spec.loader.exec_module(folder)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        "from vlm_gym.errors import RunError\n"
        "try:\n    folder.write_run(Path(sys.argv[1]))\n"
        "except RunError as error:\n    sys.exit(str(error))\n"
    )
    path = os.pathsep.join(sys.path)
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "run")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "File too large. All earlier turns are there: make room, then go on with --resume" in ended.stderr
    data = (tmp_path / "run" / TURNS_FILE).read_bytes()
    assert not data or data.endswith(b"\n")
    assert len(read_turns(tmp_path / "run")) < 4
    assert read_episodes(tmp_path / "run") == []
    assert not list((tmp_path / "run").rglob("*.part"))


def test_a_folder_of_runs_names_them(tmp_path):
    for name in ("b", "a"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / RUN_FILE).write_text("{}")
    with pytest.raises(RunError, match=re.escape(f"it holds 2 runs, name one of them: {tmp_path / 'runs' / 'a'}, ")):
        read_run(tmp_path / "runs")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: None, "there is no such folder"),
        (lambda path: path.write_text("{}"), "it is a file"),
        (lambda path: path.mkdir(), "it holds no run.json"),
        (lambda path: (path / RUN_FILE).mkdir(parents=True), "cannot read run.json (Is a directory)"),
    ],
)
def test_what_is_there_in_place_of_a_run_is_told_in_words(tmp_path, make, told):
    make(tmp_path / "run")
    with pytest.raises(RunError, match=re.escape(told)) as raised:
        read_run(tmp_path / "run")
    assert "Errno" not in str(raised.value)


def play_blackjack(folder):
    """Play five episodes at random; return their number of turns."""
    plan = Plan(tuple(EpisodeSpec("vlm_gym/Blackjack-v0", seed) for seed in range(5)))
    asyncio.run(evaluate(folder, plan, make_agent("random")))
    return len(read_turns(folder))


@pytest.mark.parametrize("name", [TURNS_FILE, EPISODES_FILE])
def test_many_damaged_lines_are_one_warning(tmp_path, caplog, name):
    play_blackjack(tmp_path)
    path = tmp_path / name
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line[:-9]}\n" for line in lines))
    read_turns(tmp_path)
    read_episodes(tmp_path)
    (record,) = caplog.records
    assert "line 1 is damaged and left out: " in record.message
    assert record.message.endswith(f"and so are {len(lines) - 1} more of its {len(lines)} lines")


@pytest.mark.parametrize("num_left", [0, 1, 2])
def test_report_and_view_count_the_same_episodes(tmp_path, caplog, num_left):
    """An episode whose turns are lost is finished in neither, and one warning counts all of them."""
    play_blackjack(tmp_path / "run")
    path = tmp_path / "run" / TURNS_FILE
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:num_left]))
    (shown,) = RunList(tmp_path).show()
    lost = [record for record in caplog.records if "episodes are missing" in record.message]
    assert len(lost) == 1
    try:
        assert shown["num_episodes"] == len(read_played_run(tmp_path / "run").played)
    except RunError:
        assert shown["num_episodes"] == 0
    assert shown["num_planned"] == 5


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_what_is_read_while_it_is_played_is_not_damaged(tmp_path, caplog, monkeypatch, share):
    """More is written between any two looks at the files, and of the last line only half is there."""
    play_blackjack(tmp_path / "whole")
    folder = tmp_path / "live"
    names = (TEXTS_FILE, TURNS_FILE, EPISODES_FILE)
    texts, turns, ended = ((tmp_path / "whole" / name).read_bytes().splitlines(keepends=True) for name in names)
    read = type(folder).read_bytes

    def write(share):
        """Play up to a share of the turns: what they speak of is there, and so are the episodes that end with them."""
        played = turns[: math.ceil(share * len(turns))]
        left = {json.loads(line)["episode"] for line in turns[len(played) :]}
        over = [line for line in ended if json.loads(line)["episode"] not in left]
        told = [line for line in texts if json.loads(line)["name"].encode() in b"".join(played)]
        for name, lines in zip(names, (told, played, over), strict=True):
            (folder / name).write_bytes(b"".join(lines) + b'{"half')
        return len(over)

    def read_and_go_on(path):
        data = read(path)
        write(next(shares))
        return data

    for take in (read_played_run, lambda folder: merge([folder], tmp_path / "merged")):
        shutil.copytree(tmp_path / "whole", folder, dirs_exist_ok=True)
        num_over = write(share)
        shares = chain([(1 + share) / 2], repeat(1.0))
        with monkeypatch.context() as patch:
            patch.setattr(type(folder), "read_bytes", read_and_go_on)
            taken = take(folder)
        num_finished = len(taken.played) if take is read_played_run else taken.num_episodes - len(taken.missing)
        assert num_finished == num_over
    assert all(turn.requests for turn in read_turns(tmp_path / "merged"))
    assert not caplog.records


def test_a_run_that_is_refused_before_its_first_turn_leaves_nothing(tmp_path):
    class Refusing(ConstantAgent):
        async def answer(self, *arguments, **more):
            raise AgentRefusedError("the key is wrong")

    plan = Plan((EPISODE,))
    for folder in (tmp_path / "new" / "run", tmp_path / "there"):
        (tmp_path / "there").mkdir(exist_ok=True)
        with pytest.raises(AgentRefusedError):
            asyncio.run(evaluate(folder, plan, Refusing("+")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]
    assert is_empty(tmp_path / "there") or not any((tmp_path / "there").iterdir())


def test_a_run_that_has_a_turn_stays_when_it_is_refused(tmp_path):
    class Tiring(ConstantAgent):
        num_answers = 0

        async def answer(self, *arguments, **more):
            self.num_answers += 1
            if self.num_answers > 2:
                raise AgentRefusedError("no money is left")
            return await super().answer(*arguments, **more)

    with pytest.raises(AgentRefusedError):
        asyncio.run(evaluate(tmp_path / "run", Plan((EPISODE,)), Tiring('{"action": "-"}')))
    assert len(read_turns(tmp_path / "run")) == 2
