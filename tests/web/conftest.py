"""A game in the browser: a server of the test's own, and the page that a person sees."""

import threading
from contextlib import contextmanager

import pytest
from browser import chromium  # noqa: F401

from vlm_gym.evaluation.episodes import EpisodeSpec
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
def start(tmp_path):
    """Return a context manager: a server that plays a task from a start on, recorded in the test's folder."""

    def begin(task, options=None, seed=0):
        id_ = f"vlm_gym/{task}-v0"
        recording = Recording(tmp_path / "run", describe_open_run((EpisodeSpec(id_, seed),)))
        return serving(Game(recording, seeds_from(id_, seed, {}, options)))

    return begin
