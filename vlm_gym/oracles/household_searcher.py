"""A searcher for the household games: a good player without hidden knowledge.

It knows the task, the names of the furniture, what it has seen so far (`Notes`), and how often things of a kind lie in
furniture of a kind in ALFWorld's training games (household_rates.json, made by `python -m benchmarks.household_rates`).
It looks where the chance to find what it needs is best for the turns that it takes, then takes, treats and brings.
"""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from vlm_gym.games.household.tasks import GoalKinds
from vlm_gym.games.household.view import HouseholdView, Notes, SeenObject, SeenReceptacle

TREATED: Final[Mapping[str, str]] = {"clean": "clean", "heat": "hot", "cool": "cold"}
APPLIANCE: Final[Mapping[str, str]] = {"clean": "sinkbasin", "heat": "microwave", "cool": "fridge"}
ANY_SCENE: Final = "any"
OTHER_SCENE_WORTH: Final = 0.3  # of a chance that is known from other scenes only
LEAST_CHANCE: Final = 1e-4  # anything could lie anywhere


@dataclass(frozen=True)
class Rates:
    """What is known of homes before one is seen; all keys are kinds, in lower case.

    Attributes:
        holds: By scene, kind of object and kind of receptacle: how likely one such receptacle holds an object that is
            somewhere in the home.
        opens: By scene and kind of receptacle: which share has a door.
    """

    holds: Mapping[str, Mapping[str, Mapping[str, float]]]
    opens: Mapping[str, Mapping[str, float]]

    def chance(self, scene: str, thing: str, spot: str) -> float:
        """Return the chance that a receptacle of a kind holds an object of a kind."""
        here = self.holds.get(scene, {}).get(thing, {}).get(spot)
        elsewhere = self.holds[ANY_SCENE].get(thing, {}).get(spot, 0.0)
        return LEAST_CHANCE + (OTHER_SCENE_WORTH * elsewhere if here is None else here)

    def has_door(self, scene: str, spot: str) -> float:
        """Return the chance that a receptacle of a kind has to be opened."""
        return self.opens.get(scene, {}).get(spot, 0.0)

    def belongs(self, thing: str, spot: str) -> bool:
        """Whether an object of a kind was ever seen in a receptacle of a kind."""
        return spot in self.holds[ANY_SCENE].get(thing, {})


@functools.cache
def load_rates() -> Rates:
    """Return the packaged rates; read once, some milliseconds."""
    text = resources.files("vlm_gym.oracles").joinpath("household_rates.json").read_text(encoding="utf-8")
    data = json.loads(text)
    return Rates(data["holds"], data["opens"])


def scene_of(kinds: Iterable[str]) -> str:
    """Return the type of a room by the kinds of its furniture."""
    here = {*kinds}
    if "toilet" in here:
        return "bathroom"
    if here & {"fridge", "microwave"}:
        return "kitchen"
    return "bedroom" if "bed" in here else "livingroom"


def search(goals: Sequence[GoalKinds], view: HouseholdView, notes: Notes) -> str:
    """Return the command that a player who knows no more than this does well to give.

    Of several goals, each about objects of its own kind, the player works at the one whose object is in its hand, else
    at the one whose object was seen; while none was, it looks where any of them may be.

    It is possible in every game in which the task can still be done; "look" where nothing is left to look for.
    """
    for goal in goals:
        if view.hand is not None and view.hand.kind == goal.target:
            return _Search(goal, view, notes).command()
    searches = [_Search(goal, view, notes) for goal in goals]
    known = [search for search in searches if search.has_found()]
    near = [search for search in known if search.is_near()]
    return (near or known or searches)[0].command(tuple(goal.target for goal in goals))


