"""NumberLine: walk straight to the target."""

from vlm_gym.games.number_line import NumberLineState, step_of


def best_action(state: NumberLineState) -> str:
    """Return the step that comes closer to the target; at the target, where the game is over, any."""
    return "-" if (state.target - state.position) * step_of(state, "-") > 0 else "+"


def optimal_value(state: NumberLineState) -> float:
    """Return the best achievable probability of success: from any place on the line the target can be reached."""
    return float(0 <= state.target <= state.max_position)
