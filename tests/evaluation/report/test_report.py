"""The files of a report: what is in them, what is left out, and what is refused."""

import base64
import io
import json
import re
import resource
import shutil
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vlm_gym.cli import main
from vlm_gym.cli.score_table import HEADS
from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.report.pictures import Pictures
from vlm_gym.evaluation.report.results import episode_id
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.runs.run_folder import EPISODES_FILE, RUN_FILE, TURNS_FILE, picture_path
from vlm_gym.evaluation.scores.summary import compare, summarise, to_json


def data_of(page):
    return json.loads(re.search(r'id="report-data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)[1])


def chunks_of(page, kind):
    return re.findall(rf'id="{kind}-\d+">([^<]*)</script>', page.read_text("utf-8"))


def unpacked(chunk):
    return json.loads(zlib.decompress(base64.b64decode(chunk)))


def turns_of(page):
    """Return the turns of each episode, what was said in them included."""
    said, rest = ([item for chunk in chunks_of(page, kind) for item in unpacked(chunk)] for kind in ("said", "turns"))
    return [
        [{**spoken, **turn} for spoken, turn in zip(one["turns"], other["turns"], strict=True)]
        for one, other in zip(said, rest, strict=True)
    ]


def places_of(page):
    return json.loads(re.search(r'id="places">([^<]*)</script>', page.read_text("utf-8"))[1])


def strips_of(page):
    return [json.loads(chunk) for chunk in chunks_of(page, "strip")]


def drawn(strips, palettes, strip, index):
    """Draw a picture as the page does."""
    pixels = np.zeros(strips[strip]["height"] * strips[strip]["width"], np.uint8)
    base = strips[strip]["base"]
    for number, last in ([] if base is None else [(base, 0)]) + [(strip, index)]:
        bands, width = strips[number]["bands"], strips[number]["width"]
        rows = np.frombuffer(zlib.decompress(base64.b64decode(strips[number]["data"])), np.uint8)
        start = 0
        for top, height in bands[: last + 1]:
            part = rows[start : start + height * width]
            start += height * width
            shown = pixels[top * width :][: height * width]
            shown[part > 0] = part[part > 0]
    colors = np.frombuffer(base64.b64decode(palettes[strips[strip]["palette"]]), np.uint8).reshape(-1, 3)
    return colors[pixels - 1].reshape(strips[strip]["height"], strips[strip]["width"], 3)


def lengths(page, kinds):
    return sum(len(chunk) for kind in kinds for chunk in chunks_of(page, kind))


@pytest.fixture
def damaged(runs, tmp_path):
    """A copy of a run, for damaging it."""
    return shutil.copytree(runs / "noisy", tmp_path / "damaged")


def test_results_hold_everything_for_programs(report, runs):
    results = json.loads(report.results.read_text("utf-8"))
    assert results["format"] == 1
    assert [run["name"] for run in results["runs"]] == ["random", "noisy"]
    for run in results["runs"]:
        folder = runs / run["name"]
        assert run["summary"] == json.loads(json.dumps(to_json(summarise(folder))))
        expected = sorted(item.episode.episode for item in read_played(folder))
        assert sorted(episode["episode"] for episode in run["episodes"]) == expected
    comparison = json.loads(json.dumps(to_json(compare(runs / "random", runs / "noisy"))))
    assert results["comparisons"] == [{"a": 0, "b": 1, **comparison}]


def test_the_tables_in_markdown_have_a_row_for_each_task_of_each_run(report, runs):
    text = report.markdown.read_text("utf-8")
    for name in ("random", "noisy"):
        for scores in summarise(runs / name).tasks:
            assert re.search(rf"^\| {scores.name} \| {name} \| {100 * scores.success.value:.2f} ", text, re.MULTILINE)
    assert "### noisy minus random" in text
    assert "-0.00" not in text
    words = {head.removesuffix(" %") for head in HEADS} - {"95"}  # those of eval's table
    assert words <= {head.strip() for head in re.search(r"^\| task \| run .*", text, re.MULTILINE)[0].split("|")}
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| ") and "minus" not in line}
    assert widths == {18, 8}
    assert "Faults by kind" not in text


def test_faults_are_told_by_their_kind(hostile_run, tmp_path):
    text = write_report([hostile_run], tmp_path / "report.html").markdown.read_text("utf-8")
    heads, _, row = text.partition("## Faults by kind\n\n")[2].splitlines()[:3]
    task = summarise(hostile_run).tasks[0]
    assert heads == f"| task | run | {' | '.join(sorted(task.fault_kinds))} | of turns |"
    numbers = [int(cell) for cell in row.split("|")[3:-1]]
    assert numbers == [*(task.fault_kinds[kind] for kind in sorted(task.fault_kinds)), task.num_turns]


def test_markdown_shows_hostile_names_as_they_are(hostile_run, tmp_path):
    text = write_report([hostile_run], tmp_path / "report.html").markdown.read_text("utf-8")
    assert "<script>" not in text
    assert r"\<script\>window.pwned=1\<" in text


def test_other_names_give_the_other_files_their_names(runs, tmp_path):
    report = write_report([runs / "noisy"], tmp_path / "deep" / "cards.html")
    assert report.markdown == tmp_path / "deep" / "cards.md"
    assert report.results == tmp_path / "deep" / "cards.results.json"
    assert all(path.stat().st_size for path in report)


def test_the_page_holds_every_turn(report, runs):
    expected = [item for name in ("random", "noisy") for item in read_played(runs / name)]
    found = turns_of(report.page)
    assert sum(len(item.turns) for item in expected) == sum(map(len, found))
    assert {turn.answers[-1] for item in expected for turn in item.turns} == {
        turn["answers"][-1] for turns in found for turn in turns
    }


def test_every_turn_has_its_picture_and_each_is_there_once(report, runs):
    strips = strips_of(report.page)
    names = {turn.picture for name in ("random", "noisy") for item in read_played(runs / name) for turn in item.turns}
    names |= {item.episode.final_picture for name in ("random", "noisy") for item in read_played(runs / name)}
    assert sum(len(strip["bands"]) for strip in strips) == len(names)
    for turns, places in zip(turns_of(report.page), places_of(report.page), strict=True):
        assert len(places) == len(turns) + 1
        assert all(index < len(strips[strip]["bands"]) for strip, index in places)


def test_a_picture_in_the_page_looks_like_the_one_in_the_run(report, runs):
    strips, palettes = strips_of(report.page), data_of(report.page)["palettes"]
    places = {
        (e["run"], e["id"]): shown
        for e, shown in zip(data_of(report.page)["episodes"], places_of(report.page), strict=True)
    }
    for number, name in enumerate(("random", "noisy")):
        for item in read_played(runs / name):
            names = [*(turn.picture for turn in item.turns), item.episode.final_picture]
            for picture, place in zip(names, places[number, episode_id(item.episode.episode)], strict=True):
                with Image.open(picture_path(runs / name, picture)) as exact:
                    errors = np.abs(drawn(strips, palettes, *place).astype(int) - np.asarray(exact.convert("RGB")))
                assert errors.mean() < 4
                assert np.quantile(errors, 0.999) < 40  # and no band is missing or out of place


def test_pictures_beyond_the_budget_are_left_out(runs):
    item = read_played(runs / "noisy")[0]
    pictures = Pictures(budget=10)
    names = [turn.picture for turn in item.turns]
    pictures.add(runs / "noisy", names, pictures.add_palette(runs / "noisy", names))
    assert pictures.is_full
    assert (pictures.strips, pictures.places) == ([], {})


def test_photographs_are_kept_as_such(tmp_path):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (2, 12, 12, 3), np.uint8)
    photos = [np.asarray(Image.fromarray(each).resize((300, 300), Image.Resampling.BICUBIC)) for each in coarse]
    names = ["a" * 32, "b" * 32]
    for name, photo in zip(names, photos, strict=True):
        picture_path(tmp_path, name).parent.mkdir(exist_ok=True)
        Image.fromarray(photo).save(picture_path(tmp_path, name))
    pictures = Pictures(budget=1_000_000)
    pictures.add(tmp_path, names, pictures.add_palette(tmp_path, names))
    for name, photo in zip(names, photos, strict=True):
        data = pictures.strips[pictures.places[name].strip].to_json()["photo"]
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), np.int16)
        assert np.abs(shown - photo).mean() < 4


