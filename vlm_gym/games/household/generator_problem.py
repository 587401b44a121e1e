"""A generated home as a PDDL problem, in the shape of the official game files, and as a whole game file."""

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Final, NamedTuple

from vlm_gym.games.household.generator_contents import Contents, Spot
from vlm_gym.games.household.generator_layout import Layout, Point, Stand
from vlm_gym.games.household.generator_tables import Draws, HomeGoal, load_tables
from vlm_gym.games.household.problem import Facts
from vlm_gym.games.household.tasks import GoalKinds, goal_pddl

BASINS: Final = {"SinkBasin": "Sink", "BathtubBasin": "Bathtub"}
_TASK: Final = re.compile(r'Your task is to: [^"]*"')


Fact = tuple[str, ...]  # a predicate and what it is said of


class Problem(NamedTuple):
    """A PDDL problem as text, and its facts as `build_world` takes them."""

    text: str
    facts: Facts


def write_problem(name: str, contents: Contents, layout: Layout, draws: Draws) -> Problem:
    """Return the PDDL problem of a home."""
    spots = {spot: _spot_id(spot[0], layout.points[spot]) for spot in sorted(layout.points)}
    things = _name_objects(contents, layout, draws)
    places = {stand: _location_id(stand) for stand in sorted({*layout.stands.values(), layout.start, layout.aside})}
    init = [
        *_receptacle_facts(contents, layout, spots, places, draws),
        *_object_facts(things, layout, spots, places),
        *_kind_facts(contents),
        ("atLocation", "agent1", places[layout.start]),
    ]
    declared = _declarations(contents, things, spots.values(), places.values())
    facts = ")\n(".join(map(" ".join, init))
    text = (
        f"(define (problem {name})\n(:domain alfred)\n(:objects\n{declared}\n)\n(:init\n({facts})\n)\n"
        f"{goal_pddl(goal_kinds(contents))}\n)\n"
    )
    return Problem(text, _by_predicate(init))


def _by_predicate(init: Iterable[Fact]) -> Facts:
    """Return the facts as the engine reads them."""
    facts: Facts = defaultdict(list)
    lower = _Lower()
    for fact in init:
        facts[lower[fact[0]]].append((lower[fact[1]], lower[fact[2]] if len(fact) > 2 else ""))
    return facts


class _Lower(dict[str, str]):
    """Words and what they are in lower case; most are said often."""

    def __missing__(self, word: str) -> str:
        self[word] = lower = word.lower()
        return lower


def goal_kinds(contents: Contents) -> GoalKinds:
    """Return the first goal in the words of the engine."""
    return kinds_of(contents.goal)


def kinds_of(goal: HomeGoal) -> GoalKinds:
    """Return a goal in the words of the engine."""
    return GoalKinds(goal.task, goal.target.lower(), goal.destination.lower())


def game_file(problem: str, sentence: str, walkthrough: tuple[str, ...]) -> bytes:
    """Return the content of a `game.tw-pddl` for this problem, with ALFWorld's own rules and sentences."""
    rules = _official_rules()
    grammar = _TASK.sub(f'Your task is to: {sentence}"', rules["grammar"])
    content = {"pddl_domain": rules["pddl_domain"], "grammar": grammar, "pddl_problem": problem, "solvable": True}
    return json.dumps({**content, "walkthrough": walkthrough}).encode()


@functools.cache
def _official_rules() -> dict[str, str]:
    """Return domain and grammar of ALFWorld 0.4.2 (MIT licence, Shridhar et al. 2021)."""
    text = resources.files("vlm_gym.games.household").joinpath("alfworld_rules.json").read_text(encoding="utf-8")
    rules: dict[str, str] = json.loads(text)
    return rules


