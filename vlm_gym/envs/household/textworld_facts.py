"""From TextWorld's facts to the state of a game, without playing any rule of ours."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from vlm_gym.envs.household.engine import EngineError
from vlm_gym.games.household.world import NOTHING, HouseholdState, World, mask_of


class FactReader:
    """Reads the facts of one game. `start_facts` are those after its reset, which name the places to stand at."""

    def __init__(self, world: World, start_facts: Iterable[Sequence[str]]) -> None:
        facts = _by_predicate(start_facts)
        self._objects = {thing.id: number for number, thing in enumerate(world.objects)}
        self._receptacles = {receptacle.id: number for number, receptacle in enumerate(world.receptacles)}
        locations = {pair[-1] for pair in facts["receptacleatlocation"] + facts["atlocation"]}
        self._places = {location: number for number, location in enumerate(sorted(locations))}
        if len(self._places) != len(world.places):
            raise EngineError(f"TextWorld knows {len(self._places)} places, the problem has {len(world.places)}")

    def state(self, facts: Iterable[Sequence[str]]) -> HouseholdState:
        """Return the state that the facts describe. Raises EngineError if they are not about this world."""
        try:
            return self._state(facts)
        except (LookupError, ValueError) as error:
            raise EngineError(f"TextWorld's facts do not fit the PDDL problem: {error!r}") from error

    def _state(self, facts: Iterable[Sequence[str]]) -> HouseholdState:
        known = _by_predicate(facts)
        contents = self._group(known["inreceptacle"], self._receptacles)
        removed = self._group(known["not_inreceptacle"], self._receptacles)
        nearby = self._group(known["objectatlocation"], self._places)
        return HouseholdState(
            place=self._places[known["atlocation"][0][1]],
            hand=self._objects[known["holds"][0][1]] if known["holds"] else NOTHING,
            opened=mask_of(self._receptacles[spot] for (spot,) in known["opened"]),
            contents=tuple(map(tuple, contents)),
            nearby=tuple(map(mask_of, nearby)),
            removed=tuple(map(mask_of, removed)),
            clean=self._having(known["isclean"]),
            hot=self._having(known["ishot"]),
            cool=self._having(known["iscool"]),
            sliced=self._having(known["issliced"]),
            toggled=self._having(known["istoggled"]),
        )

    def _group(self, pairs: Iterable[Sequence[str]], numbers: Mapping[str, int]) -> list[list[int]]:
        """Return the objects of each receptacle or place, sorted; elsewhere, and without a type, there are none."""
        groups: list[list[int]] = [[] for _ in numbers]
        for thing, where in pairs:
            if thing in self._objects and where in numbers:
                groups[numbers[where]].append(self._objects[thing])
        return [sorted(group) for group in groups]

    def _having(self, things: Iterable[Sequence[str]]) -> int:
        return mask_of(self._objects[thing] for (thing,) in things if thing in self._objects)


def _by_predicate(facts: Iterable[Sequence[str]]) -> defaultdict[str, list[Sequence[str]]]:
    groups: defaultdict[str, list[Sequence[str]]] = defaultdict(list)
    for predicate, *arguments in facts:
        groups[predicate].append(arguments)
    return groups
