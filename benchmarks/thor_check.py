"""Whether ALFWorld's games can be played with AI2-THOR's pictures here, in about five minutes, and what to report.

    python benchmarks/thor_check.py                      # two games of each task type, played by the oracle
    python benchmarks/thor_check.py --games 5 --out out/thor_check

It needs what docs/thor.md lists (`vlm-gym doctor ALFWorldThor-ValidSeen-v0` says what is missing). Of every game it
plays the oracle's commands and counts those that AI2-THOR refused; the first and the last picture go to --out.
When this script was written nobody here had Unity's player: what it prints for you is news. Please report it.
"""

import argparse
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from PIL import Image

import vlm_gym
from vlm_gym.games.household.splits import task_of_folder
from vlm_gym.games.household.tasks import TASK_TYPES
from vlm_gym.registration import find_task

TASK = "vlm_gym/ALFWorldThor-ValidSeen-v0"
DARK = 10.0  # mean of a picture's bytes below which it is taken for black
PACKAGES = ("ai2thor", "alfworld", "flask", "werkzeug", "numpy", "opencv-python")


@dataclass
class Game:
    """What came of one game."""

    name: str
    kind: str
    is_won: bool
    turns: int
    refused: tuple[str, ...]
    is_lost_for_words: bool
    reset_s: float
    step_s: float
    brightness: float
    is_same_again: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=2, help="games of each task type (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=5.0, help="start no game after so long (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("out/thor_check"), help="folder of the pictures")
    options = parser.parse_args()
    problems = find_task(TASK).problems()
    if problems:
        raise SystemExit("\n".join(f"{what}: {remedy}" for what, remedy in problems))
    options.out.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    games = []
    for game in play_all(options.games, begun + 60 * options.minutes, options.out):
        print(line_of(game), flush=True)
        games.append(game)
    print_report(games, time.monotonic() - begun, options.out)


def play_all(num_games: int, deadline: float, out: Path) -> Iterator[Game]:
    """Play games of all task types in turn, as long as there is time."""
    env = gym.make(TASK, parser="json", disable_env_checker=True)
    kinds: dict[str, list[dict[str, Any]]] = {kind: [] for kind in TASK_TYPES}
    for start in env.unwrapped.starts():  # type: ignore[attr-defined]
        kinds[kind_of(start["game"])].append(start)
    rounds = [group[i] for i in range(num_games) for group in kinds.values() if i < len(group)]
    for number, start in enumerate(rounds):
        if time.monotonic() < deadline:
            yield play(env, start, out / f"{number:02d}")
    env.close()


def kind_of(name: str) -> str:
    return str(task_of_folder(name.partition("/")[0]))


def play(env: gym.Env[Any, Any], start: dict[str, Any], stem: Path) -> Game:
    """Play the oracle, begin the game once more, and compare the two first pictures."""
    begun = time.monotonic()
    first, info = env.reset(options=start)
    reset_s = time.monotonic() - begun
    picture, steps, refused, is_over = first, [], [], False
    while not is_over and (command := env.unwrapped.oracle_action()) is not None:  # type: ignore[attr-defined]
        begun = time.monotonic()
        picture, _, is_terminated, is_truncated, info = env.unwrapped.play(command)  # type: ignore[attr-defined]
        steps.append(time.monotonic() - begun)
        is_over = is_terminated or is_truncated or len(steps) >= find_task(TASK).turns()
        if info["feedback"] == "Nothing happens.":
            refused.append(command)
    for name, each in (("first", first), ("last", picture)):
        Image.fromarray(each).save(f"{stem}_{name}.png")
    again, _ = env.reset(options=start)
    return Game(
        name=start["game"],
        kind=kind_of(start["game"]),
        is_won=info["is_success"],
        turns=len(steps),
        refused=tuple(refused),
        is_lost_for_words=not is_over,
        reset_s=reset_s,
        step_s=float(np.mean(steps)) if steps else 0.0,
        brightness=float(first.mean()),
        is_same_again=bool(np.array_equal(first, again)),
    )


def line_of(game: Game) -> str:
    outcome = "won" if game.is_won else "the oracle knew no way" if game.is_lost_for_words else "not won"
    refused = f", refused: {'; '.join(game.refused)}" if game.refused else ""
    dark = ", DARK PICTURE" if game.brightness < DARK else ""
    times = f"reset {game.reset_s:.1f} s, step {game.step_s:.2f} s"
    return f"{game.kind:5} {outcome} in {game.turns} turns, {times}{refused}{dark}  ({game.name})"


def print_report(games: list[Game], seconds: float, out: Path) -> None:
    """Print what is worth knowing, to be pasted into an issue."""
    won = sum(game.is_won for game in games)
    print(f"\nPlease report this to the people from whom you have vlm_gym, with a picture or two of {out}:\n")
    print(f"vlm_gym {vlm_gym.__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(", ".join(f"{package} {version(package)}" for package in PACKAGES))
    print(f"CPU: {cpu()}; display: {display()}")
    print(f"{won} of {len(games)} games won by the oracle in {seconds / 60:.1f} minutes")
    for kind in TASK_TYPES:
        group = [game for game in games if game.kind == kind]
        if group:
            print(f"  {kind:5} {sum(game.is_won for game in group)} of {len(group)}")
    reset_s, step_s = (np.median([getattr(game, name) for game in games]) for name in ("reset_s", "step_s"))
    same = sum(game.is_same_again for game in games)
    print(f"reset {reset_s:.1f} s, step {step_s:.2f} s (medians)")
    print(f"commands refused by AI2-THOR: {sum(len(game.refused) for game in games)}")
    print(f"the same first picture after another reset: {same} of {len(games)}")
    print(f"dark first pictures: {sum(game.brightness < DARK for game in games)}")


def cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def display() -> str:
    name = os.environ.get("DISPLAY", "none")
    if shutil.which("glxinfo") is None:
        return f"{name} (glxinfo, of the package mesa-utils, would tell the driver)"
    told = subprocess.run(["glxinfo", "-B"], capture_output=True, text=True, check=False, timeout=30).stdout
    drivers = [line.partition(":")[2].strip() for line in told.splitlines() if "OpenGL renderer" in line]
    return f"{name}, {', '.join(drivers) or 'no OpenGL'}"


if __name__ == "__main__":
    main()
