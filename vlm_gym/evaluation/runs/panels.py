"""Panels: named, frozen sets of episodes, so that a number quoted with its panel's name means the same next year.

A panel never changes: other episodes, pictures or prompts are a panel with another version in its name.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from typing import Any, Final

from vlm_gym.assembly import default_arguments
from vlm_gym.episodes import EpisodeSpec, canonical
from vlm_gym.errors import ConfigError, DataNotFoundError, check_is, did_you_mean
from vlm_gym.games.household.splits import list_games, name_of_game, task_of_folder
from vlm_gym.games.household.tasks import TASK_TYPES
from vlm_gym.registration import find_task
from vlm_gym.rollout import Rollout

FIRST_SEED: Final = 1_000_000_000  # people train on low seeds: a panel's begin here
GAMES_OF_A_TYPE: Final = 10  # in the panel that plays them twice
STARTS_OF_A_LEVEL: Final = 40  # in ladder-v0
STARTS_OF_A_TOP: Final = 32  # in hard-v0
FIRST_LADDER_SEED: Final = FIRST_SEED + 1000
FIRST_HARD_SEED: Final = FIRST_SEED + 2000
HASH_LENGTH: Final = 16  # hex digits of each half of a fingerprint: 64 bits


@dataclass(frozen=True)
class Panel:
    """A named set of episodes.

    Attributes:
        name: Its name, with its version.
        summary: What it measures, in a few words.
        episodes: In playing order: the kinds of episodes of a task take turns, so that the first ones are a fair
            sample.
        fingerprint: Two hashes, "CONTENT-PICTURES": of all episodes' keys, first prompts and pictures in words, and of
            the pixels of their first pictures.
        num_first: If only so many episodes of each task are left (`first`), their number; None for the whole panel.
        arguments: What makes it a variant of a published panel (`variant`); nothing for the panel itself.
    """

    name: str
    summary: str
    episodes: tuple[EpisodeSpec, ...]
    fingerprint: str
    num_first: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def variant(self, arguments: Mapping[str, Any]) -> "Panel":
        """Return the same episodes with further arguments of their tasks, a panel of its own name and fingerprint.

            get_panel("cards-v0").variant({"prompt": "action_only"}).name       # cards-v0[prompt=action_only]

        An argument that all its tasks have with this value anyway makes no variant. The fingerprint is computed from
        the variant's own prompts and pictures, which takes seconds.

        Raises:
            ConfigError: if a task has no such argument, or if episodes were left out already.
        """
        if self.num_first is not None:
            raise ConfigError(f"a variant is one of the whole panel: {self.name}.variant(...).first({self.num_first})")
        plain = tuple(replace(each, arguments=_without(each.arguments, self.arguments)) for each in self.episodes)
        merged = {**self.arguments, **arguments}
        changed = {name: value for name, value in merged.items() if not _is_default(plain, name, value)}
        if changed == dict(self.arguments):
            return self
        episodes = tuple(replace(each, arguments={**each.arguments, **changed}) for each in plain)
        base = self.name.partition("[")[0]
        listed = ", ".join(f"{key}={_plain(changed[key])}" for key in sorted(changed))
        name = f"{base}[{listed}]" if changed else base
        try:
            fingerprint = fingerprint_of(episodes)
        except ConfigError as error:
            raise ConfigError(f"there is no panel {name}: {error}") from error
        return replace(self, name=name, episodes=episodes, fingerprint=fingerprint, arguments=changed)

    def first(self, n: int) -> "Panel":
        """Return the first n episodes of each task, under the whole panel's fingerprint.

        Raises:
            ConfigError: if n is below 1.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ConfigError(f"the number of episodes of each task must be an int of 1 or more, got {n!r}")
        groups: dict[str, list[EpisodeSpec]] = defaultdict(list)
        for episode in self.episodes:
            groups[episode.task].append(episode)
        return replace(self, episodes=tuple(chain.from_iterable(group[:n] for group in groups.values())), num_first=n)


