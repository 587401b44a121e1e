"""What a person sees: lines, metrics that survive a kill, and the curve."""

import importlib.machinery
import json
import sys
import types

import numpy as np
import pytest
from PIL import Image

from baselines.evaluate import Bounds, score_of
from baselines.progress import CURVE, METRICS, Recorder, read_metrics, score_metrics
from baselines.rollout import Episode
from vlm_gym.errors import MissingDependencyError

SCORE = score_of([Episode(is_success=True, total=1.0, num_turns=2)] * 3 + [Episode(num_turns=2)])


@pytest.fixture
def recorder(tmp_path):
    return Recorder(tmp_path, "NumberLine-v0", "success", Bounds(0.598, 1.0), 4)


def test_an_update_is_shown_between_floor_and_ceiling(recorder, capsys):
    recorder.begin(-1, is_wandb_on=False)
    recorder.show(3, SCORE, 12.34)
    recorder.show(4, None, 12.34)
    recorder.close()
    lines = capsys.readouterr().out.splitlines()
    assert "update 3/4  12.3 turns/s  success 75.0 % (30-95), floor 59.80, ceiling 100.00" in lines
    assert "update 4/4  12.3 turns/s  no episode ended" in lines


def test_a_path_with_brackets_is_said_as_it_is(recorder, capsys):
    recorder.begin(-1, is_wandb_on=False)
    recorder.say("going on from out/[a]/ppo")
    recorder.close()
    assert "going on from out/[a]/ppo" in capsys.readouterr().out


def test_an_unknown_floor_is_told():
    assert str(Bounds(None, 1.0)) == "floor unknown, ceiling 100.00"


def test_what_is_recorded_is_read_and_a_line_that_a_kill_cut_off_is_left_out(recorder, tmp_path):
    recorder.begin(-1, is_wandb_on=False)
    for update in range(4):
        recorder.record(update, score_metrics("greedy", SCORE, "success"))
    recorder.close()
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"update": 4, "greedy/succ')
    lines = read_metrics(tmp_path)
    assert [line["update"] for line in lines] == [0, 1, 2, 3]
    assert lines[0]["greedy/success"] == 0.75
    assert lines[0]["greedy/low"] < 0.75 < lines[0]["greedy/high"]


def test_a_run_that_goes_on_forgets_what_came_after_its_checkpoint(tmp_path):
    (tmp_path / METRICS).write_text("".join(json.dumps({"update": update}) + "\n" for update in range(4)))
    recorder = Recorder(tmp_path, "a", "success", Bounds(None, 1.0), 4)
    recorder.begin(1, is_wandb_on=False)
    recorder.record(2, {"lr": 1.0})
    recorder.close()
    assert read_metrics(tmp_path) == [{"update": 0}, {"update": 1}, {"update": 2, "lr": 1.0}]


def test_the_curve_is_drawn(recorder, tmp_path):
    recorder.begin(-1, is_wandb_on=False)
    for update in range(5):
        recorder.record(
            update, {**score_metrics("greedy", SCORE, "success"), **score_metrics("sampled", SCORE, "success")}
        )
        recorder.record(update, score_metrics("rollout", SCORE, "success"))
    recorder.close()
    picture = np.asarray(Image.open(tmp_path / CURVE).convert("RGB"))
    assert picture.shape == (400, 700, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def test_wandb_is_only_used_when_it_is_asked_for_and_missing_it_is_told(recorder):
    with pytest.raises(MissingDependencyError, match="pip install wandb, or --wandb false"):
        recorder.begin(-1, is_wandb_on=True)


class StandInRun:
    """What wandb.init returns, as far as it is used: it remembers what it is told."""

    def __init__(self, **arguments):
        self.arguments, self.lines, self.is_finished = arguments, [], False

    def define_metric(self, name, step_metric):
        self.step_metric = step_metric

    def log(self, line):
        self.lines.append(line)

    def finish(self):
        self.is_finished = True


def test_weights_and_biases_gets_the_settings_and_the_whole_history(tmp_path, monkeypatch):
    """A run that goes on is a new one there with the history up to its checkpoint; equal folder names join nothing."""
    runs = []
    module = types.ModuleType("wandb")
    module.__spec__ = importlib.machinery.ModuleSpec("wandb", None)
    module.init = lambda **arguments: runs.append(StandInRun(**arguments)) or runs[-1]
    monkeypatch.setitem(sys.modules, "wandb", module)
    folders = [tmp_path / "one" / "run", tmp_path / "other" / "run"]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / METRICS).write_text("".join(json.dumps({"update": update}) + "\n" for update in range(4)))
    for folder, done in zip((*folders, folders[0]), (2, -1, 1), strict=True):
        recorder = Recorder(folder, "a", "success", Bounds(None, 1.0), 4, {"seed": 7})
        recorder.begin(done, is_wandb_on=True)
        recorder.record(done + 1, {"lr": 0.5})
        recorder.close()
    assert [[line["update"] for line in run.lines] for run in runs] == [[0, 1, 2, 3], [0], [0, 1, 2]]
    assert runs[0].lines[-1] == {"update": 3, "lr": 0.5}
    assert all(run.arguments["config"] == {"seed": 7} and "id" not in run.arguments for run in runs)
    assert [run.arguments["name"] for run in runs] == ["run"] * 3
    groups = [run.arguments["group"] for run in runs]
    assert groups[0] == groups[2] != groups[1]
    assert all(run.is_finished and run.step_metric == "update" for run in runs)
