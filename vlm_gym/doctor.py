"""What is ready on this machine and what is missing, with the command that mends it: extras, tasks, agents."""

import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from typing import Final, Literal

from vlm_gym._version import __version__
from vlm_gym.errors import ConfigError, DataNotFoundError, did_you_mean
from vlm_gym.evaluation.models.agent_names import AGENT_KINDS
from vlm_gym.games.household.splits import list_games
from vlm_gym.installation import NAME, install_hint
from vlm_gym.plugins import AGENTS as AGENT_GROUP
from vlm_gym.plugins import load_plugin, plugin_names
from vlm_gym.registration import NAMESPACE, frames, installed_tasks
from vlm_gym.task import Task

Kind = Literal["package", "extra", "task", "agent"]
DATA: Final = "games"

_REQUIREMENT: Final = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[\w,]+\])?\s*\(?(?P<versions>[^;)]*)\)?\s*(?:;(?P<marker>.*))?"
)
_EXTRA: Final = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")
_BOUND: Final = re.compile(r"(>=|<=|==|!=|<|>|~=)\s*([\w.]+)")


@dataclass(frozen=True)
class Finding:
    """What was found about one thing: nothing missing, or pairs of what is and what to do about it."""

    kind: Kind
    name: str
    details: str = ""
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.problems


def examine() -> tuple[Finding, ...]:
    """Return what was found about this package, its extras, all tasks and all agents."""
    return (_package(), *_extras(), *_tasks(), *_agents())


def choose(findings: Iterable[Finding], names: Iterable[str]) -> tuple[Finding, ...]:
    """Return the findings that names ask for: tasks, extras, or agents, of which only the first word counts.

    Raises ConfigError for a name that is none of them.
    """
    known: dict[str, list[Finding]] = {}
    for finding in findings:
        known.setdefault(finding.name, []).append(finding)
    return tuple(finding for name in names for finding in known[_known_name(name, known)])


def _known_name(name: str, known: Mapping[str, object]) -> str:
    for form in (name, name.removeprefix(NAMESPACE), name.partition(":")[0]):
        if form in known:
            return form
    raise ConfigError(
        f"there is no task, agent or extra {name!r}.{did_you_mean(name, known)} See: vlm-gym doctor, without a name"
    )


def _package() -> Finding:
    """Return whether the package itself has what it needs."""
    details = f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Finding("package", NAME, details, tuple(_unmet(_requirements().get("", ()), "")))


def _extras() -> Iterator[Finding]:
    for extra, lines in sorted(_requirements().items()):
        if extra:
            unmet = tuple(_unmet(lines, extra))
            yield Finding("extra", extra, "" if unmet else ", ".join(map(_installed, lines)), unmet)


def _tasks() -> Iterator[Finding]:
    tasks, faults = installed_tasks()
    for task in (*tasks, *frames()):
        yield Finding("task", task.id.removeprefix(NAMESPACE), "", (*_missing_games(task), *task.problems()))
    for fault in faults:
        yield Finding("task", "of another package", "", (("entry point", fault),))


def _missing_games(task: Task) -> Iterator[tuple[str, str]]:
    if task.needs_data:
        try:
            list_games(split=task.arguments.get("split", "train"))
        except DataNotFoundError as error:
            yield DATA, str(error)


def _agents() -> Iterator[Finding]:
    requirements = _requirements()
    for kind, extra in AGENT_KINDS.items():
        problems = tuple(_unmet(requirements.get(extra, ()), extra)) if extra else ()
        yield Finding("agent", kind, "", problems)
    for name in plugin_names(AGENT_GROUP):
        yield Finding("agent", name, "", tuple(_broken(name)))


def _broken(agent: str) -> Iterator[tuple[str, str]]:
    try:
        load_plugin(AGENT_GROUP, agent)
    except ConfigError as error:
        yield "entry point", str(error)


def _requirements() -> dict[str, list[str]]:
    """Return the requirements of this package by extra, "" for those of all; none where it is not installed."""
    try:
        lines = distribution(NAME).requires or []
    except PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {}
    for line in lines:
        match = _EXTRA.search(line)
        found.setdefault(match[1] if match else "", []).append(line)
    return found


def _unmet(lines: Iterable[str], extra: str) -> Iterator[tuple[str, str]]:
    """Return the requirements that are not met, with the command that installs what is asked for."""
    for line in lines:
        match = _REQUIREMENT.match(line)
        assert match is not None  # noqa: S101 - written by the installer
        found = _version_of(match["name"])
        if found is None:
            yield f"no {match['name']}", install_hint(extra)
        elif not _allows(match["versions"], found):
            yield f"{match['name']} {found}, needs {match['versions'].strip()}", install_hint(extra)


def _installed(line: str) -> str:
    match = _REQUIREMENT.match(line)
    return "" if match is None else f"{match['name']} {_version_of(match['name'])}"


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _allows(bounds: str, found: str) -> bool:
    """Return whether a version lies within bounds such as ">=1.0,<2", by the numbers that it begins with."""
    return all(_holds(sign, _numbers(found), _numbers(bound)) for sign, bound in _BOUND.findall(bounds))


def _holds(sign: str, found: tuple[int, ...], bound: tuple[int, ...]) -> bool:
    width = max(len(found), len(bound))
    left, right = (numbers + (0,) * (width - len(numbers)) for numbers in (found, bound))
    if sign == "~=":
        return left >= right and found[: len(bound) - 1] == bound[:-1]
    return {
        ">=": left >= right, "<=": left <= right, "==": left == right, "!=": left != right, "<": left < right,
        ">": left > right,
    }[sign]  # fmt: skip


def _numbers(text: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(map(int, match[0].split("."))) if match else ()