def get_panel(name: str) -> Panel:
    """Return a panel by its name.

    Raises:
        ConfigError: if there is no such panel.
        DataNotFoundError: if its games are not on this machine, or not all of them.
    """
    check_is("a panel's name", name, str, "a str, such as 'cards-v0'")
    if name not in PANELS:
        raise ConfigError(f"there is no panel {name!r}.{did_you_mean(name, PANELS)} Panels are {', '.join(PANELS)}")
    summary, list_episodes = PANELS[name]
    episodes = list_episodes()
    return Panel(name, summary, episodes, FINGERPRINTS[name])


def rows(panel: str | Panel, first: int | None = None) -> list[dict[str, Any]]:
    """Return a panel's episodes as rows (`EpisodeSpec.to_row`), which `Rollout.start` plays.

    Args:
        panel: A panel or its name.
        first: Only the first so many episodes of each task.

    Raises:
        ConfigError: if there is no such panel, or `first` is below 1.
        DataNotFoundError: if its games are not on this machine.
    """
    check_is("panel", panel, str | Panel, "a Panel or its name")
    chosen = get_panel(panel) if isinstance(panel, str) else panel
    return [episode.to_row() for episode in (chosen if first is None else chosen.first(first)).episodes]


def check_panel(panel: Panel) -> str | None:
    """Compute a whole panel's fingerprint anew and say what differs, in a sentence; None if nothing does."""
    found, expected = fingerprint_of(panel.episodes), panel.fingerprint
    if found.partition("-")[0] != expected.partition("-")[0]:
        return f"its episodes or prompts differ from the published ones: expected {expected}, got {found}"
    if found != expected:
        return (
            "its episodes and prompts are the published ones, the pixels of its pictures differ: they were drawn with "
            f"Pillow {DRAWN_WITH['Pillow']} and OpenCV {DRAWN_WITH['OpenCV']}"
        )
    return None


def fingerprint_of(episodes: Iterable[EpisodeSpec]) -> str:
    """Compute a fingerprint: starts every episode, in text play with the parser "json".

    The second half depends on the pixels, and so on the versions of Pillow and OpenCV; the first half does not.
    Episodes
    that another program draws are not started: of them only the keys count.
    """
    content, pictures = hashlib.sha256(), hashlib.sha256()
    with Rollout() as rollout:
        for episode in episodes:
            if find_task(episode.task).setup:
                content.update(f"{episode.key}\0".encode())
                continue
            info, picture = rollout.start(episode).info, rollout.session.picture
            content.update("\0".join((episode.key, info["prompt"], info["observation_text"], "")).encode())
            pictures.update(repr(picture.shape).encode() + picture.tobytes())
    return f"{content.hexdigest()[:HASH_LENGTH]}-{pictures.hexdigest()[:HASH_LENGTH]}"


def _without(arguments: Mapping[str, Any], left_out: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in left_out}


def _is_default(episodes: Sequence[EpisodeSpec], name: str, value: Any) -> bool:
    """Whether an argument of all these episodes has this value where nobody says it."""
    given = {(each.task, canonical(each.arguments)): each for each in episodes}.values()
    known = [{**default_arguments(each.task), **each.arguments} for each in given]
    return all(name in arguments and arguments[name] == value for arguments in known)


def _plain(value: Any) -> str:
    """Return an argument's value as it is given on the command line."""
    return value if isinstance(value, str) else canonical(value)


def _cards() -> tuple[EpisodeSpec, ...]:
    return _by_seed("NumberLine", "EZPoints", "Points24", "EZPointsFormula", "Points24Formula", "Blackjack")


def _cards_shift() -> tuple[EpisodeSpec, ...]:
    """Start every shifted task from the seeds of `cards-v0`: where the rules are the same, so are the deals."""
    return _by_seed(
        "NumberLine-Long",
        "NumberLine-Night",
        "EZPoints-FaceRank",
        "EZPoints-BlackSuits",
        "Points24-FaceRank",
        "Points24-BlackSuits",
        "EZPointsFormula-FaceRank",
        "Points24Formula-FaceRank",
        "Blackjack-BlackSuits",
    )


