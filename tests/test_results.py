"""Rows of the results: only whole, first-hand runs of a published panel become one; the page shows all of them."""

import json
import shutil
from pathlib import Path

import pytest

from vlm_gym.cli import main
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.report.leaderboard import PUBLISHED, read_entries, render_results
from vlm_gym.evaluation.scores.entry import read_entry

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "results"
TASKS = ["--tasks", "NumberLine-v0"]


def play(folder, *more, agent="random"):
    assert main(["eval", "--agent", agent, "--panel", "cards-v0", *TASKS, "--out", str(folder), *more]) == 0
    return folder


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    return play(tmp_path_factory.mktemp("runs") / "random")


def add(run, folder, *more):
    return main(["results", "add", str(run), "--by", "Ada", "--folder", str(folder), *more])


@pytest.fixture
def copied(a_run, tmp_path):
    return Path(shutil.copytree(a_run, tmp_path / "copy"))


def change_run(folder, change):
    path = folder / "run.json"
    run = json.loads(path.read_text())
    change(run)
    path.write_text(json.dumps(run))


def change_turns(folder, **values):
    path = folder / "turns.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({**line, **values}) + "\n" for line in lines))


def test_the_page_is_what_the_rows_say():
    published = json.loads((ROWS / PUBLISHED).read_text(encoding="utf-8"))
    page = render_results(read_entries(ROWS), published)
    assert (ROOT / "docs" / "results.md").read_text(encoding="utf-8") == page, "run: vlm-gym results page"


def test_every_row_and_every_published_number_has_its_source():
    for entry in read_entries(ROWS):
        assert entry.command
        assert entry.measured_by
        assert entry.date
    for row in json.loads((ROWS / PUBLISHED).read_text(encoding="utf-8")):
        assert row["source"]
        assert row["differs"]
        assert row["scores"]


def test_a_whole_run_becomes_a_row(a_run, tmp_path):
    assert add(a_run, tmp_path, "--note", "played <b>twice</b>") == 0
    (path,) = tmp_path.glob("*/*.json")
    entry = read_entry(path)
    assert (entry.agent, entry.panel, entry.measured_by, entry.overall) == ("random", "cards-v0", "Ada", None)
    score = entry.tasks["NumberLine-v0"]
    assert score.low < score.success < score.high
    assert (score.num_episodes, score.floor, score.ceiling) == (100, 0.597917, 1.0)
    page = render_results([entry])
    assert "floor: random play* | 59.79" in page
    assert "<b>" not in page


def test_a_row_is_replaced_only_on_purpose(a_run, tmp_path, capsys):
    assert add(a_run, tmp_path) == 0
    assert add(a_run, tmp_path) == 2
    assert "--replace writes over it" in capsys.readouterr().err
    assert add(a_run, tmp_path, "--replace") == 0
    assert add(a_run, tmp_path, "--name", "random, once more") == 0
    assert len(list(tmp_path.glob("*/*.json"))) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda run: run.update(panel=None), "did not play a published panel"),
        (lambda run: run["panel"].update(name="mine-v0"), "did not play a published panel, but mine-v0"),
        (lambda run: run["panel"].update(fingerprint="0-0"), "not the published episodes"),
        (lambda run: run["panel"].update(first=100), "without --first"),
        (lambda run: run["panel"].update(tasks=None), "does not play the episodes of cards-v0"),
        (lambda run: run["episodes"].pop(), "does not play the episodes of cards-v0"),
        (lambda run: run["episodes"][3].update(seed=7), "does not play the episodes of cards-v0"),
        (lambda run: run["episodes"][3].update(arguments={"max_position": 1}), "does not play the episodes"),
        (lambda run: run.update(num_repeats=2), "does not play the episodes"),
        (lambda run: run.update(shard=[1, 2]), "one of several shards"),
        (lambda run: run.update(read_again={"run": "other", "parser": "json"}), "answers of the run other"),
    ],
)
def test_a_run_of_other_episodes_is_refused(copied, tmp_path, capsys, change, told):
    change_run(copied, change)
    assert add(copied, tmp_path / "rows") == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "rows").exists()


@pytest.mark.parametrize("name", ["episodes.jsonl", "turns.jsonl"])
def test_a_run_that_is_not_whole_is_refused(copied, tmp_path, capsys, name):
    path = copied / name
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert add(copied, tmp_path / "rows") == 2
    assert "1 of 100 episodes" in capsys.readouterr().err


def test_samples_that_count_more_than_once_are_refused(copied, tmp_path, capsys):
    change_turns(copied, is_cached=True)
    assert add(copied, tmp_path / "rows") == 2
    assert "came from a cache" in capsys.readouterr().err
    change_run(copied, lambda run: run["agent"].update(temperature=0))  # a greedy model says the same anyway
    assert add(copied, tmp_path / "rows") == 0


def test_a_folder_of_runs_is_no_row(a_run, tmp_path, capsys):
    assert add(a_run.parent, tmp_path) == 2
    assert "name one of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["add"], ["add", "run"], ["page", "run"], ["page", "--by", "me"], ["add", "--out", "x"]]
)
def test_what_does_not_belong_together_is_told(arguments, capsys):
    assert main(["results", *arguments]) == 2
    assert "results" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda row: row.update(schema=2), "schema 1"),
        (lambda row: row.pop("command"), "expected the fields"),
        (lambda row: row.update(panel="mine-v0"), "there is no panel 'mine-v0'"),
        (lambda row: row.update(fingerprint="0-0"), "with the fingerprint '0-0'"),
        (lambda row: row.update(date="yesterday"), "yesterday"),
        (lambda row: row["tasks"]["NumberLine-v0"].update(success=2), "success"),
        (lambda row: row["tasks"]["NumberLine-v0"].update(floor=-1), "floor must be a share"),
    ],
)
def test_a_row_that_was_written_by_hand_is_checked(a_run, tmp_path, change, told):
    assert add(a_run, tmp_path) == 0
    (path,) = tmp_path.glob("*/*.json")
    row = json.loads(path.read_text())
    change(row)
    path.write_text(json.dumps(row))
    with pytest.raises(ConfigError, match=told):
        read_entry(path)
