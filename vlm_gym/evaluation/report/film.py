"""An episode as a film: a frame a turn with what was played and what came of it, as GIF or MP4."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.report.results import episode_id
from vlm_gym.evaluation.runs.played import Played, read_played
from vlm_gym.evaluation.runs.records import NAMESPACE, EpisodeRecord, TurnRecord, short_name
from vlm_gym.evaluation.runs.run_folder import picture_path
from vlm_gym.files import write_whole
from vlm_gym.render.canvas import Color, fitting_size, text_width, write

FORMATS: Final = (".gif", ".mp4")
WIDTH: Final = 420  # of a frame; a larger picture keeps its size
LINE_SHARE: Final = 0.07  # of a frame's width
CAP_SHARE: Final = 0.028  # height of a capital
SMALLEST_SHARE: Final = 0.6  # of a line's usual size, to which a long one shrinks before it is cut off
MARGIN_SHARE: Final = 0.035
LAST_FRAMES: Final = 3  # the end stands for so many turns
FRAMES_PER_SECOND: Final = 10  # of a video; some players stumble over fewer
NUM_SHOWN: Final = 5  # of the episodes that a message lists
MIN_SECONDS: Final = 0.02  # of a turn; what players can show at all
MAX_SECONDS: Final = 60.0
MAX_CAPTION: Final = 300  # characters that a line is fitted from

PAPER: Final[Color] = (250, 249, 246)
INK: Final[Color] = (27, 32, 36)
MUTED: Final[Color] = (89, 98, 108)
GOOD: Final[Color] = (28, 112, 69)
BAD: Final[Color] = (176, 39, 31)


class Line(NamedTuple):
    """A line of a caption."""

    text: str
    color: Color


def film_episode(folder: Path, name: str, out: Path, seconds: float = 1.2) -> Played:
    """Write an episode of a run as a film.

    Args:
        folder: The run's folder.
        name: The episode: its short name in the report's address, TASK:SEED, the name of its game, or its key.
        out: The film, a .gif or .mp4 file.
        seconds: Time of a turn, from 0.02 to 60.

    Returns:
        The episode.

    Raises:
        RunError: if the folder is not a run, has no such episode, or lacks its pictures.
        ConfigError: if the film cannot be written, or `seconds` is out of range.
    """
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ConfigError(f"seconds must be a number from {MIN_SECONDS} to {MAX_SECONDS:g}, got {seconds!r}")
    if out.suffix.lower() not in FORMATS:
        raise ConfigError(f"a film is a .gif or .mp4 file, got {out}")
    played = find_episode(folder, name)
    frames = make_frames(folder, played)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_film = _write_gif if out.suffix.lower() == ".gif" else _write_mp4
        write_whole(out, lambda draft: write_film(frames, draft, seconds), out.suffix)  # OpenCV goes by the ending
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror or error}") from error
    return played


def find_episode(folder: Path, name: str) -> Played:
    """Return the finished episode of a name (`film_episode`); of several attempts at one start the first."""
    played = read_played(folder)
    for item in sorted(played, key=lambda item: item.episode.repeat):
        if name.removeprefix(NAMESPACE) in _names_of(item.episode):
            return item
    some = ", ".join(_names_of(item.episode)[1] for item in played[:NUM_SHOWN])
    raise RunError(
        f"{folder} has no finished episode {name!r}: expected its short name in the report's address, TASK:SEED, or "
        "the name of its game. "
        f"It has {some}{' ...' if len(played) > NUM_SHOWN else ''}"
    )


def make_frames(folder: Path, played: Played) -> list[Image.Image]:
    """Draw the frames: one a turn, and one of the end; all of one size."""
    turns, episode = played.turns, played.episode
    end = _end_caption(episode)
    frames = [_frame(_open(folder, turn.picture), _turn_caption(turn, len(turns)), len(end)) for turn in turns]
    return [*frames, _frame(_open(folder, episode.final_picture), end, len(end))]


def _names_of(episode: EpisodeRecord) -> tuple[str, ...]:
    game = (episode.labels["game"],) if "game" in episode.labels else ()
    return episode_id(episode.episode), short_name(episode.task, episode.seed), episode.episode, *game


def _open(folder: Path, name: str) -> Image.Image:
    path = picture_path(folder, name)
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:  # SyntaxError is how Pillow names a broken PNG
        raise RunError(f"cannot read the picture {path}: {error}") from error


def _turn_caption(turn: TurnRecord, num_turns: int) -> tuple[Line, ...]:
    terms = ", ".join(f"{name} {value:+g}" for name, value in turn.rewards.items() if value)
    paid = f"reward {turn.reward:+g}" + (f" ({terms})" if terms else "")
    mistake = None if turn.fault is None else f"not understood: {turn.fault}"
    mistake = mistake or (None if turn.illegal is None else f"illegal: {turn.illegal}")
    return (
        Line(f"Turn {turn.turn} of {num_turns}", MUTED),
        Line(_printable(turn.action or turn.answers[-1]) or "(empty answer)", INK),
        Line(_printable(mistake), BAD) if mistake else Line(paid, MUTED),
    )


def _end_caption(episode: EpisodeRecord) -> tuple[Line, ...]:
    outcome = "Success" if episode.is_success else "Out of turns" if episode.is_truncated else "No success"
    outcome = "Not playable to its end" if episode.is_unplayable else outcome
    turns = f"{episode.num_turns} turn{'' if episode.num_turns == 1 else 's'}"
    task = f"{episode.task.removeprefix(NAMESPACE)}, seed {episode.seed}"
    color, end = GOOD if episode.is_success else BAD, f"after {turns}, return {episode.total_reward:+g}"
    if "game" in episode.labels:
        game = [Line(_printable(part), MUTED) for part in episode.labels["game"].rsplit("/", 1)]
        return Line(task, MUTED), *game, Line(f"{outcome} {end}", color)
    return Line(task, MUTED), Line(outcome, color), Line(end, MUTED)


def _printable(text: str) -> str:
    shown = " ".join(text[:MAX_CAPTION].split())
    return "".join(character if character.isprintable() else "?" for character in shown)


def _frame(picture: Image.Image, caption: Sequence[Line], num_lines: int) -> Image.Image:
    width = max(WIDTH, picture.width) // 2 * 2  # video needs even sides
    height = round(picture.height * width / picture.width)
    line_height, margin = round(LINE_SHARE * width), round(MARGIN_SHARE * width)
    below = num_lines * line_height + margin
    frame = Image.new("RGB", (width, (height + below + 1) // 2 * 2), PAPER)
    frame.paste(picture.resize((width, height), Image.Resampling.LANCZOS))
    for i, line in enumerate(caption):
        size = fitting_size("Turn", "sans", width, CAP_SHARE * width)
        size = max(fitting_size(line.text, "sans", width - 2 * margin, CAP_SHARE * width), round(SMALLEST_SHARE * size))
        text = _fitted(line.text, size, width - 2 * margin)
        center = (margin + text_width(text, "sans", size) / 2, height + margin / 2 + (i + 0.5) * line_height)
        write(frame, center, text, "sans", size, line.color)
    return frame


def _fitted(text: str, size: int, width: float) -> str:
    """Cut a text off where it does not fit."""
    if text_width(text, "sans", size) <= width:
        return text
    while text and text_width(f"{text} ...", "sans", size) > width:
        text = text[:-1]
    return f"{text} ..."


def _write_gif(frames: Sequence[Image.Image], out: Path, seconds: float) -> None:
    palette = _stacked(frames).quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    turn = round(1000 * seconds)
    durations = [turn] * len(rest) + [LAST_FRAMES * turn]
    first.save(out, save_all=True, append_images=rest, duration=durations, loop=0, optimize=False)


def _stacked(frames: Sequence[Image.Image]) -> Image.Image:
    """Put small copies of all frames into one picture, for colours that suit them all."""
    small = [frame.reduce(4) for frame in frames]
    stack = Image.new("RGB", (small[0].width, sum(frame.height for frame in small)))
    for i, frame in enumerate(small):
        stack.paste(frame, (0, i * frame.height))
    return stack


def _write_mp4(frames: Sequence[Image.Image], out: Path, seconds: float) -> None:
    from vlm_gym.render.opencv import cv2

    if not str(out).isprintable():  # it would end the process
        raise OSError("OpenCV writes to no path that has special characters or is not UTF-8")
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), FRAMES_PER_SECOND, frames[0].size)
    if not writer.isOpened():
        raise OSError("OpenCV cannot write it")
    turn, num_written = max(1, round(FRAMES_PER_SECOND * seconds)), 0
    try:
        for frame, count in _timed(frames, turn):
            for _ in range(count):
                writer.write(np.asarray(frame)[..., ::-1])  # OpenCV's order is blue, green, red
            num_written += count
    finally:
        writer.release()
    video = cv2.VideoCapture(str(out))
    num_there = round(video.get(cv2.CAP_PROP_FRAME_COUNT))
    video.release()
    if num_there != num_written:  # OpenCV does not say so
        raise OSError(f"{num_written} frames were written, but {num_there} are there: the disk may be full")


def _timed(frames: Sequence[Image.Image], turn: int) -> Iterable[tuple[Image.Image, int]]:
    return zip(frames, [turn] * (len(frames) - 1) + [LAST_FRAMES * turn], strict=True)
