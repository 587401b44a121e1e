"""Packages of others, as an installer leaves them: modules with metadata beside them, on the path for one test."""

import importlib
import sys
import textwrap

LAMPS = """
    from vlm_gym import Task

    LAMPS = Task("lamps/Lamps-v0", "vlm_gym.envs.number_line:NumberLineEnv", "count lamps", 9, 2)
"""


def install(folder, monkeypatch, package, entry_points, **modules):
    """Put a package on the path: `entry_points` maps groups to lines, `modules` names to source."""
    site = folder / f"site-{package}"
    for name, source in modules.items():
        site.mkdir(exist_ok=True)
        (site / f"{name}.py").write_text(textwrap.dedent(source))
        monkeypatch.delitem(sys.modules, name, raising=False)
    info = site / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [line for group, points in entry_points.items() for line in (f"[vlm_gym.{group}]", *points)]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()
