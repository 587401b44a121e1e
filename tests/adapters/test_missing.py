"""An adapter whose framework is not installed says which extra brings it."""

import ast
import importlib
import pkgutil
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

from vlm_gym import MissingDependencyError, adapters
from vlm_gym.installation import install_hint

FOLDER = Path(adapters.__file__).parent
ADAPTERS = sorted(module.name for module in pkgutil.iter_modules([str(FOLDER)]))
OURS = {"vlm_gym", "gymnasium", "numpy", "PIL", "cv2", *sys.stdlib_module_names}
CALLED = {"trl": lambda module: module.dataset("cards-v0", first=1)}  # TRL itself imports nothing before it is called


def frameworks(name):
    """Return the packages that a module imports within `needs(its name)`, and those that it imports elsewhere."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    inside = [node for node in ast.walk(tree) if isinstance(node, ast.With) and f"needs('{name}')" in ast.unparse(node)]
    packages = set().union(*(imported(node) for node in inside)) if inside else set()
    return packages, imported(tree) - packages


def imported(tree):
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.partition(".")[0])
    return names - OURS


@pytest.mark.parametrize("name", ADAPTERS)
def test_what_an_adapter_imports_is_brought_by_its_extra(name):
    packages, elsewhere = frameworks(name)
    assert name in metadata("vlm-gym").get_all("Provides-Extra")
    assert packages
    assert elsewhere <= {"uvicorn"}  # of openenv, imported as its server starts


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_missing_framework_is_told_with_the_extra(name, monkeypatch):
    for package in frameworks(name)[0]:
        for module in [each for each in sys.modules if each.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, package, None)
    module = f"vlm_gym.adapters.{name}"
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(MissingDependencyError) as raised:
        CALLED.get(name, lambda _: None)(importlib.import_module(module))
    assert "is missing or damaged" in str(raised.value)
    assert install_hint(name) in str(raised.value)
