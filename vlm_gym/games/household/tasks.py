"""The six tasks: their sentences, their goals as PDDL, how many of its conditions a state meets, and dead ends."""

import re
from collections.abc import Sequence
from numbers import Integral
from typing import Final, NamedTuple

from vlm_gym.errors import ConfigError, did_you_mean
from vlm_gym.games.household.world import NOTHING, TREATMENTS, HouseholdState, TaskType, World

TASK_TYPES: Final[tuple[TaskType, ...]] = ("put", "look", "clean", "heat", "cool", "two")
ALFWORLD_NAMES: Final[dict[TaskType, str]] = {
    "put": "pick_and_place_simple",
    "look": "look_at_obj_in_light",
    "clean": "pick_clean_then_place_in_recep",
    "heat": "pick_heat_then_place_in_recep",
    "cool": "pick_cool_then_place_in_recep",
    "two": "pick_two_obj_and_place",
}  # how ALFWorld calls the tasks, in folder names and papers; its configurations number them from 1, in this order
SENTENCES: Final[dict[TaskType, tuple[str, str]]] = {
    "put": ("put a {target} in {destination}.", "put some {target} on {destination}."),
    "look": ("look at {target} under the {destination}.", "examine the {target} with the {destination}."),
    "clean": ("put a clean {target} in {destination}.", "clean some {target} and put it in {destination}."),
    "heat": ("put a hot {target} in {destination}.", "heat some {target} and put it in {destination}."),
    "cool": ("put a cool {target} in {destination}.", "cool some {target} and put it in {destination}."),
    "two": ("put two {target} in {destination}.", "find two {target} and put them in {destination}."),
}
NUM_CONDITIONS: Final[dict[TaskType, int]] = {"put": 1, "look": 2, "clean": 3, "heat": 3, "cool": 3, "two": 2}

_TASK_OF_NAME: Final[dict[str, TaskType]] = {
    **{task: task for task in TASK_TYPES},
    **{name: task for task, name in ALFWORLD_NAMES.items()},
}
_TREATED_GOAL: Final = (
    "(:goal (and (exists (?r - receptacle) (exists (?o - object) (and ({able} ?o) (objecttype ?o {target}type) "
    "(receptacletype ?r {destination}type) ({done} ?o) (inreceptacle ?o ?r))))))"
)
GOALS: Final[dict[TaskType, str]] = {
    "put": (
        "(:goal (and (exists (?r - receptacle) (exists (?o - object) (and (inreceptacle ?o ?r) "
        "(objecttype ?o {target}type) (receptacletype ?r {destination}type))))))"
    ),
    "look": (
        "(:goal (and (exists (?ot - object ?r - receptacle ?a - agent ?l - location) (and "
        "(objecttype ?ot {destination}type) (toggleable ?ot) (istoggled ?ot) (receptacleatlocation ?r ?l) "
        "(atlocation ?a ?l) (inreceptacle ?ot ?r))) "
        "(exists (?o - object ?a - agent) (and (objecttype ?o {target}type) (holds ?a ?o)))))"
    ),
    "clean": _TREATED_GOAL.replace("{able}", "cleanable").replace("{done}", "isclean"),
    "heat": _TREATED_GOAL.replace("{able}", "heatable").replace("{done}", "ishot"),
    "cool": _TREATED_GOAL.replace("{able}", "coolable").replace("{done}", "iscool"),
    "two": (
        "(:goal (and (exists (?r - receptacle) (exists (?o1 - object) (and (objecttype ?o1 {target}type) "
        "(receptacletype ?r {destination}type) (inreceptacle ?o1 ?r) (exists (?o2 - object) (and (not (= ?o1 ?o2)) "
        "(objecttype ?o2 {target}type) (receptacletype ?r {destination}type) (inreceptacle ?o2 ?r))))))))"
    ),
}  # lower-cased PDDL, of which `{target}type` and `{destination}type` vary


def read_task_type(name: str, value: object) -> TaskType:
    """Return the task type that an argument means: ours ("heat"), ALFWorld's name for it, or its number, 1 to 6.

    Raises ConfigError, which calls the argument `name`, for anything else.
    """
    if isinstance(value, str) and value in _TASK_OF_NAME:
        return _TASK_OF_NAME[value]
    if not isinstance(value, bool) and isinstance(value, Integral) and 1 <= int(value) <= len(TASK_TYPES):
        return TASK_TYPES[int(value) - 1]
    known = ", ".join(f"{task!r} ({i}, {ALFWORLD_NAMES[task]!r})" for i, task in enumerate(TASK_TYPES, start=1))
    raise ConfigError(f"{name} must be one of {known}; got {value!r}.{did_you_mean(value, _TASK_OF_NAME)}")


