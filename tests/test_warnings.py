"""A deprecation fails a test if the call was ours, and not if one package said it to another."""

import importlib
import sys
import warnings

import pytest

CATEGORIES = [DeprecationWarning, PendingDeprecationWarning, FutureWarning, UserWarning]
LIBRARY = """
import warnings

def old(category):
    warnings.warn("old() is deprecated, use new()", category, stacklevel=2)

def new(category):
    old(category)
"""
CALLER = """
import library

def call(category):
    library.old(category)
"""


@pytest.fixture(name="library")
def make_library(tmp_path, monkeypatch):
    (tmp_path / "library.py").write_text(LIBRARY)
    (tmp_path / "caller.py").write_text(CALLER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "library", raising=False)
    return importlib.import_module("library")


@pytest.mark.parametrize("category", CATEGORIES)
def test_our_call_of_what_is_deprecated_is_an_error(library, category):
    with pytest.raises(category, match="use new"):
        library.old(category)


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_call_within_a_package_or_between_two_is_not(library, category, monkeypatch):
    library.new(category)
    monkeypatch.delitem(sys.modules, "caller", raising=False)
    importlib.import_module("caller").call(category)


@pytest.mark.parametrize("name", ["vlm_gym.envs.base", "baselines.ppo", "benchmarks.learning", "at_hand", "conftest"])
def test_what_is_said_to_a_module_of_ours_is_an_error(name):
    with pytest.raises(DeprecationWarning):
        warnings.warn_explicit("old", DeprecationWarning, "file.py", 1, module=name)


@pytest.mark.parametrize(
    "name", ["vlm_gymnast", "testscenarios", "torch.nn.modules.module_list", "transformers.trainer"]
)
def test_a_name_that_only_begins_like_ours_is_not_ours(name):
    warnings.warn_explicit("old", DeprecationWarning, "file.py", 1, module=name)


def test_a_forward_that_torch_calls_for_us_is_our_call():
    """transformers 5.24 said so of `past_key_values`."""
    torch = pytest.importorskip("torch", reason="torch is not installed: make train")

    class Model(torch.nn.Module):
        def forward(self, category):
            warnings.warn("past_key_values goes, use cache", category, stacklevel=2)

    with pytest.raises(FutureWarning, match="use cache"):
        Model()(FutureWarning)


def test_any_other_warning_is_an_error_whoever_causes_it():
    for category in (UserWarning, ResourceWarning, RuntimeWarning):
        with pytest.raises(category):
            warnings.warn_explicit("odd", category, "file.py", 1, module="library")
