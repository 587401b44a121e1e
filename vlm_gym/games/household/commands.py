"""The command language: from text to a Command and back, and the sorted list of what is admissible now."""

from collections.abc import Mapping
from sys import intern
from typing import Final

from vlm_gym.games.household import rules
from vlm_gym.games.household.world import NOTHING, TREATMENTS, Command, HouseholdState, Verb, World

ALWAYS: Final[tuple[Verb, ...]] = ("help", "inventory", "look")
_ONE_RECEPTACLE: Final[Mapping[str, Verb]] = {"go to": "go to", "open": "open", "close": "close"}
_OBJECT_AND_RECEPTACLE: Final[Mapping[str, tuple[Verb, str]]] = {
    "take": ("take", " from "), "move": ("move", " to "), "clean": ("clean", " with "), "heat": ("heat", " with "),
    "cool": ("cool", " with "),
}  # fmt: skip


def admissible(world: World, state: HouseholdState) -> tuple[str, ...]:
    """Return every command that is possible now, sorted, as TextWorld lists them."""
    texts = [*ALWAYS, *world.places[state.place].departures]
    texts.extend(_about_receptacles(world, state))
    texts.extend(_about_hand(world, state))
    things, spots = world.objects, world.receptacles
    texts.extend([f"take {things[thing].name} from {spots[spot].name}" for thing, spot in rules.can_take(world, state)])
    texts.extend([f"use {things[thing].name}" for thing in rules.can_use(world, state)])
    texts.sort()
    return tuple(texts)


def departure(name: str) -> str:
    """Return the command that goes to a receptacle."""
    return intern(f"go to {name}")


def parse(world: World, text: str) -> Command | None:
    """Return the command that `text` is exactly, apart from space around it; None if this game has none like it."""
    text = text.strip()
    if text in ALWAYS:
        return Command(text)
    verb, _, rest = text.partition(" ")
    if verb == "go" and rest.startswith("to "):
        verb, rest = "go to", rest[3:]
    if verb in _ONE_RECEPTACLE:
        spot = world.receptacle_numbers.get(rest)
        return None if spot is None else Command(_ONE_RECEPTACLE[verb], receptacle=spot)
    if verb in _OBJECT_AND_RECEPTACLE:
        return _parse_pair(world, verb, rest)
    return _parse_object(world, verb, rest)


def receptacle_beside(world: World, text: str) -> int | None:
    """Return the receptacle in a command about an object and a receptacle, whatever the object is; None elsewhere."""
    verb, _, rest = text.strip().partition(" ")
    if verb not in _OBJECT_AND_RECEPTACLE:
        return None
    return world.receptacle_numbers.get(rest.partition(_OBJECT_AND_RECEPTACLE[verb][1])[2])


def format_command(world: World, command: Command) -> str:
    """Return the text of a command."""
    thing = world.objects[command.object].name if command.object != NOTHING else ""
    spot = world.receptacles[command.receptacle].name if command.receptacle != NOTHING else ""
    if command.verb == "slice":
        return f"slice {thing} with {world.objects[command.tool].name}"
    if command.verb in _OBJECT_AND_RECEPTACLE:
        return f"{command.verb} {thing}{_OBJECT_AND_RECEPTACLE[command.verb][1]}{spot}"
    return f"{command.verb} {thing}{spot}".rstrip()


def _about_receptacles(world: World, state: HouseholdState) -> list[str]:
    spots = world.receptacles
    texts = [f"examine {spots[spot].name}" for spot in rules.receptacles_here(world, state)]
    texts.extend([f"open {spots[spot].name}" for spot in rules.can_open(world, state)])
    texts.extend([f"close {spots[spot].name}" for spot in rules.can_close(world, state)])
    return texts


def _about_hand(world: World, state: HouseholdState) -> list[str]:
    if state.hand == NOTHING:
        return []
    name, things, spots = world.objects[state.hand].name, world.objects, world.receptacles
    texts = [f"examine {name}"]
    texts.extend([f"move {name} to {spots[spot].name}" for spot in rules.can_move_to(world, state)])
    for treatment in TREATMENTS:
        texts.extend(
            [f"{treatment} {name} with {spots[spot].name}" for spot in rules.can_treat(world, state, treatment)]
        )
    texts.extend([f"slice {things[thing].name} with {name}" for thing in rules.can_slice(world, state)])
    return texts


def _parse_pair(world: World, verb: str, rest: str) -> Command | None:
    known, separator = _OBJECT_AND_RECEPTACLE[verb]
    thing_name, _, spot_name = rest.partition(separator)
    thing, spot = world.object_numbers.get(thing_name), world.receptacle_numbers.get(spot_name)
    return None if thing is None or spot is None else Command(known, thing, spot)


def _parse_object(world: World, verb: str, rest: str) -> Command | None:
    if verb == "slice":
        return _parse_slice(world, rest)
    thing = world.object_numbers.get(rest)
    if verb == "use":
        return None if thing is None else Command("use", thing)
    if verb != "examine":
        return None
    spot = world.receptacle_numbers.get(rest)
    if spot is not None:
        return Command("examine", receptacle=spot)
    return None if thing is None else Command("examine", thing)


def _parse_slice(world: World, rest: str) -> Command | None:
    thing_name, _, tool_name = rest.partition(" with ")
    thing, tool = world.object_numbers.get(thing_name), world.object_numbers.get(tool_name)
    return None if thing is None or tool is None else Command("slice", thing, tool=tool)
