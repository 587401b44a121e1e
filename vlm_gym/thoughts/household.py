"""Thoughts in the household tasks: where things were seen, where they may be, what comes next.

The oracle knows the whole home, a player does not: what has not been seen is told as a guess.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from vlm_gym.games.household.tasks import GoalKinds
from vlm_gym.games.household.view import HouseholdView, SeenObject, SeenReceptacle
from vlm_gym.games.household.world import World
from vlm_gym.thoughts import household_words as told
from vlm_gym.thoughts.thinker import Thinker
from vlm_gym.thoughts.wording import listing, name_choice, pick, with_article

TREATED: Final = {"clean": "clean", "heat": "hot", "cool": "cold"}
"""How an object looks after a treatment."""
APPLIANCES: Final = {"clean": ("sinkbasin",), "heat": ("microwave",), "cool": ("fridge",)}
"""The kinds of furniture that treat objects, as everyone knows."""

Reason = tuple[str, ...]
"""Wordings of one reason; none if there is nothing to say for a command."""


@dataclass
class Memory:
    """What a player has seen in an episode.

    Only the player changes a home, so what was seen last is still so. `contents` are those of the receptacles that
    were seen open, by their names, and `shut` the names of those that were seen closed and never open.
    """

    contents: dict[str, tuple[SeenObject, ...]] = field(default_factory=dict)
    shut: set[str] = field(default_factory=set)

    def look(self, view: HouseholdView) -> None:
        """Take in what can be seen now."""
        for receptacle in view.facing:
            if receptacle.contents is not None:
                self.contents[receptacle.name] = receptacle.contents
        self.shut |= {receptacle.name for receptacle in view.facing if receptacle.contents is None}
        self.shut -= set(self.contents)

    def find(self, kind: str, spot: str) -> str | None:
        """Return the name of an object of this kind that was seen at a receptacle."""
        return next((thing.name for thing in self.contents.get(spot, ()) if thing.kind == kind), None)


@dataclass(frozen=True)
class Situation:
    """What a thought is about: the view, the memory, the task, and the command with the names in it."""

    view: HouseholdView
    memory: Memory
    goal: GoalKinds
    action: str
    thing: str
    spot: str

    @property
    def hand(self) -> SeenObject | None:
        """What the player carries."""
        return self.view.hand

    @property
    def holds_target(self) -> bool:
        """Whether the hand holds what the task is about."""
        return self.hand is not None and self.hand.kind == self.goal.target

    @property
    def must_treat(self) -> bool:
        """Whether what the hand holds still has to be cleaned, heated or cooled."""
        return self.hand is not None and not self.is_treated(self.hand)

    @property
    def is_home(self) -> bool:
        """Whether the command's receptacle is one to bring the target to."""
        return self.goal.task != "look" and _kind(self.spot) == self.goal.destination

    def is_treated(self, thing: SeenObject) -> bool:
        """Whether an object is as the task wants it."""
        return self.goal.task not in TREATED or TREATED[self.goal.task] in thing.states

    def is_wanted(self, thing: SeenObject, spot: str) -> bool:
        """Whether an object at a receptacle is one to take."""
        is_done = self.goal.task != "look" and _kind(spot) == self.goal.destination and self.is_treated(thing)
        return thing.kind == self.goal.target and not is_done

    def wanted_at(self, spot: str) -> str | None:
        """Return the name of an object to take that was seen at a receptacle."""
        things = self.memory.contents.get(spot, ())
        return next((thing.name for thing in things if self.is_wanted(thing, spot)), None)

    @property
    def has_seen_wanted(self) -> bool:
        """Whether an object to take was seen anywhere."""
        return any(self.wanted_at(spot) for spot in self.memory.contents)

    def words(self) -> dict[str, str]:
        """Return the words of the templates."""
        goal, has_one = self.goal, self._has_brought_one()
        return {
            "spot": self.spot,
            "thing": self.thing,
            "hand": "nothing" if self.hand is None else self.hand.name,
            "kind": goal.target,
            "wanted": f"another {goal.target}" if has_one else with_article(goal.target),
            "no_wanted": f"no {'other ' if has_one else ''}{goal.target}",
            "home": with_article(goal.destination),
            "verb": goal.task,
            "treated": TREATED.get(goal.task, ""),
            "action": self.action,
        }

    def _has_brought_one(self) -> bool:
        homes = [spot for spot in self.memory.contents if _kind(spot) == self.goal.destination]
        return self.goal.task == "two" and any(self.memory.find(self.goal.target, spot) for spot in homes)


class Game(Protocol):
    """What a thinker looks at: a household game in progress."""

    @property
    def world(self) -> World:
        """What never changes, of which the thinker takes the task."""

    def view(self) -> HouseholdView:
        """Return what the player sees."""