def test_a_long_episode_is_cut_into_strips_that_are_drawn_fast(runs, tmp_path, monkeypatch):
    monkeypatch.setattr("vlm_gym.evaluation.report.pictures.MAX_IN_STRIP", 2)
    page = write_report([runs / "noisy"], tmp_path / "report.html").page
    assert max(len(strip["bands"]) for strip in strips_of(page)) == 2
    assert all(place is not None for places in places_of(page) for place in places)


def test_a_full_page_says_so_and_its_tasks_have_taken_turns(report, runs, tmp_path, monkeypatch):
    text, strips = (lengths(report.page, kinds) for kinds in (("said", "turns"), ("strip",)))
    limit = text + strips // 2
    monkeypatch.setattr("vlm_gym.evaluation.report.page.MAX_LENGTH", limit)
    page = write_report([runs / "random", runs / "noisy"], tmp_path / "report.html").page
    assert limit * 0.7 < text + sum(len(strip["data"]) for strip in strips_of(page)) <= limit
    assert "Not all pictures fit the page: episodes beyond its size limit are without them." in data_of(page)["notes"]
    entries = zip(data_of(page)["episodes"], places_of(page), strict=True)
    assert {entry["run"] for entry, places in entries if all(places)} == {0, 1}


def test_the_progress_counts_episodes(runs, tmp_path):
    told = []
    write_report([runs / "noisy"], tmp_path / "report.html", on_progress=lambda *counts: told.append(counts))
    doing = [name for name, _, _ in told]
    assert list(dict.fromkeys(doing)) == ["packing the turns", "packing the pictures"]
    for name in set(doing):
        assert [counts for other, *counts in told if other == name][-1] == [12, 12]


