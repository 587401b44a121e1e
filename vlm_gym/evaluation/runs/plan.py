"""What determines a run: which episodes, how they are told and read, and by which software."""

import importlib.metadata
import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from vlm_gym._version import __version__
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec, canonical
from vlm_gym.errors import ConfigError, check_int, check_is
from vlm_gym.evaluation.runs.panels import Panel
from vlm_gym.ladders import FROM_MEMORY
from vlm_gym.parsers import find_parser
from vlm_gym.registration import find_task

PACKAGES: Final = ("gymnasium", "numpy", "pillow", "opencv-python")
CIRCUMSTANCES: Final = ("format", "started", "command", "platform", "git", "stop_repeats")
"""The parts of run.json that may differ within a run."""
AGENT_CIRCUMSTANCES: Final = ("base_url", "headers")
"""The parts of the agent's description that may differ: the same model may be served elsewhere."""
SPEC_PARTS: Final = ("id", "kwargs", "max_episode_steps")
MAX_STOP_REPEATS: Final = 1000
USER_IN_URL: Final = re.compile(r"//[^/@\s]*@")  # it may be a password
NUM_SHOWN: Final = 6  # of the differences between two runs, and of a list's
VALUE_LENGTH: Final = 80  # characters of a value in a difference
GIT_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True)
class Shard:
    """The share of one machine in a run: every `count`-th episode, from the `number`-th on, counted from 1."""

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ConfigError(f"a shard must be I/N with 1 <= I <= N, got {self.number}/{self.count}")

    def of(self, episodes: Sequence[EpisodeSpec]) -> tuple[EpisodeSpec, ...]:
        """Return the episodes of this shard; every episode is in exactly one of the N shards."""
        return tuple(episodes[self.number - 1 :: self.count])


@dataclass(frozen=True)
class Plan:
    """What a run plays, and how.

    Attributes:
        episodes: All episodes in playing order, those of other shards included.
        panel: Where they come from, as run.json says it (`panel_of`); None if they were put together by hand.
        parser: What reads the answers.
        chat: How a task is told.
        shard: The part that this run plays; None for all.
        stop_repeats: For greedy models: after so many turns in a row with the same requests and the same answers, none
            of which can be read, a model is not asked for that answer again for as long as the same is sent; None to
            ask each time. The turns are played and recorded all the same, with replies that say `is_repeated`.
    """

    episodes: tuple[EpisodeSpec, ...]
    panel: Mapping[str, Any] | None = None
    parser: str = "json"
    chat: ChatSettings = field(default_factory=ChatSettings)
    shard: Shard | None = None
    stop_repeats: int | None = None

    def __post_init__(self) -> None:
        if self.stop_repeats is not None:
            check_int("stop_repeats", self.stop_repeats, 1, MAX_STOP_REPEATS)
        check_is("episodes", self.episodes, tuple | list, "a tuple, such as get_panel('cards-v0').episodes")
        for episode in self.episodes:
            check_is("each of episodes", episode, EpisodeSpec, "an EpisodeSpec, as EpisodeSpec.from_row(row) is one")
        check_is("panel", self.panel, Mapping | None, "what panel_of(panel) returns, or None")
        check_is("chat", self.chat, ChatSettings, "ChatSettings")
        check_is("shard", self.shard, Shard | None, f"a {Shard.__module__}.Shard, such as Shard(1, 2), or None")
        if not self.episodes:
            raise ConfigError("a run needs one episode or more, got none")
        if not isinstance(self.parser, str):
            raise ConfigError(
                f"a run is recorded under its parser's name: give the parser one with "
                f"vlm_gym.parsers.register_parser(name, parser); got {self.parser!r}"
            )
        find_parser(self.parser)
        keys = [episode.key for episode in self.episodes]
        if len(set(keys)) != len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ConfigError(f"a run plays every episode once, got {twice} twice; `repeat` numbers the attempts")

    @property
    def own_episodes(self) -> tuple[EpisodeSpec, ...]:
        """The episodes that this run plays: those of its shard."""
        return self.episodes if self.shard is None else self.shard.of(self.episodes)