class HomeThinker(Thinker):
    """Thinks in a household game that has just begun; `goals` returns those that are told and not reached."""

    def __init__(self, game: Game, goals: Callable[[], tuple[GoalKinds, ...]]) -> None:
        self._game = game
        self._goals = goals
        self._memory = Memory()

    def look(self) -> None:
        """Remember what can be seen now."""
        self._memory.look(self._game.view())

    def describe(self, rng: np.random.Generator) -> str:
        """Say where the player is and what it carries."""
        return describe(self._game.view(), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what speaks for a command."""
        view, goals = self._game.view(), self._goals()
        served = [goal for goal in goals if _reason(_situation(view, self._memory, goal, action))[0]]
        goal = served[0] if served else goals[0]
        return think(view, self._memory, goal, self._game.world.sentence, action, rng)


def describe(view: HouseholdView, rng: np.random.Generator) -> str:
    """Say where the player is and what it carries."""
    hand = pick(rng, told.EMPTY_HANDED, {}) if view.hand is None else pick(rng, told.HOLDING, {"hand": view.hand.name})
    if not view.facing:
        return f"{pick(rng, told.IN_THE_MIDDLE, {})}{hand}"
    receptacle = view.facing[int(rng.integers(len(view.facing)))]
    return f"{_describe_receptacle(receptacle, rng)}{hand}"


def think(
    view: HouseholdView, memory: Memory, goal: GoalKinds, task: str, action: str, rng: np.random.Generator
) -> str:
    """Give the reason for a command, as far as the player can know one; `task` is the task's sentence."""
    situation = _situation(view, memory, goal, action)
    reason, words = _reason(situation)
    opening = pick(rng, told.TASK, {"task": task.removesuffix(".")})
    seen = describe(view, rng) if rng.random() < 0.7 else ""
    because = f"{pick(rng, reason, words)} {pick(rng, told.DO, words)}" if reason else name_choice(action, rng)
    return " ".join(part for part in (opening, seen, because) if part)


def _describe_receptacle(receptacle: SeenReceptacle, rng: np.random.Generator) -> str:
    if receptacle.contents is None:
        return pick(rng, told.AT_A_CLOSED_DOOR, {"place": receptacle.name})
    contents = listing([thing.name for thing in receptacle.contents]) or "nothing"
    return pick(rng, told.AT_FURNITURE, {"place": receptacle.name, "contents": contents})


_NAMES: Final = re.compile(r"[a-z]+ [0-9]+")
_VERB: Final = re.compile(r"go to|[a-z]+")


def _situation(view: HouseholdView, memory: Memory, goal: GoalKinds, action: str) -> Situation:
    verb = verb_of(action)
    names = _NAMES.findall(action.removeprefix(verb))
    is_about_furniture = verb in ("go to", "open", "close")
    thing = "" if is_about_furniture or not names else names[0]
    spot = names[-1] if names and (is_about_furniture or len(names) > 1) else ""
    return Situation(view, memory, goal, action, thing, spot)


def verb_of(action: str) -> str:
    """Return the verb of a command: "go to", "take"."""
    match = _VERB.match(action)
    return match[0] if match else action


def _kind(name: str) -> str:
    return name.partition(" ")[0]


def _reason(situation: Situation) -> tuple[Reason, Mapping[str, str]]:
    """Return what speaks for a command, and the words that it is told with."""
    find = _REASONS.get(verb_of(situation.action))
    return find(situation) if find else ((), {})


def _go(now: Situation) -> tuple[Reason, Mapping[str, str]]:
    words = now.words()
    if now.hand is None:
        return _go_and_look(now)
    if not now.holds_target:
        return (told.TO_PUT_DOWN if now.hand.kind != now.goal.destination else ()), words
    if now.goal.task == "look":
        lamp = now.memory.find(now.goal.destination, now.spot)
        if lamp is not None:
            return told.LAMP_SEEN, {**words, "thing": lamp}
        return (() if now.spot in now.memory.contents else told.LAMP_UNSEEN), words
    if now.must_treat:
        return (told.TO_TREAT if _kind(now.spot) in APPLIANCES[now.goal.task] else ()), words
    return (told.TO_PLACE if now.is_home else ()), words


def _go_and_look(now: Situation) -> tuple[Reason, Mapping[str, str]]:
    words = now.words()
    seen = now.wanted_at(now.spot)
    if seen is not None:
        return told.SEEN_THERE, {**words, "thing": seen}
    if now.spot in now.memory.contents:
        return (), words
    if now.spot in now.memory.shut:
        return told.SEEN_SHUT, words
    return (told.UNCHECKED if now.has_seen_wanted else told.UNSEEN), words


def _open(now: Situation) -> tuple[Reason, Mapping[str, str]]:
    words = now.words()
    if now.holds_target:
        return (told.DOOR_TO_PLACE if now.is_home and not now.must_treat else ()), words
    seen = now.wanted_at(now.spot)
    if seen is not None:
        return told.DOOR_BEFORE_SEEN, {**words, "thing": seen}
    return (told.DOOR if now.spot in now.memory.shut else ()), words


def _take(now: Situation) -> tuple[Reason, Mapping[str, str]]:
    things = now.memory.contents.get(now.spot, ())
    is_wanted = any(thing.name == now.thing and now.is_wanted(thing, now.spot) for thing in things)
    return (told.FOUND if is_wanted and now.hand is None else ()), now.words()


def _move(now: Situation) -> tuple[Reason, Mapping[str, str]]:
    if not now.holds_target:
        return (told.PUT_DOWN if now.hand is not None and now.hand.name == now.thing else ()), now.words()
    return (told.PLACE if now.is_home and not now.must_treat else ()), now.words()


def _treat(now: Situation) -> tuple[Reason, Mapping[str, str]]:
    is_called_for = now.holds_target and now.must_treat and verb_of(now.action) == now.goal.task
    return (told.TREAT if is_called_for and _is_here(now.view, now.spot) else ()), now.words()


def _use(now: Situation) -> tuple[Reason, Mapping[str, str]]:
    is_lamp = now.goal.task == "look" and _kind(now.thing) == now.goal.destination
    return (told.LIGHT if is_lamp and now.holds_target else ()), now.words()


def _is_here(view: HouseholdView, spot: str) -> bool:
    return any(receptacle.name == spot for receptacle in view.facing)


_REASONS: Final[Mapping[str, Callable[[Situation], tuple[Reason, Mapping[str, str]]]]] = {
    "go to": _go,
    "open": _open,
    "take": _take,
    "move": _move,
    "clean": _treat,
    "heat": _treat,
    "cool": _treat,
    "use": _use,
}
