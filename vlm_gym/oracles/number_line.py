"""NumberLine: walk straight to the target."""

from vlm_gym.games.number_line import NumberLineState


def best_action(state: NumberLineState) -> str:
    """Return the step that comes closer to the target; at the target, where the game is over, "+"."""
    return "-" if state.target < state.position else "+"


def optimal_value(state: NumberLineState) -> float:
    """Return the best achievable probability of success: from any place on the line the target can be reached."""
    return float(0 <= state.target <= state.max_position)
