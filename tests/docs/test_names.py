"""What a page names in code is there: modules, classes and functions of vlm_gym, and files of the repository."""

import ast
import re
from functools import cache

import pytest
from doc_pages import PAGES, ROOT, prose

from vlm_gym.plugins import AGENTS, PARSERS, TASKS

NAME = re.compile(r"`(vlm_gym(?:\.\w+)+)")
PLACE = re.compile(r"`((?:vlm_gym|baselines|benchmarks|tests|examples|requirements|docs|results)/[\w./-]*)`")
OTHER_THINGS = {AGENTS, PARSERS, TASKS, "vlm_gym.json"}  # groups of entry points, and a file of a trained model
IDS = re.compile(r"-v\d+$")


@cache
def names_of(module):
    """Return the names that a module's source defines at its top, imports included."""
    found = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        inner = [node, *(node.body if isinstance(node, ast.If) else ())]
        for each in inner:
            found |= {
                name
                for name in (getattr(each, "name", None), getattr(getattr(each, "target", None), "id", None))
                if name
            }
            found |= {
                alias.asname or alias.name for alias in getattr(each, "names", ()) if isinstance(alias, ast.alias)
            }
            found |= {target.id for target in getattr(each, "targets", ()) if isinstance(target, ast.Name)}
    return found


def is_there(dotted):
    """Whether a dotted name leads to a package, a module, or a name in one (and whatever below it)."""
    path, *rest = dotted.split(".")
    at = ROOT / path
    while rest and (at / rest[0]).is_dir():
        at /= rest.pop(0)
    if rest and (at / f"{rest[0]}.py").is_file():
        at /= f"{rest.pop(0)}.py"
    module = at if at.suffix == ".py" else at / "__init__.py"
    return not rest or rest[0] in names_of(module)


@pytest.mark.parametrize("page", PAGES)
def test_every_dotted_name_is_there(page):
    assert [name for name in NAME.findall(prose(page)) if name not in OTHER_THINGS and not is_there(name)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page):
    """NAME stands for any."""
    named = [place for place in PLACE.findall(prose(page)) if not IDS.search(place)]
    assert [place for place in named if not any(ROOT.glob(place.replace("NAME", "*")))] == []


@pytest.mark.parametrize(
    ("dotted", "expected"),
    [
        ("vlm_gym.Rollout", True),
        ("vlm_gym.fields.Kind", True),
        ("vlm_gym.parsers.Fault", True),
        ("vlm_gym.evaluation.runs.run.evaluate", True),
        ("vlm_gym.Roll", False),
        ("vlm_gym.evaluation.runs.run.evaluated", False),
        ("vlm_gym.nowhere", False),
    ],
)
def test_a_name_that_is_not_there_is_found(dotted, expected):
    assert is_there(dotted) is expected