def read_task_types(values: object) -> tuple[TaskType, ...]:
    """Return the task types of the argument `task_types`, each in any form of `read_task_type`; at least one."""
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise ConfigError(f"task_types must be a sequence of {', '.join(TASK_TYPES)}; got {values!r}")
    return tuple(read_task_type("task_types", value) for value in values)


class GoalKinds(NamedTuple):
    """A goal in words: the task, the kind of its target, and the kind of receptacle or lamp."""

    task: TaskType
    target: str
    destination: str


def sentences(goal: GoalKinds) -> tuple[str, str]:
    """Return the two sentences that ALFWorld uses for a task, without "Your task is to: "."""
    first, second = (text.format(target=goal.target, destination=goal.destination) for text in SENTENCES[goal.task])
    return first, second


def goal_pddl(goal: GoalKinds) -> str:
    """Return the `(:goal ...)` section of a problem file, in lower case."""
    return GOALS[goal.task].format(target=goal.target, destination=goal.destination)


def read_goal(section: str) -> GoalKinds | None:
    """Return the goal that a lower-cased `(:goal ...)` section is, in any layout; None if it is none of the six."""
    text = " ".join(section.split()).replace("( ", "(").replace(" )", ")")
    for task, pattern in _PATTERNS.items():
        match = pattern.match(text)
        if match is not None:
            return GoalKinds(task, match["target"], match["destination"])
    return None


def conditions_met(world: World, state: HouseholdState) -> int:
    """Return how many of the NUM_CONDITIONS of the task hold now."""
    goal = world.goal
    if goal.task == "look":
        return (state.hand != NOTHING and goal.targets >> state.hand & 1) + _is_lamp_lit_here(world, state)
    if goal.task == "two":
        return min(2, max((_num_targets(world, state, spot) for spot in goal.receptacles), default=0))
    if goal.task == "put":
        return int(_targets_in_place(world, state) != 0)
    placed, treated = _targets_in_place(world, state), goal.targets & _treated(state, goal.task)
    return bool(placed) + bool(treated) + bool(placed & treated)


def progress(world: World, state: HouseholdState) -> float:
    """Return the share of the goal's conditions that hold: 1.0 exactly when the game is won."""
    return conditions_met(world, state) / NUM_CONDITIONS[world.goal.task]


def is_won(world: World, state: HouseholdState) -> bool:
    """Return whether the goal holds."""
    return conditions_met(world, state) == NUM_CONDITIONS[world.goal.task]


def is_stuck(world: World, state: HouseholdState) -> bool:
    """Return whether no commands can win any more: the hand holds what fits nowhere, and the goal needs a free hand.

    TextWorld never says so. Exact for every game that can be won from its start.
    """
    hand = state.hand
    if hand == NOTHING or any(receptacle.accepts >> hand & 1 for receptacle in world.receptacles):
        return False
    return not is_won(world, state) and not _can_win_holding(world, state)


def _can_win_holding(world: World, state: HouseholdState) -> bool:
    goal, bit = world.goal, 1 << state.hand
    if goal.task == "look":
        lamps = [thing for things in state.contents for thing in things if goal.lamps >> thing & 1]
        return bool(goal.targets & bit and lamps)
    for treatment in TREATMENTS:
        if goal.task == treatment and world.treatable[treatment] & bit and world.appliances[treatment]:
            return bool(_targets_in_place(world, state) & bit)
    return False


def _is_lamp_lit_here(world: World, state: HouseholdState) -> bool:
    lit = world.goal.lamps & state.toggled
    if not lit:
        return False
    here = world.places[state.place].receptacles
    return any(lit >> thing & 1 for spot in here for thing in state.contents[spot])


def _num_targets(world: World, state: HouseholdState, spot: int) -> int:
    targets = world.goal.targets
    return sum(targets >> thing & 1 for thing in state.contents[spot])


def _targets_in_place(world: World, state: HouseholdState) -> int:
    targets, placed = world.goal.targets, 0
    for spot in world.goal.receptacles:
        for thing in state.contents[spot]:
            placed |= 1 << thing & targets
    return placed


def _treated(state: HouseholdState, task: TaskType) -> int:
    return state.clean if task == "clean" else state.hot if task == "heat" else state.cool


def _pattern(goal: str) -> re.Pattern[str]:
    """Return a pattern for a goal: the first place of each kind captures it, the others repeat it."""
    escaped = re.escape(goal)
    for name in ("target", "destination"):
        placeholder = re.escape("{" + name + "}")
        escaped = escaped.replace(placeholder, f"(?P<{name}>[a-z0-9]+)", 1).replace(placeholder, f"(?P={name})")
    return re.compile(escaped)


_PATTERNS: Final = {task: _pattern(goal) for task, goal in GOALS.items()}
