"""The six tasks: goals, progress step by step, and dead ends against a search of all states."""

import pytest

from vlm_gym.games.household import tasks
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.problem import parse_problem
from vlm_gym.games.household.splits import task_of_folder
from vlm_gym.games.household.tasks import TASK_TYPES, GoalKinds

KINDS_OF_TASK = {
    "put": ("apple", "shelf"), "look": ("mug", "desklamp"), "clean": ("apple", "shelf"), "heat": ("mug", "shelf"),
    "cool": ("potato", "desk"), "two": ("apple", "desk"),
}  # fmt: skip
CHANGING = ("go", "take", "move", "clean", "heat", "cool", "use")  # all but doors


@pytest.mark.parametrize("task", TASK_TYPES)
def test_a_goal_is_read_back_in_any_layout(task):
    kinds = GoalKinds(task, "apple", "garbagecan")
    spread = tasks.goal_pddl(kinds).replace("(", "\n ( ").replace(")", " )\n ")
    assert tasks.read_goal(spread) == kinds


def test_other_goals_are_none_of_the_six():
    assert tasks.read_goal("(:goal (and (holds agent1 apple)))") is None


def test_the_official_sentences_follow_from_the_goal(seen_games):
    for path in seen_games:
        goal, sentence = load_game(path).goal, load_game(path).sentence
        assert goal.task == task_of_folder(path.parts[-3])
        assert sentence in tasks.sentences(GoalKinds(goal.task, goal.target, goal.destination))


@pytest.mark.parametrize(
    ("task", "commands", "shares"),
    [
        ("put", ["take apple 1 from desk 1", "go to shelf 1", "move apple 1 to shelf 1"], [0, 0, 1]),
        ("look", ["use desklamp 1", "take mug 1 from desk 1", "go to shelf 1", "go to desk 1"], [1 / 2, 1, 1 / 2, 1]),
        ("two", ["look", "go to fridge 1", "open fridge 1", "take apple 2 from fridge 1", "go to desk 1",
                 "move apple 2 to desk 1"], [1 / 2, 1 / 2, 1 / 2, 1 / 2, 1 / 2, 1]),
        ("heat", ["take mug 1 from desk 1", "go to fridge 1", "heat mug 1 with microwave 1", "cool mug 1 with fridge 1",
                  "heat mug 1 with microwave 1", "go to shelf 1", "move mug 1 to shelf 1"],
         [0, 0, 1 / 3, 0, 1 / 3, 1 / 3, 1]),
        ("cool", ["take potato 1 from desk 1", "go to fridge 1", "cool potato 1 with fridge 1",
                  "heat potato 1 with microwave 1", "cool potato 1 with fridge 1", "go to desk 1",
                  "move potato 1 to desk 1"], [0, 0, 1 / 3, 0, 1 / 3, 1 / 3, 1]),
    ],
)  # fmt: skip
def test_progress_is_the_share_of_conditions(make_game, task, commands, shares):
    game = make_game(task, *KINDS_OF_TASK[task])
    game.step("go to desk 1")
    for command, share in zip(commands, shares, strict=True):
        assert command in game.admissible
        game.step(command)
        assert (game.progress, game.is_won) == (pytest.approx(share), share == 1), command


def _key(state):
    """What of a state decides what can still be won: all but what only the texts tell, and doors."""
    return state._replace(removed=(), nearby=(), sliced=0, opened=0)


def _states(game):
    """Every state that the game can come to with all doors open, with those one command away."""
    successors, open_states = {}, [game.state._replace(opened=game.world.openable)]
    while open_states:
        state = open_states.pop()
        if _key(state) in successors:
            continue
        reached = successors[_key(state)] = []
        game.restore(state)
        for command in (command for command in game.admissible if command.startswith(CHANGING)):
            game.restore(state)
            game.step(command)
            reached.append(_key(game.state))
            open_states.append(game.state)
    return successors


@pytest.mark.parametrize("task", TASK_TYPES)
@pytest.mark.parametrize("target", ["usual", "boots"])
def test_stuck_means_that_no_state_to_come_is_won(make_game, task, target):
    kind, destination = KINDS_OF_TASK[task]
    contents = {"shelf": ["boots1", f"{kind}1"], "sinkbasin": [f"{kind}1"], "desk": ["desklamp1"]}
    if task == "two":
        contents = {"shelf": ["boots1", f"{kind}1"], "desk": [f"{kind}2"]}
    game = make_game(task, kind if target == "usual" else "boots", destination, contents)
    check_every_state(game)


def test_what_fits_nowhere_can_win_where_it_was_left(make_problem):
    contents = {"shelf": ["apple1"], "sinkbasin": ["apple1"], "desk": ["cd1"]}
    facts = make_problem("clean", "apple", "shelf", contents).splitlines()
    problem = "\n".join(fact for fact in facts if "canContain" not in fact or "apple" not in fact)
    game = HouseholdGame(parse_problem(problem, "."))
    check_every_state(game)
    game.reset()
    for command in ("go to sinkbasin 1", "take apple 1 from sinkbasin 1"):
        game.step(command)
    assert not game.is_stuck
    game.step("clean apple 1 with sinkbasin 1")
    assert game.is_won


def check_every_state(game):
    successors = _states(game)
    winnable = {state for state in successors if tasks.is_won(game.world, state)}
    if not winnable:
        return  # then nothing is won from the start either: `is_stuck` speaks of games that can be
    while more := {state for state, reached in successors.items() if state not in winnable and winnable & {*reached}}:
        winnable |= more
    for state in successors:
        assert tasks.is_stuck(game.world, state) == (state not in winnable), state


def test_boots_in_hand_are_a_dead_end_that_the_mask_does_not_hide(make_game):
    game = make_game("put", "apple", "shelf")
    assert not game.is_stuck
    game.step("go to shelf 1")
    game.step("take boots 1 from shelf 1")
    assert game.is_stuck
    assert not [command for command in game.admissible if command.startswith("move ")]
