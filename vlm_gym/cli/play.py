"""The command `play`: a person plays a task, in the terminal or in the browser."""

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import gymnasium as gym

from vlm_gym.cli import play_web
from vlm_gym.cli.arguments import add_command, add_task, make, reset, write_file
from vlm_gym.errors import ConfigError

PICTURE: Final = Path("picture.png")
QUIT: Final = ("q", "quit", "exit")
HELP: Final = ("?", "help")
TEXT: Final = ("text",)
MANUAL: Final = """Type an action or a whole answer. These cost nothing:
  ? or help    this, with the task
  text         what the picture shows, in words
  q or quit    ends the game"""


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "play",
        _play,
        "play a task yourself",
        "vlm-gym play TASK\n"
        "  vlm-gym play OTHER --seed 3 --out picture.png\n"
        "  vlm-gym play TASK --web                             # in the browser, one episode after another\n"
        "  vlm-gym play --web                                  # choose the task there\n"
        "  vlm-gym play --web --panel cards-v0 --out runs/me   # a human baseline, recorded like an agent's run",
    )
    add_task(command, is_optional=True)
    command.add_argument(
        "--out",
        type=Path,
        help=f"the PNG file for the picture, where the terminal cannot show it (default: {PICTURE}); with --web the "
        f"folder in which episodes are recorded, which may hold earlier ones (default: {play_web.FOLDER})",
    )
    command.add_argument(
        "--text", action="store_true", help="in the terminal, tell each turn in words instead of showing a picture"
    )
    play_web.add_arguments(command)


def _play(options: argparse.Namespace) -> int:
    if options.web and options.text:
        raise ConfigError("--text is for the terminal: leave out --text, or --web")
    if options.web:
        return play_web.play(options)
    play_web.refuse_arguments(options)
    if options.task is None:
        raise ConfigError("play needs the ID of a task (see: vlm-gym list), or --web to choose one in the browser")
    out = PICTURE if options.out is None else options.out
    if out.suffix.lower() != ".png":
        raise ConfigError(f"--out must be the name of a .png file, got {out}")
    env = make(options, parser="json", render_mode="rgb_array")
    picture, info = reset(env, options)
    print(f"{info['prompt']}\n\n{MANUAL}\n")
    total, values, is_over = 0.0, [_value(env)], False
    while not is_over:
        _look(picture, info, out, in_words=options.text)
        answer = _ask(f"turn {len(values)}> ", info)
        if answer is None:
            return 0
        picture, reward, terminated, truncated, info = env.step(answer)
        total, is_over = total + float(reward), terminated or truncated
        values.append(_value(env))
        print(_told(info, float(reward)))
    if not options.text:
        _look(picture, info, out, in_words=False)
    outcome = "success" if info["is_success"] else "no success" if terminated else "out of turns"
    print(f"{outcome} after {len(values) - 1} turns, return {total:+g}")
    print(f"{info['observation_text']}\n{_oracles_view(values)}")
    return 0


def _ask(question: str, info: dict[str, Any]) -> str | None:
    """Return the player's answer; None if the game ends here. What is not an answer is told so, and costs nothing."""
    while True:
        try:
            answer = input(question).strip()
        except EOFError:
            print()
            return None
        word = answer.lower()
        if word in QUIT:
            return None
        if word in HELP:
            print(f"{info['prompt']}\n\n{MANUAL}\n")
        elif word in TEXT:
            print(info["observation_text"])
        elif word:
            return answer


def _value(env: gym.Env[Any, Any]) -> float | None:
    value: float | None = env.get_wrapper_attr("optimal_value")()
    return value


def _oracles_view(told: Sequence[float | None]) -> str:
    """Say how likely success was at the start, and at which turn it fell most, by a mistake or by bad luck."""
    values = [value for value in told if value is not None]
    if len(values) < len(told):
        return "Nobody knows the best play: this task has no oracle."
    start = f"The best play from this start succeeds with probability {values[0]:.3g}."
    losses = [before - after for before, after in pairwise(values[:-1])]
    if not losses or max(losses) <= 0:
        return start
    turn = losses.index(max(losses)) + 1
    return f"{start} Turn {turn} lowered it most, from {values[turn - 1]:.3g} to {values[turn]:.3g}."


def _told(info: dict[str, Any], reward: float) -> str:
    terms = ", ".join(f"{name} {value:+g}" for name, value in info["rewards"].items() if value)
    lines = [f"reward {reward:+g}" + (f" ({terms})" if terms else "")]
    lines += [info["feedback"]] if info.get("feedback") else []
    lines += [f"illegal: {info['illegal']}"] if info["illegal"] else []
    lines += [f"not understood: {info['fault']}"] if info["fault"] else []
    return "\n".join(lines)


def _look(picture: Any, info: dict[str, Any], path: Path, *, in_words: bool) -> None:
    if in_words:
        print(info["observation_text"])
        return
    from vlm_gym.render.encode import png_bytes
    from vlm_gym.terminal import inline, picture_protocol

    protocol = picture_protocol(os.environ, is_terminal=sys.stdout.isatty())
    if protocol is not None:
        print(inline(picture, protocol))
        return
    write_file(path, lambda target: target.write_bytes(png_bytes(picture)))
    print(f"Picture: {path}")
