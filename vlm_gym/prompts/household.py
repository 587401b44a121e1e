"""The household tasks in words."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

from vlm_gym.fields import Field, Kind
from vlm_gym.games.household.tasks import GoalKinds
from vlm_gym.games.household.view import HouseholdView, Notes, SeenObject, SeenReceptacle
from vlm_gym.prompts.answer import PromptSettings, answer_section, one_of

Look = Literal["drawing", "symbols", "photo"]
"""What the picture is: drawn, drawn with the symbols explained, or AI2-THOR's."""

MAX_LISTED: Final = 128  # commands in a prompt; official games have up to 74
PLACE: Final = Field("place", "where you are and what you see there", Kind.PLACE)
HAND: Final = Field("hand", "what you carry", Kind.CARRIED)
PAPER_DESCRIPTION: Final = Field("description", "what you see in the picture", Kind.PLACE)


def describe(view: HouseholdView) -> str:
    """Return what the picture shows."""
    room = ", ".join(receptacle.name for receptacle in view.receptacles)
    notes = f" {write_notes(view)}" if view.notes is not None else ""
    return f"{_describe_sight(view)} In the room: {room}.{notes}"


def write_notes(view: HouseholdView) -> str:
    """Return what the player has seen so far, in the order of the room, and which commands were refused."""
    notes = view.notes or Notes()
    known = [_note(spot, notes) for spot in view.receptacles if spot.name in notes.contents or spot.name in notes.doors]
    seen = f"Seen so far: {'; '.join(known) or 'nothing yet'}."
    refused = f" Not possible now: {', '.join(notes.refused)}." if notes.refused else ""
    return seen + refused


def describe_for_goal(view: HouseholdView, goal: GoalKinds) -> str:
    """Return where the player is, what it carries, and all that it has seen so far that matters for the goal."""
    doors = "; ".join(f"{spot.name}{_door(spot.is_open)}" for spot in view.facing)
    place = f"You are at {doors}." if doors else _place(view)
    return f"{place} You carry {_hand(view)}. {write_goal_notes(view, goal)}"


def write_goal_notes(view: HouseholdView, goal: GoalKinds) -> str:
    """Return where things of the goal's kinds were seen, what has not been looked into yet, and refusals.

    Of two things to bring, one that lies where it belongs is told apart. Of the furniture that was not looked into each
    kind is named once: the one of the lowest number, if it can be one whose door is not known to be closed, since that
    takes fewer turns to look into.
    """
    notes = view.notes or Notes()
    here, elsewhere, in_place = list[str](), list[str](), list[str]()
    for spot in sorted(view.receptacles, key=lambda spot: (spot.kind, _number(spot))):
        for thing in notes.contents.get(spot.name, ()):
            if thing.kind in (goal.target, goal.destination):
                is_in_place = goal.task == "two" and spot.kind == goal.destination
                side = in_place if is_in_place else here if spot.is_here else elsewhere
                side.append(f"{_object(thing)} at {spot.name}")
    found = f"Here: {', '.join(here) or 'nothing'}. Elsewhere: {', '.join(elsewhere) or 'nothing'}."
    done = f" In place: {', '.join(in_place)}." if in_place else ""
    refused = f" Not possible now: {', '.join(notes.refused)}." if notes.refused else ""
    return f"{found}{done} Not looked into: {', '.join(_unseen(view, notes)) or 'nothing'}.{refused}"


def _unseen(view: HouseholdView, notes: Notes) -> tuple[str, ...]:
    """Return of each kind of furniture elsewhere that has not been looked into what is easiest to look into."""
    least: dict[str, tuple[bool, int]] = {}
    for spot in view.receptacles:
        if not spot.is_here and spot.name not in notes.contents:
            cost = notes.doors.get(spot.name) is False, _number(spot)
            least[spot.kind] = min(cost, least.get(spot.kind, cost))
    return tuple(f"{kind} {number}" for kind, (_, number) in sorted(least.items()))


def _number(spot: SeenReceptacle) -> int:
    return int(spot.name.rpartition(" ")[2])


def _note(receptacle: SeenReceptacle, notes: Notes) -> str:
    is_open = notes.doors.get(receptacle.name)
    if receptacle.name not in notes.contents:
        return f"{receptacle.name} (closed, never seen open)"
    return f"{receptacle.name}{_door(is_open)} with {_objects(notes.contents[receptacle.name])}"


def _door(is_open: bool | None) -> str:
    return "" if is_open is None else " (open)" if is_open else " (closed)"


def _objects(things: Sequence[SeenObject]) -> str:
    return ", ".join(map(_object, things)) or "nothing"


