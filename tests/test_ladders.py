"""Ladders: every level of an axis is a task with its floor and ceiling, and they are found in order."""

from dataclasses import replace

import pytest

from vlm_gym import ConfigError, Task, find_task, register_task
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.runs.plan import Plan, plan_notes
from vlm_gym.ladders import AXES, ladders
from vlm_gym.levels import LEVELS

LINE = find_task("NumberLine-v0")


def test_a_ladder_begins_with_the_task_itself_and_climbs_in_order():
    for level in (3, 1, 2):
        register_task(
            replace(LINE.harder("patience", level, "longer", {"max_position": 5 + level}), id=f"my/L{level}-v0")
        )
    (found,) = ladders("patience")
    assert found.base is LINE
    assert [task.level for task in found.tasks] == [0, 1, 2, 3]
    assert [task.turns() for task in found.tasks] == [10, 12, 14, 16]
    assert ladders()[-1] == found  # behind those of this package
    assert ladders("nothing") == ()


def test_a_harder_task_says_of_what_it_is_the_level():
    task = LINE.harder("planning", 2, "with jumps", {"max_position": 9}, random_success=0.1)
    assert (task.id, task.ladder, task.level) == ("vlm_gym/NumberLine-Planning-L2-v0", LINE.id, 2)
    assert (task.random_success, task.best_success) == (0.1, LINE.best_success)
    assert task.arguments == {"max_position": 9}


def test_a_player_without_a_past_is_told_that_it_cannot_remember():
    episodes = tuple(EpisodeSpec(ladder.tasks[1].id, 0) for ladder in ladders("remembering"))
    (told,) = plan_notes(Plan(episodes))
    assert all(word in told for word in ("remembering", "--history"))
    assert plan_notes(Plan(episodes, chat=ChatSettings(history="all"))) == []
    assert plan_notes(Plan((EpisodeSpec(LINE.id, 0),))) == []


@pytest.mark.parametrize(
    "wrong",
    [{"axis": "seeing"}, {"level": 1}, {"ladder": LINE.id}, {"axis": "seeing", "level": 1}],
    ids=str,
)
def test_half_a_level_is_refused(wrong):
    with pytest.raises(ConfigError, match="a harder task has an axis, a level from 1 and the id of level 0"):
        register_task(Task("mine/Line-v0", LINE.entry, "a line", 3, 2, **wrong))


@pytest.mark.parametrize("level", [-1, 100, 1.0, "1"])
def test_a_level_is_a_small_int(level):
    with pytest.raises(ConfigError, match=rf"level must be an int from 0 to 99, got {level!r}"):
        register_task(Task("mine/Line-v0", LINE.entry, "a line", 3, 2, axis="a", level=level, ladder=LINE.id))


def test_every_ladder_of_ours_has_all_levels_with_floor_and_ceiling():
    ours = [ladder for ladder in ladders() if ladder.base.id.startswith("vlm_gym/")]
    assert {ladder.axis for ladder in ours} <= set(AXES)
    assert sum(len(ladder.tasks) - 1 for ladder in ours) == len(LEVELS)
    for ladder in ours:
        assert [task.level for task in ladder.tasks] == list(range(len(ladder.tasks)))
        assert all(task.random_success is not None for task in ladder.tasks)
        assert all(task.best_success is not None for task in ladder.tasks)