def _hard() -> tuple[EpisodeSpec, ...]:
    """Start the highest level of every ladder."""
    tops = [_level(ladder, top) for ladder, top in LADDERS.items()]
    return tuple(EpisodeSpec(task, FIRST_HARD_SEED + i) for i in range(STARTS_OF_A_TOP) for task in tops)


def _ladder() -> tuple[EpisodeSpec, ...]:
    """Start every level of every ladder from the same seeds, the levels taking turns; a shared level 0 comes once."""
    tasks = dict.fromkeys(_level(ladder, level) for ladder, top in LADDERS.items() for level in range(top + 1))
    return tuple(EpisodeSpec(task, FIRST_LADDER_SEED + i) for i in range(STARTS_OF_A_LEVEL) for task in tasks)


def _level(ladder: tuple[str, str], level: int) -> str:
    base, axis = ladder
    return f"vlm_gym/{base}" if level == 0 else f"vlm_gym/{base.rpartition('-v')[0]}-{axis}-L{level}-v0"


def _by_seed(*tasks: str) -> tuple[EpisodeSpec, ...]:
    return tuple(EpisodeSpec(f"vlm_gym/{task}-v0", FIRST_SEED + i) for task in tasks for i in range(100))


def _household(task: str) -> Callable[[], tuple[EpisodeSpec, ...]]:
    def list_episodes() -> tuple[EpisodeSpec, ...]:
        kinds = [TASK_TYPES[i % len(TASK_TYPES)] for i in range(120)]
        return tuple(EpisodeSpec(task, FIRST_SEED + i, options={"task_type": kind}) for i, kind in enumerate(kinds))

    return list_episodes


def _alfworld(task: str, split: str) -> Callable[[], tuple[EpisodeSpec, ...]]:
    """Name every game of a split; the names are not in this package, but what they must be is.

    The order is the panel's own, and frozen: `in_mixed_order`, in which the tasks play their splits, may change.
    """

    def list_episodes() -> tuple[EpisodeSpec, ...]:
        names = sorted(map(name_of_game, list_games(split=split)))
        _check_games(split, names)
        return tuple(
            EpisodeSpec(task, FIRST_SEED + i, options={"game": name}) for i, name in enumerate(_taking_turns(names))
        )

    return list_episodes


def _household_thor() -> tuple[EpisodeSpec, ...]:
    """Play the first games of each task type twice: drawn by this package, and by AI2-THOR."""
    games = _alfworld("vlm_gym/ALFWorld-ValidSeen-v1", "valid_seen")()
    kinds: dict[str | None, list[EpisodeSpec]] = defaultdict(list)
    for episode in games:
        assert episode.options is not None  # noqa: S101 - `_alfworld` names the game in them
        kinds[task_of_folder(episode.options["game"].partition("/")[0])].append(episode)
    chosen = {episode.key for group in kinds.values() for episode in group[:GAMES_OF_A_TYPE]}
    drawn = [episode for episode in games if episode.key in chosen]
    return (*drawn, *(replace(episode, task="vlm_gym/ALFWorldThor-ValidSeen-v0") for episode in drawn))


def _taking_turns(names: Sequence[str]) -> tuple[str, ...]:
    """Order games so that their task types take turns for as long as there are some of each."""
    groups: dict[str | None, list[str]] = {kind: [] for kind in TASK_TYPES}
    for name in names:
        groups[task_of_folder(name)].append(name)
    return tuple(name for row in zip_longest(*groups.values()) for name in row if name is not None)


def _check_games(split: str, names: Sequence[str]) -> None:
    number, expected = ALFWORLD_GAMES[split]
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:HASH_LENGTH]
    if len(names) == number and expected in (None, digest):
        return
    found = f"{len(names)} games" if len(names) != number else "others"
    raise DataNotFoundError(
        f"the panel plays the {number} official games of {split}, but found {found}: an incomplete copy, or another "
        "version. `vlm-gym download alfworld` gets them; $ALFWORLD_DATA says where they are"
    )


