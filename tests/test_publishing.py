"""What an index shows of this package, and what it takes to get there."""

import importlib.util
import re
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
HOME = "https://code.example/us/vlm_gym"


@pytest.fixture(scope="module")
def setup_script():
    spec = importlib.util.spec_from_file_location("setup_script", ROOT / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_on_an_index_every_link_is_a_whole_address(setup_script):
    shown = setup_script.description(README, HOME, "1.2.3")
    targets = re.findall(r"\]\(([^)]+)\)", shown)
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []
    assert f"![The tasks]({HOME}/raw/v1.2.3/docs/figures/tasks.png)" in shown
    assert f"]({HOME}/blob/v1.2.3/docs/environments.md)" in shown
    assert "](https://arxiv.org/abs/2405.10292)" in shown
    assert len(targets) == len(re.findall(r"\]\(([^)]+)\)", README))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](b.md)", f"[a]({HOME}/blob/v1/b.md)"),
        ("![a](b.png)", f"![a]({HOME}/raw/v1/b.png)"),
        ("[a](b.md#c)", f"[a]({HOME}/blob/v1/b.md#c)"),
        ("[a](#c)", "[a](#c)"),
        ("[a](http://b) [c](mailto:d@e)", "[a](http://b) [c](mailto:d@e)"),
        ("x[0](y) `[1]`", f"x[0]({HOME}/blob/v1/y) `[1]`"),
    ],
)
def test_only_what_lies_in_the_repository_gets_its_address(setup_script, text, shown):
    assert setup_script.description(text, HOME, "1") == shown


def test_without_an_address_nothing_is_invented(setup_script):
    assert setup_script.description(README, "", "1") == README
    assert setup_script.project_urls("") == {}
    assert all(url.startswith(HOME) for url in setup_script.project_urls(HOME).values())


def test_the_address_stands_in_one_place(setup_script):
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    assert setup_script.repository() == settings["home"]["repository"].rstrip("/")
    assert not {"url", "project_urls", "long_description"} & set(settings["metadata"])


def test_nothing_is_published_without_a_tag_and_a_person():
    yaml = pytest.importorskip("yaml")
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        publishing = [job for job in workflow["jobs"].values() if "publish" in str(job).lower()]
        assert not publishing or set(workflow[True]) == {"push"}, "True is how YAML reads `on`"
        assert not publishing or set(workflow[True]["push"]) == {"tags"}
        for job in publishing:
            assert job["environment"] == "release"


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem
)
def test_an_issue_template_is_whole(path):
    yaml = pytest.importorskip("yaml")
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} == set(form)
    assert all({"type", "attributes"} <= set(part) and part["attributes"]["label"] for part in form["body"])
