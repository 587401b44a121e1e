"""Why a command is not possible now, in words for the player, which never tell where a hidden thing is."""

from collections.abc import Sequence
from typing import Final

from vlm_gym.games.household import commands, rules
from vlm_gym.games.household.world import NOTHING, Command, HouseholdState, World

_NEED_OPEN_DOORS: Final = ("take ", "move ")


def refusal(world: World, state: HouseholdState, text: str, admissible: Sequence[str] | None = None) -> str | None:
    """Return the rule that a command breaks, or None if it is admissible; who knows those that are can pass them."""
    text = text.strip()
    if text in (commands.admissible(world, state) if admissible is None else admissible):
        return None
    reason = _about_place(world, state, text)
    if reason is not None:
        return reason
    command = commands.parse(world, text)
    if command is None or not _is_in_sight(world, state, command):
        return f"{text[:80]!r} is no command, or names something that is not in sight"
    return _broken_rule(world, state, command)


def _about_place(world: World, state: HouseholdState, text: str) -> str | None:
    """Return why nothing can be taken from or put to the receptacle in a command, whatever the object is."""
    spot = commands.receptacle_beside(world, text)
    if spot is None:
        return None
    name = world.receptacles[spot].name
    if world.receptacles[spot].place != state.place:
        return f"you are not at {name}"
    is_behind_a_door = text.startswith(_NEED_OPEN_DOORS) and rules.closed(world, state) >> spot & 1
    return f"{name} is closed" if is_behind_a_door else None


def _is_in_sight(world: World, state: HouseholdState, command: Command) -> bool:
    """Return whether the player sees the objects that a command names."""
    shut = rules.closed(world, state)
    spots = [spot for spot in rules.receptacles_here(world, state) if not shut >> spot & 1]
    seen = {state.hand, *rules.next_to(world, state), *(thing for spot in spots for thing in state.contents[spot])}
    return {command.object, command.tool} <= seen | {NOTHING}


def _broken_rule(world: World, state: HouseholdState, command: Command) -> str:
    if command.verb == "go to":
        return f"you are at {_spot(world, command)} already"
    if command.verb in ("use", "slice", "examine") and command.receptacle == NOTHING:
        return _about_object(world, state, command)
    if world.receptacles[command.receptacle].place != state.place:
        return f"you are not at {_spot(world, command)}"
    if command.verb in ("open", "close"):
        return _about_door(world, command)
    return _about_taking(world, state, command) if command.verb == "take" else _about_hand(world, state, command)


def _about_object(world: World, state: HouseholdState, command: Command) -> str:
    name = world.objects[command.object].name
    if command.verb == "examine":
        return f"you do not carry {name}: only what is in your hand and the receptacles where you stand can be examined"
    if command.verb == "use":
        return f"there is no {name} here that could be turned on"
    if state.hand != command.tool or not world.knives >> command.tool & 1:
        return "slicing needs a knife in your hand"
    return f"there is no {name} here that could be sliced"


def _about_door(world: World, command: Command) -> str:
    if not world.openable >> command.receptacle & 1:
        return f"{_spot(world, command)} cannot be opened or closed"
    return f"{_spot(world, command)} is {'open' if command.verb == 'open' else 'closed'} already"


def _about_taking(world: World, state: HouseholdState, command: Command) -> str:
    name = world.objects[command.object].name
    if state.hand != NOTHING:
        return f"your hand is not empty: you carry {world.objects[state.hand].name}"
    if command.object in state.contents[command.receptacle]:
        return f"{name} cannot be picked up"
    return f"there is no {name} in or on {_spot(world, command)}"


def _about_hand(world: World, state: HouseholdState, command: Command) -> str:
    name = world.objects[command.object].name
    if state.hand != command.object:
        return f"you do not carry {name}"
    if command.verb != "move":
        return f"{_spot(world, command)} does not {command.verb} {name}"
    return f"{name} does not belong in or on {_spot(world, command)}"


def _spot(world: World, command: Command) -> str:
    return world.receptacles[command.receptacle].name