def test_pictures_of_failures_alone(runs, tmp_path):
    page = write_report([runs / "noisy"], tmp_path / "report.html", pictures_of="failures").page
    won = [i for i, episode in enumerate(data_of(page)["episodes"]) if episode["is_success"]]
    lost = [i for i, episode in enumerate(data_of(page)["episodes"]) if not episode["is_success"]]
    places = places_of(page)
    assert won
    assert lost
    assert all(place for i in lost for place in places[i])
    assert not all(place for i in won for place in places[i])


def test_a_page_without_pictures_says_so(runs, tmp_path):
    page = write_report([runs / "noisy"], tmp_path / "report.html", pictures_of="none").page
    assert chunks_of(page, "strip") == []
    assert data_of(page)["notes"] == ["This page was written without pictures."]


def test_fewer_episodes_are_a_fair_share_of_the_tasks(runs, tmp_path):
    page = write_report([runs / "noisy"], tmp_path / "report.html", max_episodes=6).page
    groups = [episode["group"] for episode in data_of(page)["episodes"]]
    assert len(groups) == len(set(groups)) == 6
    assert data_of(page)["notes"][0] == "6 of 12 episodes are in this page; the tables tell of all."
    assert data_of(page)["runs"][0]["summary"]["num_episodes"] == 12


def test_missing_and_broken_pictures_are_counted(damaged, tmp_path, caplog):
    names = sorted((damaged / "pictures").iterdir())
    names[0].unlink()
    names[1].write_bytes(names[1].read_bytes()[:50])
    names[2].write_text("no picture")
    page = write_report([damaged], tmp_path / "report.html").page
    assert "3 pictures are missing in the runs' folders, or damaged." in data_of(page)["notes"]
    assert "3 pictures are missing in the runs' folders, or damaged." in caplog.text


def test_an_episode_whose_end_is_half_written_is_shown_with_its_turns_and_counts_in_no_figure(damaged, tmp_path):
    whole = read_played(damaged)
    lines = (damaged / EPISODES_FILE).read_text().splitlines(keepends=True)
    (damaged / EPISODES_FILE).write_text("".join(lines[:-1]) + lines[-1][:40])
    with (damaged / TURNS_FILE).open("a") as file:
        file.write('{"episode": "half')
    report = write_report([damaged], tmp_path / "report.html")
    (lost,) = {item.episode.episode for item in whole} - {item.episode.episode for item in read_played(damaged)}
    (turns,) = (item.turns for item in whole if item.episode.episode == lost)
    entries = data_of(report.page)["episodes"]
    (unfinished,) = (i for i, entry in enumerate(entries) if not entry["is_finished"])
    assert (entries[unfinished]["id"], entries[unfinished]["num_turns"]) == (episode_id(lost), len(turns))
    assert [turn["answers"][-1] for turn in turns_of(report.page)[unfinished]] == [turn.answers[-1] for turn in turns]
    assert [place is None for place in places_of(report.page)[unfinished]] == [False] * len(turns) + [True]
    results = json.loads(report.results.read_text("utf-8"))["runs"][0]
    assert len(results["episodes"]) == results["summary"]["num_episodes"] == len(whole) - 1


def test_a_folder_that_is_no_run_is_named(capsys, tmp_path):
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "report.html")]) == 2
    assert f"{tmp_path} is not a run of `vlm-gym eval`" in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


def test_runs_of_different_panels_are_refused_unless_told_so_and_not_compared(runs, damaged, tmp_path):
    run = json.loads((damaged / RUN_FILE).read_text())
    run["panel"]["name"] = "household-v0"
    (damaged / RUN_FILE).write_text(json.dumps(run))
    with pytest.raises(RunError, match=r"different panels.*--any-panels shows the runs beside each other"):
        write_report([runs / "random", damaged], tmp_path / "report.html")
    page = write_report([runs / "random", damaged], tmp_path / "report.html", is_one_panel=False).page
    assert data_of(page)["comparisons"] == []
    assert len(data_of(page)["runs"]) == 2


