"""What the game answers: every sentence, as TextWorld says it."""

from collections.abc import Mapping, Sequence
from typing import Final

from vlm_gym.games.household import rules
from vlm_gym.games.household.world import NOTHING, Command, HouseholdState, World

NOTHING_HAPPENS: Final = "Nothing happens."
WELCOME: Final = "-= Welcome to TextWorld, ALFRED! =-"
TASK_PREFIX: Final = "Your task is to: "
HELP: Final = """\
Available commands:
  look:                             look around your current location
  inventory:                        check your current inventory
  go to (receptacle):               move to a receptacle
  open (receptacle):                open a receptacle
  close (receptacle):               close a receptacle
  take (object) from (receptacle):  take an object from a receptacle
  move (object) to (receptacle):  place an object in or on a receptacle
  examine (something):              examine a receptacle or an object
  use (object):                     use an object
  heat (object) with (receptacle):  heat an object using a receptacle
  clean (object) with (receptacle): clean an object using a receptacle
  cool (object) with (receptacle):  cool an object using a receptacle
  slice (object) with (object):     slice an object using a sharp object
"""


def intro(world: World) -> str:
    """Return what a game begins with: the room and the task."""
    if world.places[world.start.place].receptacles:
        room = _look(world, world.start)
    else:
        room = _in_the_middle([receptacle.name for receptacle in world.receptacles])
    return f"{WELCOME}\n\n{room}\n\n{TASK_PREFIX}{world.sentence}"


def feedback(world: World, state: HouseholdState, command: Command) -> str:
    """Return the answer to an admissible command, given the state after it."""
    verb, spot = command.verb, command.receptacle
    if verb == "go to":
        return f"You arrive at {world.receptacles[spot].name}. {describe_receptacle(world, state, spot)}"
    if verb == "open":
        return f"You open the {world.receptacles[spot].name}. {describe_receptacle(world, state, spot)}"
    if verb == "examine":
        return _examine(world, state, command)
    if verb in _SENTENCES:
        return _fill(_SENTENCES[verb], world, command)
    if verb == "look":
        return _look(world, state)
    return HELP if verb == "help" else _inventory(world, state)


def listing(names: Sequence[str]) -> str:
    """Join names as the game does: "nothing", "a x 1", "a x 1, and a y 2", "a x 1, a y 2, and a z 3"."""
    if not names:
        return "nothing"
    if len(names) == 1:
        return f"a {names[0]}"
    return f"a {', a '.join(names[:-1])}, and a {names[-1]}"


def describe_receptacle(world: World, state: HouseholdState, spot: int) -> str:
    """Say what is in or on a receptacle, or that it is closed."""
    name, bit = world.receptacles[spot].name, 1 << spot
    if world.openable & bit and not state.opened & bit:
        return f"The {name} is closed."
    objects = world.objects
    seen = listing([objects[thing].name for thing in state.contents[spot]])
    return f"The {name} is open. In it, you see {seen}." if world.openable & bit else f"On the {name}, you see {seen}."


def describe_object(world: World, state: HouseholdState, thing: int) -> str:
    """Say what is special about an object: what it held at the start, or the states it is in."""
    described = world.objects[thing]
    if described.holds_objects:
        inside = listing([world.objects[inner].name for inner in described.inside])
        return f"This is a normal {described.name}. In it, you see {inside}."
    words = _state_words(state, 1 << thing)
    if words:
        return f"This is a {words} {described.name}."
    if world.toggleable & state.toggled & 1 << thing:
        return f"This {described.name} is on."
    return f"There's nothing special about {described.name}."


def _state_words(state: HouseholdState, bit: int) -> str:
    temperature = "hot" if state.hot & bit else "cool" if state.cool & bit else ""
    words = " and ".join(word for word in (temperature, "clean" if state.clean & bit else "") if word)
    if state.sliced & bit:
        return f"{words} sliced".strip()
    return "cold" if words == "cool" else words


def _look(world: World, state: HouseholdState) -> str:
    spots = rules.receptacles_here(world, state)
    if not spots:
        return _in_the_middle([])
    facing = _join_facing([world.receptacles[spot].name for spot in spots])
    beside = [world.objects[thing].name for thing in rules.next_to(world, state)]
    return f"You are facing the {facing}. Next to it, you see {listing(beside)}."


def _join_facing(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])}, and {names[-1]}"


def _in_the_middle(names: Sequence[str]) -> str:
    return f"You are in the middle of a room. Looking quickly around you, you see {listing(names)}."


def _inventory(world: World, state: HouseholdState) -> str:
    if state.hand == NOTHING:
        return "You are not carrying anything."
    return f"You are carrying: a {world.objects[state.hand].name}."


def _examine(world: World, state: HouseholdState, command: Command) -> str:
    if command.receptacle != NOTHING:
        return describe_receptacle(world, state, command.receptacle)
    return describe_object(world, state, command.object)


def _fill(sentence: str, world: World, command: Command) -> str:
    """Fill in the names; NOTHING stands for the last of each, which the sentence then does not mention."""
    things, spots = world.objects, world.receptacles
    return sentence.format(
        thing=things[command.object].name, spot=spots[command.receptacle].name, tool=things[command.tool].name
    )


_SENTENCES: Final[Mapping[str, str]] = {
    "close": "You close the {spot}.",
    "take": "You pick up the {thing} from the {spot}.",
    "move": "You move the {thing} to the {spot}.",
    "use": "You turn on the {thing}.",
    "clean": "You clean the {thing} using the {spot}.",
    "heat": "You heat the {thing} using the {spot}.",
    "cool": "You cool the {thing} using the {spot}.",
    "slice": "You sliced the {thing} with the {tool}.",
}
