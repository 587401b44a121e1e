"""Speed and memory of the tasks, measured through `gym.make` with picture, prompt and full info, in CPU time.

Two ways of playing: *random* play as a user has it, uniformly random actions with their illegal moves and all resets;
and *warm* steps, legal moves alone, without resets, after everything has been drawn once. Both are told in copies of a
picture, each taken after a step in the same process: copies are what a training loop pays anyway, and the ratio carries
over to other machines.
"""

import mmap
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import gymnasium as gym
import numpy as np

from vlm_gym.errors import DataNotFoundError
from vlm_gym.registration import find_task, shown_tasks
from vlm_gym.task import Task

NUM_FIRST_STEPS: Final = 1000  # in which sprites are drawn
STATM: Final = Path("/proc/self/statm")

Choose = Callable[[gym.Env[Any, Any], dict[str, Any], np.random.Generator], Any]


class Speed(NamedTuple):
    """What was played, and what a step, a reset and a picture's copy cost, in microseconds of CPU time."""

    num_steps: int
    num_resets: int
    step_us: float
    reset_us: float
    copy_us: float

    @property
    def turn_us(self) -> float:
        """The cost of a step with its share of the resets."""
        return self.step_us + self.reset_us * self.num_resets / self.num_steps

    @property
    def steps(self) -> float:
        """Steps per second of CPU time."""
        return 1e6 / self.step_us

    @property
    def resets(self) -> float:
        """Resets per second of CPU time."""
        return 1e6 / self.reset_us


def measure(tasks: Sequence[str] = (), *, seconds: float = 2.0, num_resets: int = 20_000) -> Iterator[str]:
    """Yield the lines of the table, one as soon as it has been measured."""
    versions = f"Python {platform.python_version()}, gymnasium {gym.__version__}, numpy {np.__version__}"
    yield f"{platform.system()} {platform.machine()}, {versions}"
    yield _line(("id", "random/s", "us/step", "copies", "first", "warm/s", "copies", "resets/s", "us/copy", "growth"))
    for task in map(find_task, tasks) if tasks else shown_tasks():
        yield from _rows(task, seconds, num_resets)
    if num_resets:
        yield (
            "all in CPU time. random: uniformly random play, illegal moves and all resets included; warm: legal moves "
            f"alone; copies: of a picture, for a step; first: the same for the first {NUM_FIRST_STEPS:,} random steps"
        )
        yield f"growth: of the process's memory, from 10 % to 100 % of {num_resets:,} resets (household: a twentieth)"


def _rows(task: Task, seconds: float, num_resets: int) -> Iterator[str]:
    """Measure one task, and what it has to measure of its own."""
    try:
        env = gym.make(task.id, disable_env_checker=True)
    except DataNotFoundError as error:
        yield f"{task.id:<30} left out: {error}"
        return
    first = _play(env, _random_action, num_steps=NUM_FIRST_STEPS)
    random, warm = _play(env, _random_action, seconds), _speed(env, seconds)
    # A generated home takes some milliseconds: so many resets of cards would be minutes there.
    growth = _memory_growth(env, num_resets // (20 if task.is_random_measured else 1)) if num_resets else "-"
    yield _row(task.id, first, random, warm, growth)
    env.close()
    for name, told in task.load().own_speeds(task.id, task.arguments, seconds):
        yield f"{name:<30} {told}"


def _line(cells: Sequence[str]) -> str:
    return cells[0].ljust(30) + "".join(cell.rjust(10) for cell in cells[1:])


def _row(name: str, first: Speed, random: Speed, warm: Speed, growth: str) -> str:
    return _line(
        (
            name,
            f"{1e6 / random.turn_us:,.0f}",
            f"{random.turn_us:.1f}",
            f"{random.turn_us / random.copy_us:.1f}",
            f"{first.turn_us / first.copy_us:.1f}",
            f"{warm.steps:,.0f}",
            f"{warm.step_us / warm.copy_us:.1f}",
            f"{random.resets:,.0f}",
            f"{random.copy_us:.2f}",
            growth,
        )
    )


def _speed(env: gym.Env[Any, Any], seconds: float) -> Speed:
    """Measure legal moves after everything has been drawn once."""
    _play(env, _legal_action, seconds)
    return _play(env, _legal_action, seconds)


def _play(env: gym.Env[Any, Any], choose: Choose, seconds: float = 0.0, num_steps: int = 1) -> Speed:
    """Play for some seconds, and at least some steps, and copy the picture after each."""
    rng, clock = np.random.default_rng(0), _Clock()
    spent_s = dict.fromkeys(("step", "reset", "copy"), 0.0)
    steps, resets, is_over, end = 0, 0, True, time.perf_counter() + seconds
    info: dict[str, Any] = {}
    while steps < num_steps or time.perf_counter() < end:
        if is_over:
            (_, info), cost = clock.time(env.reset)
            spent_s["reset"], resets = spent_s["reset"] + cost, resets + 1
        action = choose(env, info, rng)
        (picture, _, is_terminated, is_truncated, info), cost = clock.time(env.step, action)
        spent_s["step"], steps, is_over = spent_s["step"] + cost, steps + 1, is_terminated or is_truncated
        spent_s["copy"] += clock.time(picture.copy)[1]
    micro = {name: 1e6 * cost for name, cost in spent_s.items()}
    return Speed(steps, resets, micro["step"] / steps, micro["reset"] / resets, micro["copy"] / steps)


class _Clock:
    """CPU time of single calls, less what looking at the clock takes, which is much beside a copy."""

    def __init__(self) -> None:
        self._own_s = 0.0
        self._own_s = min(self.time(int)[1] for _ in range(1000))

    def time(self, call: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
        """Return what a call returns, and the seconds that it took."""
        start = time.process_time()
        result = call(*arguments)
        return result, time.process_time() - start - self._own_s


def _random_action(env: gym.Env[Any, Any], _info: dict[str, Any], _rng: np.random.Generator) -> Any:
    """Draw an action as a user's random agent does."""
    return env.action_space.sample()


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
