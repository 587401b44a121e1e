"""The household games: a shortest way to win from any state, and whether there is one.

A plan is a round of stops: put down what is in the way, fetch a target, treat it, bring it home. Few stops can be part
of a shortest round (those where the round passes anyway, or any one of the rest), so all rounds of those are compared.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from vlm_gym.games.household import tasks
from vlm_gym.games.household.commands import format_command
from vlm_gym.games.household.world import NOTHING, TREATMENTS, Command, HouseholdState, Treatment, Verb, World

NO_LIMIT: Final = 1_000_000
NUM_TO_BRING: Final = 2  # targets of the task "two"


class Stop(NamedTuple):
    """Something to do at a receptacle; `door` is the bit of the receptacle if it has to stand open for that.

    `verb` is None for just being there; `thing` is NOTHING where the command is about what is in the hand.
    """

    place: int
    spot: int
    door: int
    verb: Verb | None
    thing: int = NOTHING


Stops = list[Stop]
Round = tuple[Stop, ...]


def plan(world: World, state: HouseholdState) -> tuple[str, ...] | None:
    """Return a shortest list of commands that wins: () if the game is won, None if it cannot be won any more.

    `state` is any state of `world`. The same arguments give the same plan.
    """
    if tasks.is_won(world, state):
        return ()
    search = _Search(world, state)
    search.try_all()
    return None if search.best is None else _commands(world, state, search.best)


def best_action(world: World, state: HouseholdState) -> str | None:
    """Return the first command of a shortest plan, or None if the game is won or cannot be won any more."""
    commands = plan(world, state)
    return commands[0] if commands else None


def best_action_of(worlds: Sequence[World], state: HouseholdState) -> str | None:
    """Return the first command of a shortest plan for any of several tasks in one home; None if there is none."""
    plans = [commands for world in worlds if (commands := plan(world, state))]
    return min(plans, key=len)[0] if plans else None


def optimal_value(world: World, state: HouseholdState) -> float:
    """Return the best chance to win from here, without a turn limit: 1.0, or 0.0 in a dead end. Exact."""
    return 0.0 if plan(world, state) is None else 1.0


class _Search:
    """The shortest round so far of those that can be shortest from one state."""

    __slots__ = ("best", "best_cost", "sources", "state", "world")

    def __init__(self, world: World, state: HouseholdState) -> None:
        self.world, self.state = world, state
        self.best: Round | None = None
        self.best_cost = NO_LIMIT
        self.sources = self._sources()

    def try_all(self) -> None:
        task = self.world.goal.task
        if task == "two":
            self._try_two()
        elif task == "look":
            self._try_look()
        else:
            self._try_errands([treatment for treatment in TREATMENTS if treatment == task])

    def _try_look(self) -> None:
        lamps, hand = self._lamps(), self.state.hand
        if self._holds_target():
            self._compare([lamps])
            return
        if hand == NOTHING or not self.world.goal.lamps >> hand & 1:
            self._compare([*self._free_hand(self.sources), self.sources, lamps])
            return
        for stop in self._fitting():
            self._compare([[stop], self.sources, [*lamps, self._lamp(stop.spot, hand)]])

    def _try_errands(self, treatments: list[Treatment]) -> None:
        """Compare the ways to bring one target home, treated first if the task says so."""
        if self._holds_target():
            self._bring(self.state.hand, None, treatments)
        for source in self.sources:
            self._bring(source.thing, source, treatments)

    def _bring(self, thing: int, source: Stop | None, treatments: list[Treatment]) -> None:
        stages: list[Stops] = [] if source is None else [*self._free_hand([source]), [source]]
        if len(stages) >= self.best_cost:
            return
        stages.extend(self._appliances(treatment, thing) for treatment in treatments if self._lacks(treatment, thing))
        if not self._is_home(thing, source):
            stages.append(self._passed(self._homes(), (stop for stage in stages for stop in stage)))
        self._compare(stages)

    def _try_two(self) -> None:
        targets, hand, contents = self.world.goal.targets, self.state.hand, self.state.contents
        for home in self._homes_of_two():
            there = contents[home.spot]
            missing = NUM_TO_BRING - sum(targets >> thing & 1 for thing in there)
            sources = [source for source in self.sources if source.thing not in (*there, hand)]
            if self._holds_target() and hand not in there:
                self._compare([[home], *[sources, [home]] * (missing - 1)])
                continue
            self._compare([*self._free_hand(sources), *[sources, [home]] * missing])

    def _homes_of_two(self) -> Stops:
        """Return the receptacles to bring two targets to: those that hold one, and those passed anyway."""
        targets, contents = self.world.goal.targets, self.state.contents
        begun: Stops = []
        empty: Stops = []
        for home in self._homes():
            (begun if any(targets >> thing & 1 for thing in contents[home.spot]) else empty).append(home)
        return begun + self._passed(empty, self.sources)

    def _compare(self, stages: list[Stops]) -> None:
        """Go through the rounds with one stop of each stage."""
        self._extend(tuple(stages), (), self.state.place, self.state.opened, 0)

    def _extend(self, stages: tuple[Stops, ...], done: Round, place: int, opened: int, cost: int) -> None:
        if not stages:
            self.best, self.best_cost = done, cost
            return
        for stop in stages[0]:
            spent = cost + (stop.verb is not None) + (stop.place != place) + bool(stop.door & ~opened)
            if spent < self.best_cost and not _was_taken(stop, done):
                self._extend(stages[1:], (*done, stop), stop.place, opened | stop.door, spent)

    def _sources(self) -> Stops:
        """Return where targets can be taken."""
        movable = self.world.goal.targets & self.world.pickupable
        return [
            self._at(spot, "take", thing)
            for spot, things in enumerate(self.state.contents)
            for thing in things
            if movable >> thing & 1
        ]

    def _homes(self) -> Stops:
        """Return the receptacles of the goal that take targets: these are all of one type."""
        goal, receptacles = self.world.goal, self.world.receptacles
        return [self._at(spot, "move") for spot in goal.receptacles if receptacles[spot].accepts & goal.targets]

    def _appliances(self, treatment: Treatment, thing: int) -> Stops:
        if not self.world.treatable[treatment] >> thing & 1:
            return []
        appliances = self.world.appliances[treatment]
        spots = [spot for spot in range(appliances.bit_length()) if appliances >> spot & 1]
        return [Stop(self.world.receptacles[spot].place, spot, 0, treatment) for spot in spots]

    def _lamps(self) -> Stops:
        """Return where to be in the end: at a lamp, which need not be turned on again."""
        lamps = self.world.goal.lamps
        return [
            self._lamp(spot, thing)
            for spot, things in enumerate(self.state.contents)
            for thing in things
            if lamps >> thing & 1
        ]

    def _lamp(self, spot: int, thing: int) -> Stop:
        is_lit = self.state.toggled >> thing & 1
        return Stop(self.world.receptacles[spot].place, spot, 0, None if is_lit else "use", thing)

    def _free_hand(self, following: Stops) -> list[Stops]:
        """Return the stage that puts down what the hand holds, none if it is empty."""
        return [] if self.state.hand == NOTHING else [self._passed(self._fitting(), following)]

    def _fitting(self) -> Stops:
        """Return where what the hand holds can be put down."""
        hand, receptacles = self.state.hand, self.world.receptacles
        return [self._at(spot, "move") for spot, where in enumerate(receptacles) if where.accepts >> hand & 1]

    def _passed(self, stops: Stops, others: Iterable[Stop]) -> Stops:
        """Return those stops that are at the place of others, or here, and one of the rest: they cost the same."""
        places = {self.state.place}.union(stop.place for stop in others)
        passed = [stop for stop in stops if stop.place in places]
        rest = [stop for stop in stops if stop.place not in places]
        opened = self.state.opened
        return passed + sorted(rest, key=lambda stop: bool(stop.door & ~opened))[:1]

    def _at(self, spot: int, verb: Verb, thing: int = NOTHING) -> Stop:
        return Stop(self.world.receptacles[spot].place, spot, self.world.openable & 1 << spot, verb, thing)

    def _holds_target(self) -> bool:
        return self.state.hand != NOTHING and bool(self.world.goal.targets >> self.state.hand & 1)

    def _lacks(self, treatment: Treatment, thing: int) -> bool:
        state = self.state
        done = state.clean if treatment == "clean" else state.hot if treatment == "heat" else state.cool
        return not done >> thing & 1

    def _is_home(self, thing: int, source: Stop | None) -> bool:
        """Return whether a target that was taken is still in a receptacle of the goal: it can be in several."""
        left = NOTHING if source is None else source.spot
        return any(thing in self.state.contents[spot] for spot in self.world.goal.receptacles if spot != left)


def _was_taken(stop: Stop, done: Round) -> bool:
    return stop.verb == "take" and any(stop.thing == earlier.thing for earlier in done)


def _commands(world: World, state: HouseholdState, stops: Round) -> tuple[str, ...]:
    place, opened, hand = state.place, state.opened, state.hand
    commands: list[Command] = []
    for stop in stops:
        if stop.place != place:
            commands.append(Command("go to", receptacle=stop.spot))
        if stop.door & ~opened:
            commands.append(Command("open", receptacle=stop.spot))
        place, opened = stop.place, opened | stop.door
        if stop.verb == "take":
            hand = stop.thing
        if stop.verb == "use":
            commands.append(Command("use", stop.thing))
        elif stop.verb is not None:
            commands.append(Command(stop.verb, hand, stop.spot))
    return tuple(format_command(world, command) for command in commands)
