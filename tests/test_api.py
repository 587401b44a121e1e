"""The names in `vlm_gym` itself: documented, imported when they are used, and no burden before."""

import ast
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import vlm_gym
from vlm_gym import errors, levels

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
# What importing the package loads of the package: what registering its ids takes, and nothing that plays or draws.
LOADED = {
    "vlm_gym", "vlm_gym._version", "vlm_gym.adoption", "vlm_gym.errors", "vlm_gym.plugins", "vlm_gym.program",
    "vlm_gym.registration", "vlm_gym.task", "vlm_gym.task_table", "vlm_gym.levels",
    *(f"vlm_gym.levels.{module.name}" for module in pkgutil.iter_modules(levels.__path__)),
}  # fmt: skip
HEAVY = {"PIL", "cv2", "asyncio", "httpx", "torch", "rich", "sqlite3", "multiprocessing", "concurrent.futures"}


def documented(first_line):
    """Return the names in the first column of the tables with this head."""
    names = []
    for table in PAGE.read_text(encoding="utf-8").split(first_line)[1:]:
        lines = table.split("\n\n")[0].splitlines()
        columns = [line.split("|")[1] for line in lines if line.startswith("| `")]
        names += re.findall(r"`(\w+)`", " ".join(columns))
    return names


def run(code):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_every_name_is_documented_and_every_documented_name_is_there():
    names = documented("| name | what it is |")
    assert sorted(names) == sorted(vlm_gym.__all__)
    assert sorted(documented("| wrapper | what it does |")) == sorted(vlm_gym.wrappers.__all__)


@pytest.mark.parametrize("name", vlm_gym.__all__)
def test_a_name_is_what_its_own_module_says_it_is(name):
    value = getattr(vlm_gym, name)
    assert name in dir(vlm_gym)
    assert getattr(vlm_gym, name) is value
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__doc__, name
        assert getattr(sys.modules[value.__module__], name) is value


def test_all_errors_are_there():
    made = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}
    assert made <= set(vlm_gym.__all__)


def test_type_checkers_see_what_is_imported_late():
    tree = ast.parse(Path(vlm_gym.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert seen == {**vlm_gym._PLACES, "wrappers": "vlm_gym"}


def test_importing_the_package_loads_what_registering_takes():
    """A few milliseconds beside gymnasium: no picture, parser or evaluator is imported before it is used."""
    there, loaded = (set(run(f"import sys, gymnasium{more}; print(*sys.modules)")) for more in ("", ", vlm_gym"))
    assert {name for name in loaded if name.split(".")[0] == "vlm_gym"} == LOADED
    assert not (loaded - there) & HEAVY


def test_a_star_imports_all_of_them():
    code = "from vlm_gym import *; import vlm_gym; print(*(name for name in vlm_gym.__all__ if name not in globals()))"
    assert run(code) == []


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(AttributeError, match="module 'vlm_gym' has no attribute 'Rolout'") as caught:
        vlm_gym.Rolout  # noqa: B018
    assert caught.value.name == "Rolout"
    assert not hasattr(vlm_gym, "Env")
