"""The household games on AI2-THOR: a good next command, from what AI2-THOR knows of the room.

It is not a planner, as `household` is, and it promises less: AI2-THOR's physics may refuse what the rules allow,
and things may be out of sight where they are said to lie.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Final

from vlm_gym.games.household.generator_tables import load_tables
from vlm_gym.games.household.thor import ThorObject, ThorReceptacle, ThorState
from vlm_gym.games.household.world import Treatment

APPLIANCES: Final[dict[Treatment, str]] = {"clean": "sinkbasin", "heat": "microwave", "cool": "fridge"}


def best_action(state: ThorState) -> str | None:
    """Return a command that leads towards the goal, one of those that are admissible; None if it knows none."""
    if state.is_won:
        return None
    held = state.held
    ways = _ways_to_fetch(state) if held is None else _ways_with(state, held)
    return next((command for command in ways if command in state.admissible), None)


def _ways_to_fetch(state: ThorState) -> Iterator[str]:
    """Return commands that bring a target into the hand, the best first; those that lie here come before others."""
    wanted = [(thing, receptacle) for thing in _wanted(state) for receptacle in _near(state, thing)]
    for thing, receptacle in wanted:
        if receptacle is state.here and not receptacle.is_closed:
            yield f"take {thing.name} from {receptacle.name}"
            if thing.id in state.seen:
                yield f"examine {receptacle.name}"  # alfworld offers what it saw there when it last looked
    closed = [receptacle for _, receptacle in wanted if receptacle is state.here and receptacle.is_closed]
    elsewhere = [receptacle for _, receptacle in wanted if receptacle is not state.here]
    yield from (_approach(state, receptacle) for receptacle in closed + elsewhere)


def _wanted(state: ThorState) -> list[ThorObject]:
    """Return the targets that are still to be brought, those that are treated already first."""
    done = ""
    if state.task == "two":
        places = _of_kind(state, state.destination)
        done = max(places, key=lambda spot: _num_targets(state, spot)).id if places else ""
    targets = [thing for thing in state.objects if thing.kind == state.target and done not in thing.inside]
    return sorted(targets, key=lambda thing: thing.id not in _treated(state))


def _ways_with(state: ThorState, held: ThorObject) -> Iterator[str]:
    """Return commands that bring the goal nearer with something in the hand, the best first."""
    if held.kind != state.target:
        yield from _put(state, held, _accepting(state, held))
        return
    if state.task in APPLIANCES and held.id not in _treated(state):
        for spot in _of_kind(state, APPLIANCES[state.task]):
            yield f"{state.task} {held.name} with {spot.name}" if spot is state.here else f"go to {spot.name}"
        return
    if state.task == "look":
        yield from _light(state)
        return
    places = _of_kind(state, state.destination)
    yield from _put(state, held, sorted(places, key=lambda spot: -_num_targets(state, spot)))


def _light(state: ThorState) -> Iterator[str]:
    lamps = [thing for thing in state.objects if thing.kind == state.destination]
    yield from (f"use {lamp.name}" for lamp in lamps if lamp.id in state.seen)
    yield from (f"go to {receptacle.name}" for lamp in lamps for receptacle in _near(state, lamp))


def _put(state: ThorState, held: ThorObject, receptacles: Iterable[ThorReceptacle]) -> Iterator[str]:
    for receptacle in receptacles:
        if receptacle is state.here and not receptacle.is_closed:
            yield f"move {held.name} to {receptacle.name}"
        else:
            yield _approach(state, receptacle)


def _approach(state: ThorState, receptacle: ThorReceptacle) -> str:
    """Return the next command on the way to an open receptacle."""
    return f"open {receptacle.name}" if receptacle is state.here else f"go to {receptacle.name}"


def _treated(state: ThorState) -> frozenset[str]:
    return {"clean": state.clean, "heat": state.hot, "cool": state.cool}.get(state.task, frozenset())


def _near(state: ThorState, thing: ThorObject) -> list[ThorReceptacle]:
    """Return the receptacles that hold a thing or, for what stands on the floor, the nearest one."""
    holding = [receptacle for receptacle in state.receptacles if receptacle.id in thing.inside]
    nearest = sorted(state.receptacles, key=lambda receptacle: math.dist(receptacle.position, thing.position))
    return holding or nearest[:1]


def _of_kind(state: ThorState, kind: str) -> list[ThorReceptacle]:
    return [receptacle for receptacle in state.receptacles if receptacle.kind == kind]


def _num_targets(state: ThorState, receptacle: ThorReceptacle) -> int:
    return sum(thing.kind == state.target and receptacle.id in thing.inside for thing in state.objects)


def _accepting(state: ThorState, held: ThorObject) -> list[ThorReceptacle]:
    """Return the receptacles that a thing may be put into, the one here and those without a door first."""
    accepts = {kind.lower(): {thing.lower() for thing in things} for kind, things in load_tables().accepts.items()}
    fitting = [receptacle for receptacle in state.receptacles if held.kind in accepts.get(receptacle.kind, ())]
    return sorted(fitting, key=lambda receptacle: (receptacle is not state.here, bool(receptacle.is_closed)))
