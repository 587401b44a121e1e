"""Settings of all tests: importing vlm_gym registers its ids; the trainer is tested where it can be imported."""

import importlib.util
import os
from pathlib import Path

import gymnasium as gym
import hypothesis
import pytest
from passed import Passed

from vlm_gym import registration
from vlm_gym.parsers import registry

# The same examples in every run, so that no change fails over one that it did not cause; `make newest` tries others.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

TRAINER_NEEDS = ("torch", "transformers", "accelerate", "peft")
missing = [] if "VLM_GYM_ALL_TESTS" in os.environ else [n for n in TRAINER_NEEDS if importlib.util.find_spec(n) is None]
collect_ignore = ["baselines"] if missing else []


OURS = ("vlm_gym", "baselines", "benchmarks", "tests", *(path.stem for path in Path(__file__).parent.glob("*.py")))
DEPRECATIONS = (":DeprecationWarning", ":PendingDeprecationWarning", ":FutureWarning", ".*deprecated:UserWarning")


def pytest_configure(config):
    """Leave what one package tells another that it should no longer do to them; what it tells us stays an error.

    A warning counts for the module that it is attributed to, the caller of what is deprecated. torch calls a model on
    our behalf, so that what is said to `torch.nn.Module` is said to us.
    """
    ours = "|".join((*OURS, r"torch\.nn\.modules\.module"))
    rules = [rule for kind in DEPRECATIONS for rule in (f"ignore:{kind}", rf"error:{kind}:({ours})(\.|$)")]
    config.getini("filterwarnings")[1:1] = rules  # behind "error", before the exceptions of setup.cfg
    if "VLM_GYM_PASSED" in os.environ:
        config.pluginmanager.register(Passed(Path(os.environ["VLM_GYM_PASSED"]), hasattr(config, "workerinput")))


@pytest.fixture(autouse=True)
def _as_installed():
    """Forget what a test registered."""
    before = dict(registration._tasks), dict(registry._parsers)
    yield
    for name in set(registration._tasks) - set(before[0]):
        del registration._tasks[name], gym.registry[name]
    for name in set(registry._parsers) - set(before[1]):
        del registry._parsers[name]


def pytest_report_header():
    """Say which tests are left out."""
    return f"no tests of baselines/: {', '.join(missing)} not installed (make train)" if missing else None


def pytest_collection_modifyitems(items):
    """Begin with the modules that have slow tests, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if "slow" in item.keywords}
    items.sort(key=lambda item: item.path not in slow)
