"""What other packages bring: tasks, parsers and agents, found by name through their entry points.

They are looked up when a name is not known, never at import. A package says what it brings in its metadata:

    [project.entry-points."vlm_gym.tasks"]
    "lamps/Lamps-v0" = "lamps:LAMPS"
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from vlm_gym.errors import ConfigError

TASKS: Final = "vlm_gym.tasks"
PARSERS: Final = "vlm_gym.parsers"
AGENTS: Final = "vlm_gym.agents"


def plugin_names(group: str) -> tuple[str, ...]:
    """Return the names that packages on this machine bring in a group."""
    return tuple(sorted({point.name for point in entry_points(group=group)}))


def load_plugin(group: str, name: str) -> Any | None:
    """Import what a package brings under a name; None if no package does.

    Raises:
        ConfigError: if two packages bring it, or it cannot be imported.
    """
    points = tuple(dict.fromkeys(entry_points(group=group, name=name)))
    if not points:
        return None
    if len(points) > 1:
        packages = " and ".join(sorted(map(_package_of, points)))
        raise ConfigError(f"{packages} both bring {name!r} in the entry points {group!r}: uninstall one of them")
    try:
        return points[0].load()
    except Exception as error:  # whatever a package does at import
        raise ConfigError(
            f"{_told(points[0])} cannot be imported: {type(error).__name__}: {error}. It is a fault of that package"
        ) from error


def told_of(group: str, name: str) -> str:
    """Return how messages name what a package brings under a name."""
    return _told(next(iter(entry_points(group=group, name=name))))


def _told(point: EntryPoint) -> str:
    return f"the entry point {point.name!r} = {point.value!r} ({point.group}) of the package {_package_of(point)}"


def _package_of(point: EntryPoint) -> str:
    return "an unknown package" if point.dist is None else f"{point.dist.name} {point.dist.version}"
