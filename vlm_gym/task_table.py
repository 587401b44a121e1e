"""The tasks of this package."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from vlm_gym.task import Example, Task, TurnLimit

_NUMBER_LINE: Final = Task(
    id="vlm_gym/NumberLine-v0",
    entry="vlm_gym.envs.number_line:NumberLineEnv",
    summary="walk along a number line to a target",
    turn_limit=TurnLimit(2, "max_position"),
    num_actions=2,
    random_success=0.597917,
    best_success=1.0,
    arguments={"max_position": 5},
    random_positive_return=0.26875,
    harmless=("seeing",),
    example=Example({"position": 0, "target": 4}),
)
_EZPOINTS: Final = Task(
    id="vlm_gym/EZPoints-v0",
    entry="vlm_gym.envs.points:PointsEnv",
    summary="make 12 out of two cards, a token a turn",
    turn_limit=TurnLimit(3, "num_cards"),
    num_actions=13,
    random_success=8.43981e-4,
    best_success=1.0,
    arguments={"target": 12, "num_cards": 2, "symbols": "+*=", "solvable": True},
    harmless=("seeing",),
    example=Example({"cards": ["7C", "5H"]}),
)
_POINTS24: Final = Task(
    id="vlm_gym/Points24-v0",
    entry="vlm_gym.envs.points:PointsEnv",
    summary="make 24 out of four cards, a token a turn",
    turn_limit=TurnLimit(5, "num_cards"),
    num_actions=17,
    random_success=1.224167e-5,
    best_success=20876 / 28561,
    arguments={"target": 24, "num_cards": 4},
    harmless=("seeing",),
    example=Example({"cards": ["QH", "4S", "8D", "KC"]}),
)
_EZPOINTS_FORMULA: Final = replace(
    _EZPOINTS,
    id="vlm_gym/EZPointsFormula-v0",
    entry="vlm_gym.envs.points:PointsFormulaEnv",
    summary="make 12 out of two cards, in one answer",
    turn_limit=TurnLimit(1, "attempts"),
    num_actions=None,
    random_success=37 / 3800,
    arguments={**_EZPOINTS.arguments, "attempts": 1, "parser": "json"},
    example=Example({"cards": ["3D", "4S"]}, {"attempts": 2}, ("3 + 4",)),
)
_POINTS24_FORMULA: Final = replace(
    _POINTS24,
    id="vlm_gym/Points24Formula-v0",
    entry="vlm_gym.envs.points:PointsFormulaEnv",
    summary="make 24 out of four cards, in one answer",
    turn_limit=TurnLimit(1, "attempts"),
    num_actions=None,
    random_success=8.842204e-6,
    arguments={**_POINTS24.arguments, "attempts": 1, "parser": "json"},
    example=Example({"cards": ["3C", "8H", "AS", "6D"]}, {"attempts": 2}, ("3 + 8 + 1 + 6",)),
)
_BLACKJACK: Final = Task(
    id="vlm_gym/Blackjack-v0",
    entry="vlm_gym.envs.blackjack:BlackjackEnv",
    summary="beat the dealer",
    turn_limit=21,
    num_actions=2,
    random_success=0.280611,
    best_success=0.431630,
    harmless=("seeing",),
    example=Example({"player": ["10H", "6S"], "dealer": ["9C", "QD"]}),
)

_HOUSEHOLD: Final = Task(
    id="vlm_gym/Household-v0",
    entry="vlm_gym.envs.household.generated:HouseholdEnv",
    summary="do a household task in a generated home",
    turn_limit=50,
    num_actions=128,
    random_success=0.0056,
    best_success=1.0,
    is_random_measured=True,
    random_by_type={"put": 0.0134, "look": 0.0228, "clean": 0.0001, "heat": 0, "cool": 0, "two": 0},
    searcher_by_type={"put": 0.9991, "look": 1, "clean": 0.9984, "heat": 0.9969, "cool": 0.9994, "two": 0.9962},
    harmless=("version", "labels", "include_admissible", "progress_reward", "notes"),
    example=Example({"task_type": "heat"}),
    least_image_size=224,
)
_ALFWORLD: Final = replace(
    _HOUSEHOLD,
    id="vlm_gym/ALFWorld-v0",
    entry="vlm_gym.envs.household.alfworld:ALFWorldEnv",
    summary="do a household task in a game of ALFWorld, from the training split",
    random_success=0.0051,
    random_by_type={"put": 0.0124, "look": 0.0233, "clean": 0.0006, "heat": 0.0002, "cool": 0, "two": 0},
    searcher_by_type=dict.fromkeys(_HOUSEHOLD.random_by_type, 1.0),
    harmless=(*_HOUSEHOLD.harmless, "order"),
    example=Example(),
    needs_data=True,
)


def _in_thor(task: Task, summary: str) -> Task:
    """Return a task of ALFWorld played on AI2-THOR: neither its floor nor its ceiling has been measured."""
    return replace(
        task,
        id=task.id.replace("ALFWorld", "ALFWorldThor"),
        summary=summary,
        arguments={**task.arguments, "engine": "thor"},
        random_success=None,
        best_success=None,
        is_random_measured=False,
        random_by_type={},
        searcher_by_type={},
        example=None,
        setup="vlm_gym.envs.household.thor_setup:problems",
        least_image_size=84,
        same_games=task.id,
    )


_UNSEEN_SEARCHED: Final = {"put": 0.999, "look": 1, "clean": 0.9974, "heat": 0.9986, "cool": 0.9955, "two": 0.9965}
_FACE_RANK: Final = {"face_cards": "rank"}
_BLACK_SUITS: Final = {"theme": {"suits": "black"}}
_SOLVABLE: Final = {"solvable": True}
_FACE_RANK_WORDS: Final = "the same; J, Q, K count 11, 12, 13"
_BLACK_SUITS_WORDS: Final = "the same with all suits black"
_SOLVABLE_WORDS: Final = "the same; every deal has a solution"

_ALFWORLD_SEEN: Final = _ALFWORLD.variant(
    "ALFWorld-ValidSeen-v0",
    "the same, every game of valid_seen once",
    {"split": "valid_seen", "order": "sequential"},
    random_success=0.0059,
    random_by_type={"put": 0.0127, "look": 0.0225, "clean": 0.0004, "heat": 0, "cool": 0.0002, "two": 0.0003},
    searcher_by_type=_ALFWORLD.searcher_by_type,
)
_ALFWORLD_UNSEEN: Final = _ALFWORLD.variant(
    "ALFWorld-ValidUnseen-v0",
    "the same, every game of valid_unseen once",
    {"split": "valid_unseen", "order": "sequential"},
    random_success=0.0036,  # 95 % interval 0.26 to 0.50 %; 0.32 % pooled over 180,900 episodes of more seeds
)

_FIRST_VERSIONS: Final[Mapping[str, Task]] = {
    task.id: task
    for task in (
        _NUMBER_LINE,
        _NUMBER_LINE.variant(
            "NumberLine-Long-v0", "the same on a line to 20", {"max_position": 20}, random_success=0.391393
        ),
        _NUMBER_LINE.variant("NumberLine-Night-v0", "the same in dark colours", {"theme": "night"}),
        _EZPOINTS,
        _EZPOINTS.variant(
            "EZPoints-FaceRank-v0", _FACE_RANK_WORDS, _FACE_RANK, num_actions=16, random_success=3.80628e-4
        ),
        _EZPOINTS.variant("EZPoints-BlackSuits-v0", _BLACK_SUITS_WORDS, _BLACK_SUITS),
        _EZPOINTS_FORMULA,
        _EZPOINTS_FORMULA.variant("EZPointsFormula-FaceRank-v0", _FACE_RANK_WORDS, _FACE_RANK, random_success=1 / 136),
        _POINTS24,
        _POINTS24.variant(
            "Points24-Solvable-v0", _SOLVABLE_WORDS, _SOLVABLE, random_success=1.674815e-5, best_success=1.0
        ),
        _POINTS24.variant(
            "Points24-FaceRank-v0",
            _FACE_RANK_WORDS,
            _FACE_RANK,
            num_actions=20,
            random_success=5.155587e-6,
            best_success=22615 / 28561,
        ),
        _POINTS24.variant("Points24-BlackSuits-v0", _BLACK_SUITS_WORDS, _BLACK_SUITS),
        _POINTS24_FORMULA,
        _POINTS24_FORMULA.variant(
            "Points24Formula-Solvable-v0", _SOLVABLE_WORDS, _SOLVABLE, random_success=1.209725e-5, best_success=1.0
        ),
        _POINTS24_FORMULA.variant(
            "Points24Formula-FaceRank-v0",
            _FACE_RANK_WORDS,
            _FACE_RANK,
            random_success=3.494440e-6,
            best_success=22615 / 28561,
        ),
        _BLACKJACK,
        _BLACKJACK.variant("Blackjack-BlackSuits-v0", _BLACK_SUITS_WORDS, _BLACK_SUITS),
        _BLACKJACK.variant(
            "Blackjack-SuttonBarto-v0",
            "the same by the rules of Sutton and Barto",
            {"sab": True},
            random_success=0.282333,
            best_success=0.435072,
        ),
        _HOUSEHOLD,
        _HOUSEHOLD.variant(
            "Household-Unseen-v0",
            "the same in homes and with pairs held out",
            {"split": "unseen"},
            random_success=0.0061,
            random_by_type={"put": 0.0154, "look": 0.0215, "clean": 0.0004, "heat": 0, "cool": 0, "two": 0},
            searcher_by_type=_UNSEEN_SEARCHED,
        ),
        _ALFWORLD,
        _ALFWORLD_SEEN,
        _ALFWORLD_UNSEEN,
    )
}

_SECOND_VERSIONS: Final = {
    "vlm_gym.envs.household.": "the prompt explains the symbols, nothing is hidden",
    _POINTS24_FORMULA.entry: "the prompt shows no example",
}
_REDRAWN: Final = tuple(
    task.redrawn(1, f"{task.summary}; {words}")
    for task in _FIRST_VERSIONS.values()
    for entry, words in _SECOND_VERSIONS.items()
    if task.entry.startswith(entry)
)

GYM: Final = Task(
    id="vlm_gym/Gym-v0",
    entry="vlm_gym.envs.adopted:AdoptedEnv",
    summary="any environment of Gymnasium with a picture and a few named actions",
    turn_limit=TurnLimit(1, "turns"),
    arguments={"turns": 100},
    harmless=("text", "oracle"),
    is_frame=True,
)
"""What becomes a task by its arguments."""

_PHOTOGRAPHED: Final = (
    _in_thor(_ALFWORLD, "the same on AI2-THOR, with photo-like pictures"),
    _in_thor(_ALFWORLD_SEEN, "the same on AI2-THOR, every game of valid_seen once"),
    _in_thor(_ALFWORLD_UNSEEN, "the same on AI2-THOR, every game of valid_unseen once"),
)

OWN_TASKS: Final = (*_FIRST_VERSIONS.values(), *_REDRAWN, *_PHOTOGRAPHED)
"""All of them, the first versions first, those that another program draws last."""


def own_task(name: str) -> Task:
    """Return the row of "vlm_gym/NAME"."""
    return next(task for task in OWN_TASKS if task.id == f"vlm_gym/{name}")
