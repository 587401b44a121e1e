"""The examples of the guides run as a reader runs them, and print what they say that they print."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from openai_server import OpenAIServer

ROOT = Path(__file__).parents[2]
PRINTS = re.compile(r"^Prints[^:]*:\n\n((?:    .*\n?)+)", re.MULTILINE)
DOCSTRINGS = {
    path.stem: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    for path in sorted((ROOT / "examples").glob("*.py"))
}
GUIDES = {name: text for name, text in DOCSTRINGS.items() if PRINTS.search(text)}
SETTINGS = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
ITS_OWN_LOG = "train_tiny_vlm"
OTHER_WAYS = (
    ("collect_data", "--format trl --samples 4 --tasks Points24-v0", "4 samples of vlm_gym/Points24-v0"),
    ("collect_data", "--format parquet --samples 4 --agent random", "2 samples of vlm_gym/Blackjack-v0"),
    (
        "vector_environments",
        "--task vlm_gym/Points24-v0 --envs 3 --steps 5",
        "3 environments, 5 steps: 15 answers, 0 episodes",
    ),
    ("household_symbols", "--seed 7 --turns 2 --theme night", "1.png: "),
)


def run(name, folder, *arguments, cache=None):
    own = {"HOME": str(folder), "XDG_CACHE_HOME": str(cache or folder / ".cache")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **SETTINGS, **own},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def printed(name):
    """Return what the docstring says that the program prints."""
    return "".join(
        line.removeprefix("    ") for line in PRINTS.search(GUIDES[name])[1].splitlines(keepends=True)
    ).rstrip()


def always_the_same(request):
    """A model that reads nothing."""
    action = "stand" if "stand" in str(request["messages"][-1]["content"]) else "+"
    return f'{{"thoughts": "I always say this.", "action": "{action}"}}'


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in GUIDES if name not in ("evaluate_a_server", ITS_OWN_LOG)])
def test_it_prints_what_it_says(name, tmp_path):
    assert run(name, tmp_path).rstrip() == printed(name)


@pytest.mark.slow
def test_a_server_is_measured_and_the_run_goes_on_where_it_was(tmp_path):
    if "VLM_GYM_ALL_TESTS" not in os.environ:
        pytest.importorskip("httpx", reason="the extra eval")
    with OpenAIServer(answer=always_the_same, model="mine") as server:
        arguments = ("--agent", "openai:mine", "--base-url", server.base_url)
        assert run("evaluate_a_server", tmp_path, *arguments).rstrip() == printed("evaluate_a_server")
        num_requests = server.num_requests
        run("evaluate_a_server", tmp_path, *arguments)
    assert server.num_requests <= num_requests + 1, "no more than a look whether the server is there"
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.slow
def test_a_tiny_model_is_trained(tmp_path):
    if "VLM_GYM_ALL_TESTS" not in os.environ:
        pytest.importorskip("torch")
        pytest.importorskip("transformers")
    said = run(ITS_OWN_LOG, tmp_path, "--updates", "1", "--sft-steps", "8", "--episodes", "4")
    assert re.search(r"^update 0: success \d+ % greedy, \d+ % sampled$", said, re.MULTILINE)
    assert (tmp_path / "out" / "tiny-example" / "samples.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments", "said"), OTHER_WAYS, ids=[f"{name}-{i}" for i, (name, *_) in enumerate(OTHER_WAYS)]
)
def test_its_options_work(name, arguments, said, tmp_path):
    if "parquet" in arguments or "trl" in arguments:
        pytest.importorskip("datasets")
    assert said in run(name, tmp_path, *arguments.split())


@pytest.mark.slow
def test_data_sets_in_folders_of_one_name_are_not_taken_for_each_other(tmp_path):
    """The package datasets keeps what it has read in one cache for all of a user's folders."""
    pytest.importorskip("datasets")
    ways = [(arguments, said) for name, arguments, said in OTHER_WAYS if name == "collect_data"]
    assert len(ways) > 1
    for number, (arguments, said) in enumerate(ways):
        (tmp_path / f"{number}").mkdir()
        assert said in run("collect_data", tmp_path / f"{number}", *arguments.split(), cache=tmp_path / "cache")


@pytest.mark.parametrize("name", GUIDES)
def test_it_says_how_to_install_and_run_it(name):
    assert re.search(r"^Install:  \S", GUIDES[name], re.MULTILINE)
    assert re.search(rf"^Run:      .*python examples/{name}\.py", GUIDES[name], re.MULTILINE)


def test_the_package_of_the_guide_is_that_of_the_page():
    """It is built, installed and played in tests/test_write_a_task.py."""
    page = (ROOT / "docs" / "write_a_task.md").read_text(encoding="utf-8")
    for name in ("pyproject.toml", "lamps.py"):
        assert f"\n{(ROOT / 'examples' / 'lamps' / name).read_text(encoding='utf-8')}```" in page


def guides():
    """Return the pages that the site lists as guides."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = re.search(r":caption: Guides\n\n(.*?)```", index, re.DOTALL)[1].split()
    return [ROOT / "docs" / f"{name}.md" for name in listed if "/" not in name]


@pytest.mark.parametrize("page", guides(), ids=lambda page: page.stem)
def test_every_guide_has_an_example(page):
    named = re.findall(r"examples/([\w/]+(?:\.py)?)", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / "examples" / name).exists()] == []
    assert named, "a guide shows its work in a program that runs"


def test_every_example_is_in_the_table():
    table = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    there = {path.name for path in (ROOT / "examples").glob("*.py")} | {"lamps"}
    assert {name for name in there if f"{name}" not in table} == set()
