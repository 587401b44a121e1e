"""The searcher's line in a run's scores."""

from types import SimpleNamespace

import pytest

from vlm_gym.evaluation.scores.floors import searcher_of_all
from vlm_gym.evaluation.scores.searcher import searcher_notes
from vlm_gym.registration import TASKS

KINDS = ("put", "look", "clean", "heat", "cool", "two")
MEASURED = [task for task in TASKS.values() if task.searcher_by_type]


def episode(task, kind, **arguments):
    return SimpleNamespace(task=task, labels={} if kind is None else {"task_type": kind}, arguments=arguments)


@pytest.mark.parametrize("task", MEASURED, ids=lambda task: task.id)
def test_it_lies_between_floor_and_ceiling(task):
    assert {*task.searcher_by_type} == {*KINDS}
    for kind in KINDS:
        assert task.random_by_type[kind] < searcher_of_all([episode(task.id, kind, notes=True)]) <= task.best_success


def test_only_tasks_that_hide_something_have_one():
    assert {task.id.split("/")[1].split("-")[0] for task in MEASURED} == {"Household", "ALFWorld"}


def test_it_is_the_mean_over_what_was_played():
    task = TASKS["vlm_gym/Household-v1"]
    kinds = ("two", "two", "heat")
    expected = sum(task.searcher_by_type[kind] for kind in kinds) / 3
    assert searcher_of_all([episode(task.id, kind) for kind in kinds]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("task", "kind", "arguments"),
    [
        ("vlm_gym/Household-v1", "put", {"traps": True}),
        ("vlm_gym/Household-v1", None, {}),
        ("vlm_gym/ALFWorld-ValidUnseen-v1", "put", {}),  # not measured
        ("vlm_gym/NumberLine-v0", None, {}),
        ("somebody/Gone-v0", "put", {}),
    ],
)
def test_where_it_was_not_measured_it_is_not_known(task, kind, arguments):
    assert searcher_of_all([episode("vlm_gym/Household-v1", "heat"), episode(task, kind, **arguments)]) is None


def test_the_note_says_whose_knowledge_it_is():
    tasks = [SimpleNamespace(name="A-v1", searcher=0.991), SimpleNamespace(name="B-v0", searcher=None)]
    (note,) = searcher_notes(tasks)
    assert "~99.10 % in A-v1" in note
    assert "B-v0" not in note
    assert "knows only what it has seen" in note
    assert "The ceiling there is that of a player who knows all that is hidden" in note
    assert searcher_notes(tasks[1:]) == []