def _declarations(
    contents: Contents, things: Mapping[str, tuple[str, Spot | None]], spots: Iterable[str], places: Iterable[str]
) -> str:
    targets = {goal.target for goal in contents.goals}
    lamps = {goal.destination for goal in contents.goals if goal.task == "look"}
    object_kinds = sorted({*targets, *lamps, *(kind for kind, _ in contents.objects)})
    spot_kinds = [kind for kind, count in contents.receptacles.items() if count]
    return "\n".join(
        [
            "agent1 - agent",
            *(f"{kind}Type - otype" for kind in object_kinds),
            *(f"{kind}Type - rtype" for kind in spot_kinds),
            *(f"{thing} - object" for thing in things),
            *(f"{spot} - receptacle" for spot in spots),
            *(f"{place} - location" for place in places),
        ]
    )


def _receptacle_facts(
    contents: Contents, layout: Layout, spots: Mapping[Spot, str], places: Mapping[Stand, str], draws: Draws
) -> Iterator[Fact]:
    openable = load_tables().scenes[contents.scene].openable
    for spot, entity in spots.items():
        yield "receptacleType", entity, f"{spot[0]}Type"
        yield "receptacleAtLocation", entity, places[layout.stands[spot]]
        if draws.uniform() < openable[spot[0]]:
            yield "openable", entity


def _object_facts(
    things: Mapping[str, tuple[str, Spot | None]],
    layout: Layout,
    spots: Mapping[Spot, str],
    places: Mapping[Stand, str],
) -> Iterator[Fact]:
    properties = load_tables().properties
    for thing, (kind, spot) in things.items():
        yield "objectType", thing, f"{kind}Type"
        for word in properties[kind]:
            yield word, thing
        stand = layout.aside if spot is None else layout.stands[spot]
        yield "objectAtLocation", thing, places[stand]
        if spot is not None:
            yield "inReceptacle", thing, spots[spot]


def _kind_facts(contents: Contents) -> Iterator[Fact]:
    kinds = {kind for kind, _ in contents.objects}
    accepts = load_tables().accepts
    for spot, count in contents.receptacles.items():
        if count:
            holds = f"{spot}Type"
            yield from [("canContain", holds, f"{thing}Type") for thing in accepts.get(spot, ()) if thing in kinds]


def _name_objects(contents: Contents, layout: Layout, draws: Draws) -> dict[str, tuple[str, Spot | None]]:
    """Give each object an id of its kind and coordinates, in the order of the ids."""
    named: dict[str, tuple[str, Spot | None]] = {}
    for kind, spot in contents.objects:
        entity = _entity(kind, _beside(layout, spot, draws))
        while entity in named:
            entity = _entity(kind, _beside(layout, spot, draws))
        named[entity] = kind, spot
    return dict(sorted(named.items()))


def _beside(layout: Layout, spot: Spot | None, draws: Draws) -> Point:
    """Draw where an object is: at its receptacle, or somewhere in the room."""
    if spot is None:
        room = layout.room
        return Point(room.x + room.width * draws.uniform(), room.y + room.depth * draws.uniform(), draws.uniform())
    x, y, height = layout.points[spot]
    return Point(x + draws.between(-0.2, 0.2), y + draws.between(-0.2, 0.2), height + draws.between(0.0, 0.1))


def _spot_id(kind: str, point: Point) -> str:
    base = BASINS.get(kind)
    return _entity(kind, point) if base is None else f"{_entity(base, point)}_bar_{kind}"


def _entity(kind: str, point: Point) -> str:
    x, y, height = [_metres(round(100 * metres)) for metres in point]
    return f"{kind}_bar_{x}_bar_{height}_bar_{y}"


@functools.cache
def _metres(centimetres: int) -> str:
    whole, hundredths = divmod(abs(centimetres), 100)
    return f"_{'minus' if centimetres < 0 else 'plus'}_{whole:02d}_dot_{hundredths:02d}"


def _location_id(stand: Stand) -> str:
    return "_bar_".join(["loc", *map(_signed, stand)])


@functools.cache
def _signed(number: int) -> str:
    return f"_minus_{-number}" if number < 0 else str(number)
