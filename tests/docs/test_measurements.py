"""The commands behind the figures of the pages do their work, at a small size; or it is said why nobody tries them."""

import os
import re
import subprocess
import sys

import pytest
from doc_pages import PAGES, ROOT

SMALL = {
    "household_chain": "--homes 2 --level 1",
    "household_random": "--episodes 2",
    "household_searcher": "--homes 2",
    "endpoint_client": "NumberLine-v0 --episodes 4 --concurrency 4 --delay 0",
    "level_pictures": "planning picture.png",
    "level_sheets": "NumberLine-Planning-L1-v0 --out .",
    "microbatches": "NumberLine-v0",
    "seeing_sheets": "--figure picture.png",
    "small_updates": "--steps 4",
}
"""Benchmarks that are run here, with what makes them small."""

NEEDS = {"endpoint_client": "httpx", "microbatches": "torch", "small_updates": "torch"}
TESTED_ELSEWHERE = {
    "beside_inspect": "tests/test_beside_inspect.py",
    "beside_trl": "tests/adapters/test_trl.py",
    "level_tables": "tests/docs/test_levels.py",
    "training_memory": "tests/baselines/test_training_benchmarks.py",
    "training_gpu": "tests/baselines/test_training_benchmarks.py",
    "training_speed": "tests/baselines/test_training_benchmarks.py",
    "vector_envs": "tests/vector/test_benchmark.py",
}
TRIED_BY_NOBODY = {
    "adapter_cost": "needs the frameworks, each in an environment of its own",
    "blackjack_deck": "takes minutes; what it calls is tested in tests/oracles",
    "points_levels": "takes minutes; what it calls is tested in tests/oracles",
    "household_rates": "needs the official games; its result is tested in tests/oracles",
    "thor_check": "needs Unity's player",
}


def test_every_measurement_that_a_page_names_is_run_or_declared():
    pattern = re.compile(r"python (?:-m )?benchmarks[./](\w+)")
    named = {name for path in PAGES.values() for name in pattern.findall(path.read_text(encoding="utf-8"))}
    assert named - {*SMALL, *TESTED_ELSEWHERE, *TRIED_BY_NOBODY} == set()
    assert all((ROOT / "benchmarks" / f"{name}.py").is_file() for name in {*named, *TRIED_BY_NOBODY})
    assert all(f"{name}" in (ROOT / test).read_text(encoding="utf-8") for name, test in TESTED_ELSEWHERE.items())


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_it_measures(name, tmp_path):
    if name in NEEDS and "VLM_GYM_ALL_TESTS" not in os.environ:
        pytest.importorskip(NEEDS[name])
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *SMALL[name].split()],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "ALFWORLD_DATA": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]  # else 1 says that a goal was missed, as machines may
    assert re.search(r"\d", done.stdout) or (tmp_path / "picture.png").stat().st_size > 1000
