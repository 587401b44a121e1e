"""Which ids can be played here: ALFWorld's games are found through $ALFWORLD_DATA, which CI sets.

Tasks that another program draws have tests of their own, against a stand-in for it. Of a ladder of harder tasks, what
is tested for all ids is tested at level 0 and at the top; `tests/test_contract.py` plays every level.
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
