"""inspect-ai itself plays a panel against a server: the same scores as `vlm-gym eval` of the same answers."""

import json
import os
import subprocess
import sys

import pytest
from adapters.pixel_model import PixelModel, PixelServer, chosen_episodes
from adapters.run_example import copy_example

from vlm_gym import get_panel

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed: make adapters")

from inspect_ai.log import read_eval_log

NAMES = ("success", "return", "progress", "turns", "faults", "illegal", "truncated")


def play(folder, url, panel, *arguments):
    """Run `inspect eval` of a panel or a task file, from a folder that knows nothing of vlm_gym; return its log."""
    named = [panel] if ".py" in panel else ["vlm_gym/panel", "-T", f"panel={panel}"]
    command = ["eval", *named, *arguments, "--model", "openai-api/pixels/pixels"]
    environment = {**os.environ, "PIXELS_API_KEY": "none", "PIXELS_BASE_URL": url, "INSPECT_DISPLAY": "plain"}
    program = "import sys; from inspect_ai._cli.main import main; sys.argv[0] = 'inspect'; main()"
    options = ["--log-dir", "logs", "--max-connections", "16", "--log-format", "json"]
    done = subprocess.run(
        [sys.executable, "-c", program, *command, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (path,) = (folder / "logs").glob("*.json")
    return read_eval_log(str(path))


@pytest.mark.slow
@pytest.mark.parametrize("panel", ["cards-v0", "household-v0"])
def test_a_panel_scores_as_the_evaluator_scores_it(tmp_path, panel):
    episodes = [episode for episode in chosen_episodes() if ("Household" in episode.task) == (panel == "household-v0")]
    model = PixelModel(episodes)
    names = [episode.name for episode in episodes]
    with PixelServer(model) as server:
        log = play(tmp_path, server.url, panel, "--sample-id", ",".join(names))
    assert not model.unknown
    assert log.status == "success"
    found = {sample.id: next(iter(sample.scores.values())).value for sample in log.samples}
    assert set(found) == set(names)
    for episode, name in zip(episodes, names, strict=True):
        assert {key: found[name][key] for key in NAMES} == model.expected[episode.key]
    assert "fingerprint" in json.dumps(log.eval.metadata)


@pytest.mark.slow
def test_many_play_at_once_and_settings_reach_the_conversation(tmp_path):
    """With a history, a request holds past turns, which the model answers by the last message alone."""
    model = PixelModel([])
    with PixelServer(model) as server:
        log = play(tmp_path, server.url, "cards-v0", "-T", "first=4", "-T", "history=2", "-T", "system=Play well.")
    assert server.most_at_once > 1
    assert len(log.samples) == 4 * 6  # tasks of the panel
    sample = next(sample for sample in log.samples if sample.id.startswith("NumberLine"))
    roles = [message.role for message in sample.messages]
    assert roles[0] == "system"
    assert roles[1:] == ["user", "assistant"] * 3


@pytest.mark.slow
def test_the_example_is_a_task_file(tmp_path):
    copy_example("inspect_task", tmp_path)
    model = PixelModel(get_panel("cards-v0").first(1).episodes)
    with PixelServer(model) as server:
        log = play(tmp_path, server.url, "inspect_task.py@sees_one_turn", "-T", "first=1")
    assert not model.unknown
    found = {sample.id: next(iter(sample.scores.values())).value for sample in log.samples}
    assert found == {each.name: model.expected[each.key] for each in get_panel("cards-v0").first(1).episodes}
