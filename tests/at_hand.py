"""Which ids can be played here: ALFWorld's games are found through $ALFWORLD_DATA, which CI sets.

Tasks that another program draws have tests of their own, against a stand-in for it. `tests/test_contract.py` plays
every id and every level of a ladder. What differs from id to id is tested for `PLAYABLE_IDS`: of a ladder, level 0 and
the top. What only differs from game to game (how it is told, recorded, wrapped, played side by side) is tested for
`ONE_OF_EACH_KIND`: the first id of each class, and the top of a ladder of each; and where that takes processes or other
packages, for `ONE_OF_EACH_CLASS`.
"""

from vlm_gym.errors import DataNotFoundError
from vlm_gym.games.household.splits import list_games
from vlm_gym.ladders import ladders
from vlm_gym.registration import TASKS


def is_at_hand(task):
    """Whether this package plays a task by itself, and its games are on this machine."""
    if task.setup:
        return False
    try:
        return not task.needs_data or bool(list_games(split=task.arguments.get("split", "train")))
    except DataNotFoundError:
        return False


EVERY_ID = tuple(task.id for task in TASKS.values() if is_at_hand(task))
MIDDLE_LEVELS = {task.id for ladder in ladders() for task in ladder.tasks[1:-1]}
PLAYABLE_IDS = tuple(name for name in EVERY_ID if name not in MIDDLE_LEVELS)
KINDS = {(TASKS[name].entry, TASKS[name].axis): name for name in reversed(PLAYABLE_IDS)}
ONE_OF_EACH_KIND = tuple(reversed(KINDS.values()))
ONE_OF_EACH_CLASS = tuple(name for name in ONE_OF_EACH_KIND if not TASKS[name].axis)