LADDERS: Final[Mapping[tuple[str, str], int]] = {
    ("NumberLine-v0", "Seeing"): 4,
    ("EZPoints-v0", "Seeing"): 4,
    ("Points24-v0", "Seeing"): 4,
    ("EZPointsFormula-v1", "Seeing"): 4,
    ("Points24Formula-v1", "Seeing"): 4,
    ("Blackjack-v0", "Seeing"): 4,
    ("Points24-v0", "Calculating"): 3,
    ("Points24Formula-v1", "Calculating"): 3,
    ("NumberLine-v0", "Planning"): 3,
    ("Points24-v0", "Planning"): 2,
    ("Blackjack-v0", "Remembering"): 3,
    ("Household-v1", "Remembering"): 3,
    ("NumberLine-v0", "Course"): 3,
    ("Blackjack-v0", "Course"): 3,
    ("Points24-v0", "Course"): 3,
    ("Points24Formula-v1", "Course"): 3,
}
"""The ladders of hard-v0 and ladder-v0, task at level 0 and axis, and their highest level."""

PANELS: Final[Mapping[str, tuple[str, Callable[[], tuple[EpisodeSpec, ...]]]]] = {
    "cards-v0": ("the card games and NumberLine, 100 starts each", _cards),
    "cards-shift-v0": ("their variants: other colours, face cards that count 11 to 13, a long line", _cards_shift),
    "household-v0": ("generated homes, 20 of each task type", _household("vlm_gym/Household-v0")),
    "household-unseen-v0": ("the same with pairs held out", _household("vlm_gym/Household-Unseen-v0")),
    "alfworld-valid-seen-v0": (
        "ALFWorld's split valid_seen, every game once",
        _alfworld("vlm_gym/ALFWorld-ValidSeen-v0", "valid_seen"),
    ),
    "alfworld-valid-unseen-v0": (
        "ALFWorld's split valid_unseen, every game once",
        _alfworld("vlm_gym/ALFWorld-ValidUnseen-v0", "valid_unseen"),
    ),
    "hard-v0": ("the highest level of every ladder of harder tasks, 32 starts each", _hard),
    "ladder-v0": ("every ladder of harder tasks, each level from 0 up, 40 starts each", _ladder),
    "household-thor-v0": ("60 games of valid_seen twice: drawn by this package, and by AI2-THOR", _household_thor),
}
"""What each panel measures, and how its episodes are listed."""

ALFWORLD_GAMES: Final[Mapping[str, tuple[int, str | None]]] = {
    "valid_seen": (140, "ef35bea9156a6c9b"),
    "valid_unseen": (134, None),
}
"""How many games an official split has, and the hash of their names; None where it is not known."""

FINGERPRINTS: Final[Mapping[str, str]] = {
    "cards-v0": "2a6f5cdf8c92109f-1e298245dba03e11",
    "cards-shift-v0": "3ebbde1665aaeba0-593ba861d3879bbd",
    "household-v0": "21a99233adca71f0-c4627fdf9ee161f5",
    "household-unseen-v0": "c4448dc0f10da683-2dcd4cd4a6fca7f7",
    "alfworld-valid-seen-v0": "6e6efac076a02585-d50108169b795ab5",
    "alfworld-valid-unseen-v0": "2358e7c1fd0ab410-770b15c7714cda68",
    "hard-v0": "68e3239531fb0633-75e541fc10ddda4f",
    "ladder-v0": "34918a04584348d7-990ca2af7d859758",
    "household-thor-v0": "79fa255e404e6add-d0a5a46cd6e77d90",
}
"""The fingerprints, their second halves with the versions of DRAWN_WITH."""

DRAWN_WITH: Final[Mapping[str, str]] = {"Pillow": "13.0.0", "OpenCV": "5.0.0"}
"""The packages that draw, as they were for the fingerprints: others may smooth an edge by a shade more or less."""
