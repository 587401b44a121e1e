"""Which ids can be played here: ALFWorld's games are found through $ALFWORLD_DATA, which CI sets."""

from vlm_gym.errors import DataNotFoundError
from vlm_gym.games.household.splits import list_games
from vlm_gym.registration import TASKS


def is_at_hand(task):
    """Whether the games that a task needs are on this machine."""
    try:
        return not task.needs_data or bool(list_games(split=task.arguments.get("split", "train")))
    except DataNotFoundError:
        return False


PLAYABLE_IDS = tuple(task.id for task in TASKS.values() if is_at_hand(task))
