"""Speed and memory of the tasks, measured through `gym.make` with picture, prompt and full info.

Every figure stands beside the cost of copying one such picture, taken in turn with it in the same process: copies are
what a training loop pays anyway, and the ratio carries over to other machines.
"""

import mmap
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import gymnasium as gym
import numpy as np

from vlm_gym.errors import DataNotFoundError, MissingDependencyError
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.splits import in_mixed_order, list_games
from vlm_gym.registration import TASKS

DEFAULT_TASKS: Final = tuple(f"vlm_gym/{name}-v0" for name in (
    "NumberLine", "EZPoints", "Points24", "EZPointsFormula", "Points24Formula", "Blackjack", "Household", "ALFWorld",
))  # fmt: skip
TEXTWORLD_ROW: Final = "ALFWorld-v0 engine=textworld"
ENGINE_ROW: Final = "ALFWorld-v0, engine alone"
NUM_ENGINE_GAMES: Final = 50
NUM_ENGINE_STEPS: Final = 50
STATM: Final = Path("/proc/self/statm")


class Speed(NamedTuple):
    """Calls per second, and what one picture's copy cost in the same run, in microseconds."""

    steps: float
    resets: float
    copy_us: float


def measure(tasks: Sequence[str] = (), *, seconds: float = 2.0, num_resets: int = 20_000) -> Iterator[str]:
    """Yield the lines of the table, one as soon as it has been measured."""
    versions = f"Python {platform.python_version()}, gymnasium {gym.__version__}, numpy {np.__version__}"
    yield f"{platform.system()} {platform.machine()}, {versions}"
    yield f"{'id':<30} {'steps/s':>9} {'us/step':>9} {'resets/s':>9} {'us/copy':>9} {'copies/step':>12} {'growth':>10}"
    for task in tasks or DEFAULT_TASKS:
        yield from _rows(task, seconds, num_resets)
    if num_resets:
        yield f"growth: of the process's memory, from 10 % to 100 % of {num_resets:,} resets (household: a twentieth)"


def _rows(task: str, seconds: float, num_resets: int) -> Iterator[str]:
    """Measure one task; ALFWorld also by the original engine, where its games and TextWorld are at hand."""
    try:
        env = gym.make(task, disable_env_checker=True)
    except DataNotFoundError as error:
        yield f"{task:<30} left out: {error}"
        return
    # A generated home takes some milliseconds: so many resets of cards would be minutes there.
    growth = _memory_growth(env, num_resets // (20 if TASKS[task].is_random_measured else 1)) if num_resets else "-"
    yield _row(task, _speed(env, seconds), growth)
    env.close()
    if not TASKS[task].needs_data:
        return
    games = in_mixed_order(list_games(split=TASKS[task].arguments.get("split", "train")))
    speed = _engine_speed(games[:NUM_ENGINE_GAMES], seconds)
    yield f"{ENGINE_ROW:<30} {speed:>9,.0f} {1e6 / speed:>9.1f}"
    try:
        env = gym.make(task, disable_env_checker=True, engine="textworld")
        yield _row(TEXTWORLD_ROW, _play(env, seconds), "-")
        env.close()
    except MissingDependencyError as error:
        yield f"{TEXTWORLD_ROW:<30} left out: {error}"


def _engine_speed(games: Sequence[Path], seconds: float) -> float:
    """Return the household engine's steps per second, with text, admissible commands, success and progress."""
    rng = np.random.default_rng(0)
    worlds = [load_game(path) for path in games]
    num_steps, step_s = 0, 0.0
    while step_s < seconds:
        game = HouseholdGame(worlds[int(rng.integers(len(worlds)))])
        for share in rng.random(NUM_ENGINE_STEPS).tolist():
            command = game.admissible[int(share * len(game.admissible))]
            start = time.perf_counter()
            game.step(command)
            game.is_won, game.progress  # noqa: B018
            step_s += time.perf_counter() - start
            num_steps += 1
    return num_steps / step_s


def _row(name: str, speed: Speed, growth: str) -> str:
    step_us = 1e6 / speed.steps
    return (
        f"{name:<30} {speed.steps:>9,.0f} {step_us:>9.1f} {speed.resets:>9,.0f} {speed.copy_us:>9.1f} "
        f"{step_us / speed.copy_us:>12.1f} {growth:>10}"
    )


def _speed(env: gym.Env[Any, Any], seconds: float) -> Speed:
    _play(env, seconds)  # pictures are made of sprites, each drawn when it is first seen
    return _play(env, seconds)


def _play(env: gym.Env[Any, Any], seconds: float) -> Speed:
    rng = np.random.default_rng(0)
    num_steps, num_resets, step_s, reset_s, copy_s = 0, 0, 0.0, 0.0, 0.0
    is_over, end = True, time.perf_counter() + seconds
    while time.perf_counter() < end or not num_steps:
        if is_over:
            (picture, info), spent_s = _timed(env.reset)
            num_resets, reset_s = num_resets + 1, reset_s + spent_s
        (picture, _, is_terminated, is_truncated, info), spent_s = _timed(env.step, _legal_action(env, info, rng))
        num_steps, step_s, is_over = num_steps + 1, step_s + spent_s, is_terminated or is_truncated
        copy_s += _timed(picture.copy)[1]
    return Speed(num_steps / step_s, num_resets / reset_s, 1e6 * copy_s / num_steps)


def _timed(call: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    result = call(*arguments)
    return result, time.perf_counter() - start


def _legal_action(env: gym.Env[Any, Any], info: dict[str, Any], rng: np.random.Generator) -> Any:
    """Draw a legal action, so that every step changes the picture; in text play, an answer."""
    if not isinstance(env.action_space, gym.spaces.Discrete):
        return env.action_space.sample()
    return int(rng.choice(np.flatnonzero(info["action_mask"])))


def _memory_growth(env: gym.Env[Any, Any], num_resets: int) -> str:
    """Return by how much the process's memory grew between 10 % and 100 % of the resets; "-" where it is not known."""
    before = None
    for i in range(num_resets):
        if i == num_resets // 10:
            before = _resident_mib()
        env.reset()
    after = _resident_mib()
    return "-" if before is None or after is None else f"{after - before:.1f} MiB"


def _resident_mib() -> float | None:
    """Return the memory that the process has now; None where the system does not say (it is Linux's)."""
    try:
        pages = int(STATM.read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * mmap.PAGESIZE / 2**20