def plan_notes(plan: Plan) -> list[str]:
    """Return what is worth knowing of a plan before it is played, in sentences."""
    if plan.chat.history:
        return []
    tasks = sorted({each.task for each in plan.own_episodes if find_task(each.task).axis == FROM_MEMORY})
    if not tasks:
        return []
    return [
        f"{tasks[0]} and other levels of {FROM_MEMORY} ask for what earlier pictures showed, and the player sees none "
        "of them: see --history"
    ]


def panel_of(panel: Panel, tasks: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what run.json says of a panel; `tasks` are those that were chosen, None for all."""
    return {
        "name": panel.name,
        "fingerprint": panel.fingerprint,
        "first": panel.num_first,
        "tasks": None if tasks is None else list(tasks),
        **({"arguments": dict(panel.arguments)} if panel.arguments else {}),
    }


def repeated(episodes: Iterable[EpisodeSpec], num_repeats: int) -> tuple[EpisodeSpec, ...]:
    """Return every episode so many times, as attempts 0, 1, ...; all first attempts come first."""
    starts = tuple(episodes)
    return tuple(replace(episode, repeat=i) for i in range(num_repeats) for episode in starts)


def planned_episodes(run: Mapping[str, Any]) -> tuple[EpisodeSpec, ...]:
    """Return the episodes that the run of this run.json plays: all that it lists, or those of its shard."""
    episodes = tuple(EpisodeSpec(**_known(EpisodeSpec, values)) for values in run["episodes"])
    return episodes if run["shard"] is None else Shard(*run["shard"]).of(episodes)


def told_as(run: Mapping[str, Any]) -> ChatSettings:
    """Return how the tasks are told in the run of this run.json."""
    return ChatSettings(**_known(ChatSettings, run["chat"]))


def describe(plan: Plan, agent: Mapping[str, Any]) -> dict[str, Any]:
    """Return run.json without its format: everything that determines the result, and how it came about.

        vlm_gym, versions    of the package, of Python and of what draws and deals
        platform, git        machine; commit of the package, "-dirty" if files differ from it, null outside a checkout
        started, command     UTC time; the command line
        panel                {"name", "fingerprint", "first", "tasks"}, of a variant "arguments" too; or null
        parser, chat, agent  what reads answers; ChatSettings; Agent.describe()
        stop_repeats         `Plan.stop_repeats`, where there is one
        num_repeats          attempts at each start
        episodes             EpisodeSpec of all episodes, in playing order; none where a person plays without a panel
        shard                [i, n]: this run plays those of `episodes` that `planned_episodes` returns; or null
        specs                {task: env.spec as JSON}; a task with arguments is named by both, as JSON

    Raises:
        ConfigError: if a task cannot be built from its arguments, or `stop_repeats` is given for a model that samples.
        DataNotFoundError: if a task's games are not on this machine.
    """
    if plan.stop_repeats is not None:
        _check_greedy(agent)
    return {
        "vlm_gym": __version__,
        "versions": versions(),
        "platform": platform.platform(),
        "git": _commit(),
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": [USER_IN_URL.sub("//", word) for word in sys.argv],
        "panel": plan.panel,
        "parser": plan.parser,
        **({} if plan.stop_repeats is None else {"stop_repeats": plan.stop_repeats}),
        "num_repeats": len({episode.repeat for episode in plan.episodes}),
        "shard": None if plan.shard is None else [plan.shard.number, plan.shard.count],
        "chat": plan.chat.to_plain(),
        "agent": dict(agent),
        "episodes": [asdict(episode) for episode in plan.episodes],
        "specs": _specs(plan),
    }


def _check_greedy(agent: Mapping[str, Any]) -> None:
    """Raise ConfigError if a model may answer the same request in another way; of a Python function nobody knows."""
    sampling = agent.get("sampling", agent)
    if "model" in agent and sampling.get("temperature") != 0:
        raise ConfigError(
            "stop_repeats takes a model's last answer for its next one, so it must always answer the same: give "
            f"--temperature 0, got {sampling.get('temperature')!r}"
        )


def versions(*packages: str) -> dict[str, str | None]:
    """Return the versions of Python, of what draws and deals, and of other packages; None where one is not there."""
    return {"python": platform.python_version(), **{name: _version(name) for name in (*PACKAGES, *packages)}}


def differences(there: Mapping[str, Any], here: Mapping[str, Any], but: Sequence[str] = CIRCUMSTANCES) -> list[str]:
    """Say in what two contents of run.json differ, one line a value; `but` names the parts that may."""
    lines = list(_differing("", *(_determining(run, but) for run in (there, here))))
    return lines[:NUM_SHOWN] + ([f"and {len(lines) - NUM_SHOWN} more"] if len(lines) > NUM_SHOWN else [])


def _determining(run: Mapping[str, Any], but: Sequence[str]) -> dict[str, Any]:
    """Return the parts of run.json that determine the result; settings that are not there are as they ever were."""
    parts = {name: run[name] for name in run if name not in but}
    if isinstance(parts.get("chat"), Mapping):
        parts["chat"] = {**asdict(ChatSettings()), **parts["chat"]}
    if isinstance(parts.get("specs"), Mapping):
        parts["specs"] = {name: _determining_spec(spec) for name, spec in parts["specs"].items()}
    agent = parts.get("agent")
    if isinstance(agent, Mapping):
        parts["agent"] = {name: value for name, value in agent.items() if name not in AGENT_CIRCUMSTANCES}
    return parts


def _determining_spec(text: str) -> Any:
    """Return the parts of an env's spec that say what is played; how it is put together may change."""
    try:
        spec = json.loads(text)
        return {name: spec.get(name) for name in SPEC_PARTS}
    except (ValueError, TypeError, AttributeError):
        return text


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a dataclass of this version has fields for."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _differing(name: str, there: Any, here: Any) -> Iterator[str]:
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for key in {**there, **here}:
            yield from _differing(f"{name}.{key}" if name else key, there.get(key), here.get(key))
        return
    if isinstance(there, (list, tuple)) and isinstance(here, (list, tuple)):
        if len(there) != len(here):
            yield f"{name}: {len(there)} there, {len(here)} here"
            return
        for i, (one, other) in enumerate(zip(there, here, strict=True)):
            yield from _differing(f"{name}[{i}]", one, other)
        return
    if there != here:
        one, other = canonical(there), canonical(here)
        begin = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
        yield f"{name}: {_cut(one, begin)} there, {_cut(other, begin)} here"


def _cut(text: str, begin: int) -> str:
    """Return a text, or a part of it around the place `begin` if it is long."""
    first = 0 if len(text) <= VALUE_LENGTH else max(0, begin - VALUE_LENGTH // 2)
    part = text[first : first + VALUE_LENGTH]
    return ("..." if first else "") + part + ("..." if first + VALUE_LENGTH < len(text) else "")


def _specs(plan: Plan) -> dict[str, str]:
    specs: dict[str, str] = {}
    for episode in plan.episodes:
        name = canonical([episode.task, episode.arguments]) if episode.arguments else episode.task
        if name not in specs:
            env = episode.make(parser=plan.parser)
            specs[name] = "" if env.spec is None else env.spec.to_json()
            env.close()
    return specs


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # OpenCV comes under several names
        return None


@lru_cache
def _commit() -> str | None:
    """Return the commit of the checkout from which the package is imported; None if it is installed."""
    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return None
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        told = subprocess.run(  # noqa: S603  # a fixed command
            command, cwd=checkout, capture_output=True, text=True, timeout=GIT_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()
