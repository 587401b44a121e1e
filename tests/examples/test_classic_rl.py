"""Every example runs with the package that it shows, where that is installed (`make examples` installs them all)."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTS = sorted((ROOT / "requirements" / "examples").glob("*.txt"))
EXAMPLES = {path.stem: path for names in LISTS for path in sorted((ROOT / "examples").glob(f"{names.stem}_*.py"))}
IN_THE_LOCK = ("sb3_ppo", "cleanrl_ppo")  # whose packages `make train` installs
RUNS = (  # the least that an example does, and what it then says
    ("sb3_ppo", "--steps 256 --episodes 2", r"ppo on vlm_gym/NumberLine-v0, 256 steps"),
    ("sb3_ppo", "--steps 64 --episodes 2 --algorithm dqn --env vlm_gym/Blackjack-v0", r"dqn on vlm_gym/Blackjack-v0"),
    ("sb3_ppo", "--steps 256 --episodes 2 --algorithm maskable --env vlm_gym/Points24-v0", r"maskable on .*Points24"),
    ("cleanrl_ppo", "--steps 512", r"success before \d+ %, after \d+ %"),
    ("cleanrl_ppo", "--steps 512 --env vlm_gym/EZPoints-v0", r"success before \d+ %, after \d+ %"),
    ("torchrl_ppo", "--steps 256", r"success before \d+ %, after \d+ %"),
    ("torchrl_ppo", "--text", r"'I cannot see anything.': reward -1, is_fault 1\n.*is_fault 0"),
    ("tianshou_masked_dqn", "--steps 64 --episodes 2", r"success before \d+ %, after \d+ %"),
    (
        "minari_dataset",
        "--episodes 5 --epochs 1",
        r"5 episodes of the oracle, 100 % solved\n(.*\n)*copied from \d+ steps",
    ),
    ("rllib_masked_ppo", "--steps 512", r"mean return at first -?\d"),
    ("agilerl_ppo", "--steps 512 --episodes 4", r"success of the better one before \d+ %, after \d+ %"),
)


def missing(path):
    """Return the packages that an example imports and that are not installed."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    imports += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    tops = {name.split(".")[0] for name in imports}
    if "ray" in tops and importlib.util.find_spec("ray") is not None:
        tops.add("dm_tree" if importlib.util.find_spec("tree") is None else "ray")  # of ray[rllib]
    return sorted(top for top in tops if importlib.util.find_spec(top) is None)


def must_run(name):
    """Whether all that an example needs should be installed: in CI what the lock has, in `make examples` its own."""
    is_in_lock = name in IN_THE_LOCK and "VLM_GYM_ALL_TESTS" in os.environ
    return is_in_lock or os.environ.get("VLM_GYM_EXAMPLE") == name.partition("_")[0]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments", "said"), RUNS, ids=[f"{name}_{i}" for i, (name, *_) in enumerate(RUNS)])
def test_it_runs(name, arguments, said, tmp_path):
    lacking = missing(EXAMPLES[name])
    if lacking and not must_run(name):
        pytest.skip(f"{', '.join(lacking)} not installed: make examples")
    ran = subprocess.run(
        [sys.executable, str(EXAMPLES[name]), *arguments.split()],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert re.search(said, ran.stdout), ran.stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_says_how_to_install_and_run_it_and_what_it_printed(name):
    text = ast.get_docstring(ast.parse(EXAMPLES[name].read_text(encoding="utf-8")))
    assert re.search(r"^Install:  pip install ", text, re.MULTILINE)
    assert re.search(rf"^Run:      python examples/{name}\.py( +#.*)?$", text, re.MULTILINE)
    assert re.search(r"^Printed .*20\d\d-\d\d-\d\d.*:\n\n(    .*\n?)+", text, re.MULTILINE)
    assert "image_size=84" in text


def test_every_example_is_run_and_has_its_packages():
    assert {name for name, *_ in RUNS} == set(EXAMPLES)
    assert {name.split("_")[0] for name in EXAMPLES} == {path.stem for path in LISTS}
    pinned = re.compile(r"#.*|[\w.-]+(\[[\w,]+\])?==[\w.]+")
    for path in LISTS:
        assert all(pinned.fullmatch(line) for line in path.read_text(encoding="utf-8").splitlines())
