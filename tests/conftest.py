"""Settings of all tests: importing vlm_gym registers its ids; the trainer is tested where it can be imported."""

import importlib.util
import os

import hypothesis

import vlm_gym  # noqa: F401

hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

TRAINER_NEEDS = ("torch", "transformers", "accelerate", "peft")
missing = [] if "VLM_GYM_ALL_TESTS" in os.environ else [n for n in TRAINER_NEEDS if importlib.util.find_spec(n) is None]
collect_ignore = ["baselines"] if missing else []


def pytest_report_header():
    """Say which tests are left out."""
    return f"no tests of baselines/: {', '.join(missing)} not installed (make train)" if missing else None


def pytest_collection_modifyitems(items):
    """Begin with the modules that have slow tests, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if "slow" in item.keywords}
    items.sort(key=lambda item: item.path not in slow)