class _Search:
    """One choice."""

    def __init__(self, goal: GoalKinds, view: HouseholdView, notes: Notes) -> None:
        self.goal, self.hand, self.notes, self.rates = goal, view.hand, notes, load_rates()
        self.here: dict[str, SeenReceptacle] = {spot.name: spot for spot in view.facing}
        self.kinds = dict(sorted(((spot.name, spot.kind) for spot in view.receptacles), key=_by_kind_and_number))
        self.scene = scene_of(self.kinds.values())

    def command(self, looked_for: tuple[str, ...] = ()) -> str:
        """Return the command; `looked_for` are the kinds to keep an eye on, if not only the target's."""
        if self.hand is None:
            return self._fetch(looked_for or (self.goal.target,))
        return self._carry(self.hand) if self.hand.kind == self.goal.target else self._put_down(self.hand)

    def has_found(self) -> bool:
        """Whether a target to take was seen."""
        return bool(self._wanted())

    def is_near(self) -> bool:
        """Whether a target to take was seen here."""
        return any(spot in self.here for _, spot in self._wanted())

    def _fetch(self, looked_for: tuple[str, ...]) -> str:
        """Take a target that was seen, here first; else look for one."""
        for thing, spot in self._wanted():
            return self._at(spot, f"take {thing.name} from {spot}")
        return self._look_for(*looked_for)

    def _carry(self, thing: SeenObject) -> str:
        """Treat the target in the hand and bring it where it belongs."""
        if self.goal.task == "look":
            for lamp, spot in self._seen(self.goal.destination):
                return self._at(spot, f"use {lamp.name}")
            return self._look_for(self.goal.destination)
        if not self._is_treated(thing):
            appliances = self._all(APPLIANCE[self.goal.task])
            near = next((spot for spot in appliances if spot in self.here), None)
            return f"{self.goal.task} {thing.name} with {near}" if near else f"go to {appliances[0]}"
        homes = self._all(self.goal.destination)
        begun = self._home_of_two() if self.goal.task == "two" else None
        home = begun or next((spot for spot in homes if spot in self.here), homes[0])
        return self._at(home, f"move {thing.name} to {home}")

    def _put_down(self, thing: SeenObject) -> str:
        """Put down what is not wanted, here if it belongs here."""
        for spot, receptacle in self.here.items():
            move = f"move {thing.name} to {spot}"
            if self.rates.belongs(thing.kind, receptacle.kind) and move not in self.notes.refused:
                return self._at(spot, move)
        away = [spot for spot in self.kinds if spot not in self.here]
        return f"go to {max(away, key=lambda spot: self.rates.chance(self.scene, thing.kind, self.kinds[spot]))}"

    def _look_for(self, *kinds: str) -> str:
        """Go to, or open, what is worth most a turn."""
        best, most = None, 0.0
        for spot in self.kinds:
            chances = [self.rates.chance(self.scene, kind, self.kinds[spot]) for kind in kinds]
            worth = 0.0 if spot in self.notes.contents else sum(chances)
            if worth / self._turns_to_see(spot) > most:
                best, most = spot, worth / self._turns_to_see(spot)
        if best is None:
            return "look"
        return f"open {best}" if best in self.here else f"go to {best}"

    def _turns_to_see(self, spot: str) -> float:
        """Return how many turns it takes, on average, to see what is in or on a receptacle."""
        if spot in self.here:
            return 1.0
        is_open = self.notes.doors.get(spot)
        return 1.0 + (self.rates.has_door(self.scene, self.kinds[spot]) if is_open is None else float(not is_open))

    def _at(self, spot: str, command: str) -> str:
        """Return a command about what is in or on a receptacle, or one that leads there."""
        if spot not in self.here:
            return f"go to {spot}"
        return f"open {spot}" if self.here[spot].contents is None else command

    def _wanted(self) -> list[tuple[SeenObject, str]]:
        """Return targets to take that were seen, and where."""
        goal, begun = self.goal, self._home_of_two() if self.goal.task == "two" else None
        return [
            (thing, spot)
            for thing, spot in self._seen(goal.target)
            if spot != begun
            and not (goal.task in TREATED and self.kinds[spot] == goal.destination and self._is_treated(thing))
        ]

    def _seen(self, kind: str) -> list[tuple[SeenObject, str]]:
        """Return objects of a kind that were seen, and where; those here first."""
        spots = sorted(self.kinds, key=lambda spot: spot not in self.here)
        seen = [(thing, spot) for spot in spots for thing in self.notes.contents.get(spot, ())]
        return [(thing, spot) for thing, spot in seen if thing.kind == kind]

    def _home_of_two(self) -> str | None:
        """Return the receptacle with most targets of those that two should be brought to; None if none has any."""
        counts = {
            spot: sum(thing.kind == self.goal.target for thing in self.notes.contents.get(spot, ()))
            for spot in self._all(self.goal.destination)
        }
        best = max(counts, key=lambda spot: counts[spot], default=None)
        return best if best is not None and counts[best] else None

    def _is_treated(self, thing: SeenObject) -> bool:
        return self.goal.task not in TREATED or TREATED[self.goal.task] in thing.states

    def _all(self, kind: str) -> list[str]:
        return [spot for spot, its_kind in self.kinds.items() if its_kind == kind]


def _by_kind_and_number(named: tuple[str, str]) -> tuple[str, int]:
    name, kind = named
    return kind, int(name.rpartition(" ")[2])