def test_a_run_is_shown_once(runs, tmp_path):
    with pytest.raises(ConfigError, match=r"every run once, got .*noisy twice"):
        write_report([runs / "noisy", runs / "random" / ".." / "noisy"], tmp_path / "report.html")


def test_runs_of_one_name_are_told_apart_by_the_folder_above(runs, tmp_path):
    for parent in ("a", "b"):
        shutil.copytree(runs / "noisy", tmp_path / parent / "noisy")
    page = write_report([tmp_path / "a" / "noisy", tmp_path / "b" / "noisy"], tmp_path / "report.html").page
    assert [run["name"] for run in data_of(page)["runs"]] == ["a/noisy", "b/noisy"]


def test_a_folder_that_cannot_be_written_is_named(runs, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"cannot write .*file.report\.html"):
        write_report([runs / "noisy"], tmp_path / "file" / "report.html")


def test_a_page_that_does_not_fit_on_the_disk_leaves_the_old_one(runs, tmp_path):
    out = write_report([runs / "noisy"], tmp_path / "report.html", pictures_of="none").page
    before = out.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(ConfigError, match=r"cannot write .*report\.html: File too large"):
            write_report([runs / "noisy"], out, pictures_of="none")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert out.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("name", ["report.html", "report.md", "results.json"])
def test_of_the_three_files_all_are_new_or_none(runs, tmp_path, monkeypatch, name):
    """Whichever of them cannot be written."""
    write_report([runs / "noisy"], tmp_path / "report.html", pictures_of="none")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_text = Path.write_text

    def fail(path, text, **options):
        write_text(path, text[:100], **options)
        if path.name.startswith(name):
            raise OSError(28, "No space left on device")
        return write_text(path, text, **options)

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(ConfigError, match=r"cannot write .*report\.html: No space left on device\. Nothing of it"):
        write_report([runs / "random"], tmp_path / "report.html", pictures_of="none")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_told_before_the_work(runs, tmp_path):
    (tmp_path / "file").write_text("no folder")
    stages = []
    for out in (tmp_path / "file" / "report.html", tmp_path / "file" / "deep" / "report.html"):
        with pytest.raises(ConfigError, match=r"cannot write .*report\.html: Not a directory"):
            write_report([runs / "noisy"], out, on_stage=stages.append)
    assert not stages


def test_a_run_that_is_none_leaves_no_folder(tmp_path):
    with pytest.raises(RunError):
        write_report([tmp_path / "nothing"], tmp_path / "deep" / "report.html")
    assert not list(tmp_path.iterdir())


def test_the_stages_are_told(runs, tmp_path):
    stages = []
    write_report([runs / "noisy", runs / "random"], tmp_path / "report.html", on_stage=stages.append)
    assert stages == ["reading 2 runs", "packing the turns of 24 episodes", "writing"]


def test_a_terminal_shows_how_far_a_report_is(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["report", str(runs / "noisy"), "--out", str(tmp_path / "report.html")]) == 0
    shown = [part.removesuffix(" ...") for part in capsys.readouterr().err.split("\r\x1b[K")]
    assert shown[:3] == ["", "reading 1 run", "packing the turns of 12 episodes"]
    assert shown[3:-2] == [f"packing the {what} of 12 of 12 episodes" for what in ("turns", "pictures")]
    assert shown[-2:] == ["writing", ""]  # and the line is empty again


def test_without_a_terminal_a_long_report_says_how_far_it_is(runs, tmp_path, monkeypatch, capsys):
    arguments = ["report", str(runs / "noisy"), "--out", str(tmp_path / "report.html")]
    assert main(arguments) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("vlm_gym.cli.progress.SECONDS_PER_LINE", 0.0)
    assert main(arguments) == 0
    assert "packing the pictures of 12 of 12 episodes\n" in capsys.readouterr().err


def test_the_command_writes_the_three_files(capsys, runs, tmp_path):
    out = tmp_path / "report.html"
    assert main(["report", str(runs / "random"), str(runs / "noisy"), "--out", str(out), "--pictures", "none"]) == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["report.html", "report.md", "results.json"]
    assert f"The page: {out} (0." in capsys.readouterr().out


def test_a_page_has_the_name_of_an_html_file(capsys, runs):
    with pytest.raises(ConfigError, match=r"a page is an \.html file, got report\.md"):
        write_report([runs / "noisy"], Path("report.md"))
    with pytest.raises(SystemExit):
        main(["report", str(runs / "noisy"), "--out", "report.pdf"])
    assert "must be the name of an .html file, got report.pdf" in capsys.readouterr().err
