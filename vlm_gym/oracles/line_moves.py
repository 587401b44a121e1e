"""NumberLine with other moves: the shortest way, by breadth-first search, and how often random play succeeds. Exact."""

import numpy as np
import numpy.typing as npt

from vlm_gym.games.line_moves import LineMoves
from vlm_gym.games.number_line import NumberLineState

Chances = npt.NDArray[np.float64]
"""(targets, positions): the probability of success from each position to each target."""


def best_action(moves: LineMoves, state: NumberLineState) -> str | None:
    """Return the first move of a shortest way; None if the target cannot be reached with the moves that are left."""
    if not optimal_value(moves, state):
        return None
    return min(moves.legal_actions(state), key=lambda name: _distance_after(moves, state, name))


def optimal_value(moves: LineMoves, state: NumberLineState) -> float:
    """Return 1 if the target can be reached with the moves that are left, else 0."""
    distance = moves.distance(state.position, state.target)
    return float(distance is not None and state.moves_left is not None and distance <= state.moves_left)


def shortest_way(moves: LineMoves, state: NumberLineState) -> tuple[tuple[str, int], ...]:
    """Return the moves of a shortest way, each with the place to which it leads; none if too few moves are left."""
    way: list[tuple[str, int]] = []
    while not state.is_solved and (action := best_action(moves, state)) is not None:
        state = moves.move(state, action).state
        way.append((action, state.position))
    return tuple(way)


def random_success(moves: LineMoves, least_moves: int, spare_moves: int, turns: int) -> float:
    """Return the probability that uniformly random moves reach the target from a random start within `turns`.

    A move that is not possible uses up a turn, and none of the moves that are left.
    """
    starts = moves.starts(least_moves)
    budgets = [(moves.distance(*start) or 0) + spare_moves for start in starts]
    chances = _random_chances(moves, max(budgets), turns)
    found = (chances[left][target, position] for (position, target), left in zip(starts, budgets, strict=True))
    return float(sum(found)) / len(starts)


def _random_chances(moves: LineMoves, most_left: int, turns: int) -> list[Chances]:
    """Return the chances of random play within `turns` for each number of moves left, from none up."""
    size = moves.max_position + 1
    places, is_target = np.arange(size), np.eye(size, dtype=bool)
    led = [np.array([moves.after(place, name) or 0 for place in places.tolist()]) for name in moves.names]
    legal = [np.array([moves.after(place, name) is not None for place in places.tolist()]) for name in moves.names]
    chances = [np.zeros((size, size)) for _ in range(most_left + 1)]
    for _ in range(turns):
        later = [np.zeros((size, size))]
        for left in range(1, most_left + 1):
            arrived = np.where(is_target, 1.0, chances[left - 1])
            each = [np.where(can, arrived[:, to], chances[left]) for to, can in zip(led, legal, strict=True)]
            later.append(np.mean(each, axis=0))
        chances = later
    return chances


def _distance_after(moves: LineMoves, state: NumberLineState, name: str) -> int:
    position = moves.after(state.position, name)
    distance = None if position is None else moves.distance(position, state.target)
    return moves.max_position + 1 if distance is None else distance
