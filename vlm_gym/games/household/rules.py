"""The rules of the ALFWorld domain: what can be done in a state, and what it does.

They follow the PDDL domain of alfworld 0.4.2 to the letter, oddities included: a lamp is only ever turned on, a closed
microwave heats, and an object in two receptacles stays in one when taken from the other.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from vlm_gym.games.household.world import NOTHING, Command, HouseholdState, Treatment, World, numbers_in

T = TypeVar("T")


def closed(world: World, state: HouseholdState) -> int:
    """Return the set of receptacles that are shut."""
    return world.openable & ~state.opened


def receptacles_here(world: World, state: HouseholdState) -> tuple[int, ...]:
    """Return the receptacles within reach."""
    return world.places[state.place].receptacles


def can_open(world: World, state: HouseholdState) -> list[int]:
    """Return the receptacles here that are shut."""
    shut = closed(world, state)
    return [spot for spot in receptacles_here(world, state) if shut >> spot & 1]


def can_close(world: World, state: HouseholdState) -> list[int]:
    """Return the receptacles here that stand open and can be shut."""
    ajar = world.openable & state.opened
    return [spot for spot in receptacles_here(world, state) if ajar >> spot & 1]


def can_take(world: World, state: HouseholdState) -> list[tuple[int, int]]:
    """Return pairs of an object and the receptacle here that it can be taken from."""
    if state.hand != NOTHING:
        return []
    shut, movable, contents = closed(world, state), world.pickupable, state.contents
    spots = [spot for spot in receptacles_here(world, state) if not shut >> spot & 1]
    return [(thing, spot) for spot in spots for thing in contents[spot] if movable >> thing & 1]


def can_move_to(world: World, state: HouseholdState) -> list[int]:
    """Return the receptacles here that the object in hand can be put in or on."""
    if state.hand == NOTHING:
        return []
    shut, hand, receptacles = closed(world, state), state.hand, world.receptacles
    spots = receptacles_here(world, state)
    return [spot for spot in spots if receptacles[spot].accepts >> hand & 1 and not shut >> spot & 1]


def can_treat(world: World, state: HouseholdState, treatment: Treatment) -> list[int]:
    """Return the receptacles here that clean, heat or cool the object in hand, whatever their doors do."""
    if state.hand == NOTHING or not world.treatable[treatment] >> state.hand & 1:
        return []
    appliances = world.appliances[treatment]
    return [spot for spot in receptacles_here(world, state) if appliances >> spot & 1]


def can_use(world: World, state: HouseholdState) -> set[int]:
    """Return the objects in receptacles here that have a switch."""
    switches = world.toggleable
    if not switches:
        return set()
    spots = receptacles_here(world, state)
    return {thing for spot in spots for thing in state.contents[spot] if switches >> thing & 1}


def can_slice(world: World, state: HouseholdState) -> tuple[int, ...]:
    """Return the objects here, even behind doors, that the knife in hand can slice."""
    if state.hand == NOTHING or not world.knives >> state.hand & 1:
        return ()
    return numbers_in(world.sliceable & state.nearby[state.place])


def next_to(world: World, state: HouseholdState) -> list[int]:
    """Return the objects that `look` shows beside the receptacles here, once per receptacle that lost them.

    An object is beside a receptacle if it is at this place and was taken from the receptacle and not put back there.
    """
    spots, nearby = receptacles_here(world, state), state.nearby[state.place]
    beside = 0
    for spot in spots:
        beside |= nearby & state.removed[spot]
    return [thing for thing in numbers_in(beside) for spot in spots if state.removed[spot] >> thing & 1]


def apply(world: World, state: HouseholdState, command: Command) -> HouseholdState:
    """Return the state after an admissible command."""
    if command.verb == "go to":
        return state._replace(place=world.receptacles[command.receptacle].place)
    effect = _EFFECTS.get(command.verb)
    return state if effect is None else effect(state, command)


def _open(state: HouseholdState, command: Command) -> HouseholdState:
    return state._replace(opened=state.opened | 1 << command.receptacle)


def _close(state: HouseholdState, command: Command) -> HouseholdState:
    return state._replace(opened=state.opened & ~(1 << command.receptacle))


def _take(state: HouseholdState, command: Command) -> HouseholdState:
    thing, spot, place = command.object, command.receptacle, state.place
    left = tuple(other for other in state.contents[spot] if other != thing)
    return state._replace(
        hand=thing,
        contents=_put(state.contents, spot, left),
        nearby=_put(state.nearby, place, state.nearby[place] & ~(1 << thing)),
        removed=_put(state.removed, spot, state.removed[spot] | 1 << thing),
    )


def _move(state: HouseholdState, command: Command) -> HouseholdState:
    thing, spot, place = command.object, command.receptacle, state.place
    held = tuple(sorted({*state.contents[spot], thing}))
    return state._replace(
        hand=NOTHING,
        contents=_put(state.contents, spot, held),
        nearby=_put(state.nearby, place, state.nearby[place] | 1 << thing),
        removed=_put(state.removed, spot, state.removed[spot] & ~(1 << thing)),
    )


def _clean(state: HouseholdState, command: Command) -> HouseholdState:
    return state._replace(clean=state.clean | 1 << command.object)


def _heat(state: HouseholdState, command: Command) -> HouseholdState:
    bit = 1 << command.object
    return state._replace(hot=state.hot | bit, cool=state.cool & ~bit)


def _cool(state: HouseholdState, command: Command) -> HouseholdState:
    bit = 1 << command.object
    return state._replace(cool=state.cool | bit, hot=state.hot & ~bit)


def _use(state: HouseholdState, command: Command) -> HouseholdState:
    return state._replace(toggled=state.toggled | 1 << command.object)


def _slice(state: HouseholdState, command: Command) -> HouseholdState:
    return state._replace(sliced=state.sliced | 1 << command.object)


def _put(row: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    return (*row[:index], value, *row[index + 1 :])


_EFFECTS: Final[Mapping[str, Callable[[HouseholdState, Command], HouseholdState]]] = {
    "open": _open, "close": _close, "take": _take, "move": _move, "clean": _clean, "heat": _heat, "cool": _cool,
    "use": _use, "slice": _slice,
}  # fmt: skip
