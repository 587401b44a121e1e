"""A game in the browser: a server of the test's own, and the page that a person sees."""

import threading
from contextlib import contextmanager

import pytest
from browser import chromium  # noqa: F401

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.web.game import Game, seeds_from
from vlm_gym.web.recording import Recording, describe_open_run
from vlm_gym.web.server import PlayServer


@contextmanager
def serving(game):
    with game, PlayServer(game) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def serve_game():
    """Return a context manager that serves a game."""
    return serving


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def begin(folder):
    """Return a function that begins a game in the test's folder, or goes on with it."""

    def begin_game(task, seed=0, options=None):
        id_ = f"vlm_gym/{task}-v0"
        recording = Recording(folder, describe_open_run((EpisodeSpec(id_, seed),)))
        return Game(recording, seeds_from(id_, seed, {}, options))

    return begin_game


@pytest.fixture
def serve(begin):
    """Return a context manager that serves such a game."""
    return lambda *arguments, **options: serving(begin(*arguments, **options))


@pytest.fixture
def serve_choice(folder):
    """Return a context manager that serves a game whose task is chosen on the page."""
    return lambda: serving(Game(Recording(folder, describe_open_run()), choose=lambda task: seeds_from(task, 0)))
