"""The generated pages say what registry, class and code say, whatever tasks there are."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest
from site_pages import notebooks, project, reference
from site_pages.families import families, is_at_hand, short
from site_pages.task_page import task_page

import vlm_gym
from vlm_gym.ladders import ladders
from vlm_gym.registration import TASKS, register_task

pytestmark = pytest.mark.slow

FAMILIES = {family.page: family for family in families()}
SECTIONS = ("Description", "Action Space", "Observation Space", "Starting State", "Rewards", "Episode End",
            "Information", "Arguments", "Version History")  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Every page's text, and the folder with the pictures of all."""
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "pictures").mkdir()
    return {name: task_page(family, folder / "pictures") for name, family in FAMILIES.items()}, folder


def test_every_id_has_a_family_and_one_alone():
    ids = [task.id for family in FAMILIES.values() for task in family.tasks if not task.is_frame]
    assert sorted(ids) == sorted(id_ for id_ in TASKS if id_.startswith("vlm_gym/"))
    assert len(FAMILIES) == len(families())


@pytest.mark.parametrize("name", FAMILIES)
def test_a_page_has_all_sections(name, pages):
    heads = re.findall(r"^## (.+)$", pages[0][name], flags=re.MULTILINE)
    assert [section for section in SECTIONS if section not in heads] == []
    assert len(heads) == len(set(heads))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_page_names_every_id_argument_option_and_theme(name, pages):
    text, family = pages[0][name], FAMILIES[name]
    parameters = inspect.signature(family.env_class).parameters
    assert all(short(task) in text for task in family.tasks)
    assert all(f"| `{argument}` |" in text for argument in parameters if argument != "settings")
    assert all(f"| `{argument}` |" in text for argument in ("image_size", "theme", "prompt", "parser", "on_fault"))
    assert all(f"`{option}`" in text for option in family.env_class.option_names)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_reward_table_of_a_docstring_has_the_weights_of_the_code(name, pages):
    rows = re.findall(r"^\| `(\w+)` \| ([+-]?[\d.]+) \|", pages[0][name].split("## Rewards")[1], flags=re.MULTILINE)
    told = {term: float(weight) for term, weight in rows}
    assert told.pop("fault") == -1
    assert told == {term: float(weight) for term, weight in FAMILIES[name].env_class.reward_weights.items()
                    if term in told}  # fmt: skip
    assert set(FAMILIES[name].env_class.reward_weights) - {"fault", "illegal"} <= set(told)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_picture_of_a_page_is_drawn_and_no_other(name, pages):
    text, folder = pages
    targets = [target for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text[name]) if "figures/" not in target]
    assert [target for target in targets if not (folder / target).exists()] == []
    films = [target for target in targets if target.endswith(".gif")]
    assert len(films) == sum(1 for task in FAMILIES[name].shown if is_at_hand(task))


def test_pictures_are_small_and_all_are_shown(pages):
    text, folder = pages
    shown = {target for page in text.values() for target in re.findall(r"\]\(pictures/([^)]+)\)", page)}
    assert {path.name for path in (folder / "pictures").iterdir()} == shown
    assert max(path.stat().st_size for path in (folder / "pictures").iterdir()) < 500_000


def test_every_level_of_a_ladder_is_on_the_page_of_its_task(pages):
    for ladder in ladders():
        if not ladder.base.id.startswith("vlm_gym/"):
            continue
        (page,) = [name for name, family in FAMILIES.items() if ladder.base in family.tasks]
        assert all(f"`{short(task)}`" in pages[0][page] for task in ladder.tasks)


def test_a_new_level_is_on_the_page_with_a_picture_as_soon_as_it_is_registered(tmp_path):
    line = TASKS["vlm_gym/NumberLine-v0"]
    for level in (1, 2):
        task = line.variant(f"Line{level}-v0", f"to {10 * level}", {"max_position": 10 * level}, random_success=0.25)
        register_task(replace(task, id=f"mine/Line{level}-v0", axis="seeing", level=level, ladder=line.id))
    (tmp_path / "pictures").mkdir()
    (family,) = [family for family in families() if line in family.tasks]
    page = task_page(family, tmp_path / "pictures")
    assert "### Levels: reading the picture (NumberLine-v0)" in page
    assert "| 2 | `mine/Line2-v0` | to 20 | 25.00 | 100.00 |" in page
    assert (tmp_path / "pictures" / "seeing-NumberLine-v0.png").exists()


def test_pages_of_the_root_are_copied_with_their_links(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "CONTRIBUTING.md").write_text(
        "[a](docs/a.md#b) [s](SECURITY.md) [x](setup.cfg) [w](https://x.org) [h](#h)"
    )
    (tmp_path / "SECURITY.md").write_text("# Security")
    project.copy(tmp_path, docs / "project")
    copied = (docs / "project" / "CONTRIBUTING.md").read_text()
    assert copied == "[a](../a.md#b) [s](SECURITY.md) [x](../../setup.cfg) [w](https://x.org) [h](#h)"
    assert (
        project.linked("[how](../CONTRIBUTING.md#x) [r](../README.md)")
        == "[how](project/CONTRIBUTING.md#x) [r](../README.md)"
    )
    assert "CONTRIBUTING\nSECURITY\n" in (docs / "project" / "index.md").read_text()


def test_a_page_that_the_contents_do_not_name_is_in_them_all_the_same(tmp_path):
    for name in ("index", "start", "results"):
        (tmp_path / f"{name}.md").write_text(f"# {name}")
    assert project.completed("start\n(the rest)\n", tmp_path) == "start\nresults\n"


def test_the_actions_of_a_page_are_those_of_the_space(pages):
    rows = re.findall(r"^\| (\d+) \| `(.+)` \|$", pages[0]["blackjack"].split("## Action Space")[1], flags=re.MULTILINE)
    assert rows[:2] == [("0", "stand"), ("1", "hit")]


def test_the_reference_has_every_public_name(tmp_path):
    reference.write(tmp_path)
    text = (tmp_path / "vlm_gym.md").read_text(encoding="utf-8")
    assert all(f":: vlm_gym.{name}\n" in text for name in vlm_gym.__all__ if name != "wrappers")
    wrappers = (tmp_path / "vlm_gym.wrappers.md").read_text(encoding="utf-8")
    assert all(f":: vlm_gym.wrappers.{name}\n" in wrappers for name in vlm_gym.wrappers.__all__)
    adapters = Path(vlm_gym.__file__).parent / "adapters"
    assert all((tmp_path / f"vlm_gym.adapters.{path.stem}.md").exists() for path in adapters.glob("[a-z]*.py"))


def test_notebooks_are_copied_and_listed_and_old_ones_forgotten(tmp_path):
    examples, folder = tmp_path / "examples", tmp_path / "site"
    (examples / "notebooks").mkdir(parents=True)
    notebooks.copy(examples, folder)
    assert "no notebooks yet" in (folder / "index.md").read_text()
    (examples / "README.md").write_text("# Examples\n\n[a](notebooks/first.ipynb) [b](../docs/b.md) [c](c.py)\n")
    (examples / "notebooks" / "first.ipynb").write_text("{}")
    (folder / "old.ipynb").write_text("{}")
    notebooks.copy(examples, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["first.ipynb", "index.md"]
    page = (folder / "index.md").read_text()
    assert "[a](first.ipynb) [b](../b.md) [c](../../examples/c.py)" in page
    assert "\nfirst\n" in page
