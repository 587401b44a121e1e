"""What CI does not run again with all extras: only what knows none, and only what passed without them."""

import ast
import subprocess
import sys
from pathlib import Path

import passed
import pytest

CORE = {"vlm_gym", "gymnasium", "numpy", "PIL", "cv2"}  # and what Python brings
TESTS = """
import pytest
@pytest.mark.parametrize("n", range(3))
def test_it(n): assert n < 2
def test_skipped(): pytest.skip("without an extra")
@pytest.fixture
def broken():
    yield
    raise ValueError
def test_torn_down(broken): pass
"""


def imported(path):
    """Yield the packages that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("room", passed.ROOMS)
def test_a_room_that_is_left_out_imports_no_extra(room):
    files = sorted((passed.ROOT / "vlm_gym" / room).rglob("*.py"))
    assert files
    others = {(path.name, name) for path in files for name in imported(path)}
    assert {pair for pair in others if pair[1] not in CORE | sys.stdlib_module_names} == set()


def run(folder):
    """Run pytest over the tests of two folders; return its last line."""
    code = "import sys, pytest; from pathlib import Path; from passed import Passed\n"
    code += "sys.exit(pytest.main(sys.argv[1:], plugins=[Passed(Path('passed.txt'), False)]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(folder)],
        cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(Path(passed.__file__).parent)},
    )  # fmt: skip
    return done.stdout.splitlines()[-1]


def test_a_second_run_leaves_out_what_passed_there_and_nothing_else(tmp_path):
    for room in ("games", "evaluation"):
        (tmp_path / "tests" / room).mkdir(parents=True)
        (tmp_path / "tests" / room / f"test_{room}.py").write_text(TESTS)
    assert "2 failed, 6 passed, 2 skipped, 2 errors" in run(tmp_path)
    assert "2 failed, 4 passed, 2 skipped, 2 deselected, 2 errors" in run(tmp_path)
    for room in ("games", "evaluation"):
        (tmp_path / "tests" / room / f"test_{room}.py").write_text(TESTS.replace("range(3)", "range(5)"))
    assert "6 failed, 4 passed, 2 skipped, 2 deselected, 2 errors" in run(tmp_path)


def test_a_test_that_goes_over_all_ids_is_run_again(tmp_path):
    over_ids = "EVERY_ID = ('a', 'b')\n" + TESTS + "def test_all(): assert EVERY_ID\n"
    (tmp_path / "tests" / "games").mkdir(parents=True)
    (tmp_path / "tests" / "games" / "test_all.py").write_text(over_ids)
    assert "1 failed, 4 passed, 1 skipped, 1 error" in run(tmp_path)
    assert "1 failed, 2 passed, 1 skipped, 2 deselected, 1 error" in run(tmp_path)