def fields(settings: PromptSettings) -> tuple[Field, ...]:
    """Return the fields of the picture that a prompt asks for."""
    return (PAPER_DESCRIPTION,) if settings.style == "paper" else (PLACE, HAND)


def read_out(view: HouseholdView, settings: PromptSettings) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture."""
    if settings.style == "paper":
        return (PAPER_DESCRIPTION.reads(_describe_sight(view)),)
    return PLACE.reads(_place(view)), HAND.reads(_hand(view))


def write_prompt(
    task: str,
    feedback: str | None,
    admissible: Sequence[str],
    settings: PromptSettings,
    *,
    look: Look = "drawing",
    notes: str = "",
) -> str:
    """Return the task prompt.

    `task` is the goal in ALFWorld's sentence. `feedback`, the game's last text, `notes`, what `write_notes` wrote, and
    `admissible`, the commands that are possible now, stand in the prompt if there are any.
    """
    return _written(task, feedback, tuple(admissible), settings, look, notes)


@lru_cache(maxsize=256)  # after an illegal move it is the same
def _written(
    task: str, feedback: str | None, admissible: tuple[str, ...], settings: PromptSettings, look: Look, notes: str
) -> str:
    is_paper = settings.style == "paper"
    rules = _PAPER if is_paper else _PHOTO_RULES if look == "photo" else _RULES
    intro = rules.format(symbols=f"\n{SYMBOLS}" if look == "symbols" else "", task=task)
    told = f"\n\nThe game says: {feedback.strip()}" if feedback is not None else ""
    noted = f"\n\n{notes}" if notes else ""
    commands = f"\n\nCommands that are possible now: {_listed(admissible)}." if admissible else ""
    answer = answer_section(settings, fields(settings), "action", _RULE)
    return f"{intro}{told}{noted}{commands}\n\n{answer}"


def _describe_sight(view: HouseholdView) -> str:
    return f"{_place(view)} You carry {_hand(view)}."


def _place(view: HouseholdView) -> str:
    return _at_furniture(view) if view.facing else "You are in the middle of the room."


def _hand(view: HouseholdView) -> str:
    return "nothing" if view.hand is None else _object(view.hand)


def _at_furniture(view: HouseholdView) -> str:
    places = "; ".join(_receptacle(receptacle) for receptacle in view.facing)
    beside = f" Next to it: {', '.join(map(_object, view.beside))}." if view.beside else ""
    return f"You are at {places}.{beside}"


def _receptacle(receptacle: SeenReceptacle) -> str:
    if receptacle.contents is None:
        return f"{receptacle.name} (closed)"
    door = " (open)" if receptacle.is_openable else ""
    return f"{receptacle.name}{door} with {_objects(receptacle.contents)}"


def _object(seen: SeenObject) -> str:
    return " ".join([*("lit" if state == "on" else state for state in seen.states), seen.name])


def _listed(admissible: tuple[str, ...]) -> str:
    shown, num_hidden = admissible[:MAX_LISTED], len(admissible) - MAX_LISTED
    return f"{', '.join(shown)}, and {num_hidden} more" if num_hidden > 0 else one_of(shown)


SYMBOLS: Final = """\
You are the robot. A yellow beam shows where you look; what you stand at has a yellow frame and a yellow number. A \
white number on a coloured ground marks furniture that hangs high up, or stands on other furniture.
On an object, orange steam above it means hot, a white snowflake on a blue disc cold, a yellow sparkle clean. A sliced \
object is drawn in pieces, and one that is on shines or has a green sign."""

_RULE: Final = "The action is one command."

_RULES: Final = """\
You are in a home. The picture shows the room from above with you in it, and below, close up, the furniture that you \
stand at, what is in or on it, and what you carry.{symbols}
Your task is to: {task}
Each turn you give one command: go to, open, close, take ... from ..., move ... to ..., examine, use, heat, cool or \
clean ... with ..., slice ... with ..., look, inventory. Name things with their numbers, as in the picture, and \
each in one word: "alarmclock 1"."""

_PHOTO_RULES: Final = """\
You are in a home. The picture shows what you see from where you stand.
Your task is to: {task}
Each turn you give one command: go to, open, close, take ... from ..., move ... to ..., examine, use, heat, cool or \
clean ... with ..., slice ... with ..., look, inventory. Name things with their numbers, as the game does, and each in \
one word: "alarmclock 1"."""

_PAPER: Final = """\
You are an expert in household tasks. The image shows your view of the room.{symbols}
Your task is to: {task}
Choose one command."""
