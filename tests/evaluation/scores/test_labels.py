"""Short labels for groups of episodes."""

import itertools

import pytest

from vlm_gym.evaluation.runs.played import task_name
from vlm_gym.evaluation.scores.labels import MAX_LABEL, short_labels, table_labels, whole_names
from vlm_gym.registration import TASKS

ARGUMENTS = [
    {},
    {"max_position": 9},
    {"max_position": 9, "theme": "night"},
    {"max_position": 9, "theme": {"suits": "black", "ground": "x" * 300}},
    {"prompt": "x" * 500, "max_position": 9},
    {"prompt": "x" * 500 + "y", "max_position": 9},
    {"\u202e<b>": [1, 2, {"a": None}]},
]
NAMES = [task_name(task, arguments) for task in TASKS for arguments in ARGUMENTS]
KINDS = [f"{name}, {kind}" for name in NAMES for kind in ("heat", "pick_two")]


@pytest.mark.parametrize("names", [NAMES, KINDS, NAMES + KINDS, NAMES[:1], ["overall", *NAMES]])
def test_labels_are_short_and_unlike_all_others(names):
    labels = short_labels(names)
    assert list(labels) == names
    assert max(map(len, labels.values())) <= MAX_LABEL
    assert len(set(labels.values())) == len(names)


def test_a_label_tells_what_differs():
    names = [task_name("vlm_gym/Points24-v0", {"target": target, "face_cards": "ten"}) for target in (20, 24)]
    assert list(short_labels(names).values()) == ["Points24 target=20", "Points24 target=24"]


def test_a_group_alone_tells_all_its_arguments():
    (label,) = short_labels([task_name("vlm_gym/Points24-v0", {"target": 20, "theme": "night"})]).values()
    assert label == "Points24 target=20 theme=night"


def test_versions_are_told_where_there_are_two():
    assert short_labels(["Points24-v0", "Points24-v1", "Blackjack-v0"]) == {
        "Points24-v0": "Points24-v0",
        "Points24-v1": "Points24-v1",
        "Blackjack-v0": "Blackjack",
    }


def test_kinds_of_episodes_keep_their_kind():
    long = task_name("vlm_gym/Household-v0", {"split": "x" * 50, "image_size": 400})
    labels = short_labels([f"{long}, heat", f"{long}, cool"])
    assert all(label.endswith(name[-6:]) for name, label in labels.items())


@pytest.mark.parametrize("name", ["", " ", "{", "a {", 'a {"b": 1', "a-v", "-v1", "a, b, c", "a {}, {", "{}"])
def test_any_name_gets_a_label(name):
    assert len(short_labels([name])) == 1


def test_the_order_of_names_does_not_matter_for_what_is_told():
    names = [task_name("vlm_gym/Points24-v0", {"target": target}) for target in (1, 2, 3)]
    told = {frozenset(short_labels(order).items()) for order in itertools.permutations(names)}
    assert len(told) == 1


def test_tables_of_text_keep_names_that_have_no_arguments():
    long = task_name("vlm_gym/Points24-v0", {"target": 20})
    labels = table_labels(["overall", "Blackjack-v0", long])
    assert labels == {"overall": "overall", "Blackjack-v0": "Blackjack-v0", long: "Points24 target=20"}
    assert whole_names(labels) == [f"Points24 target=20 is {long}"]
