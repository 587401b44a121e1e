"""Tests that passed without extras are not run again with them, where no extra can make a difference.

`.ci/run` names a file in $VLM_GYM_PASSED. A newcomer's run writes into it which tests passed, and the run with all
extras leaves out those of them that test what imports no extra (`tests/test_passed.py` looks at the imports). A test
that goes over all ids at hand by itself is run again, since there may be more of them.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("games", "oracles", "parsers", "prompts", "render", "thoughts", "vector", "wrappers")
"""Folders of vlm_gym/ that import no extra, and of their tests."""
FILES = ("test_contract.py", "test_image_sizes.py", "test_vector.py")
"""Tests of the tasks as such."""
IDS_AT_HAND = {"EVERY_ID", "PLAYABLE_IDS", "ONE_OF_EACH_KIND", "ONE_OF_EACH_CLASS"}
LEFT_OUT = tuple(f"tests/{room}/" for room in ROOMS) + tuple(f"tests/{name}::" for name in FILES)


class Passed:
    """A plugin of pytest, which writes the file if there is none, and else leaves out what it names."""

    def __init__(self, path: Path, is_worker: bool) -> None:
        self.path, self.is_worker = path, is_worker
        self.known = set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else None
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_collection_modifyitems(self, config, items):
        if self.known is None:
            return
        left_out = [item for item in items if item.nodeid in self.known and is_done(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self):
        if self.known is None and not self.is_worker:
            self.path.write_text("\n".join(sorted(self.passed - self.failed)) + "\n", encoding="utf-8")


def is_done(item):
    """Whether a test that has passed without extras says the same with them."""
    is_over_all = not item.nodeid.endswith("]") and not IDS_AT_HAND.isdisjoint(vars(item.module))
    return item.nodeid.startswith(LEFT_OUT) and not is_over_all
