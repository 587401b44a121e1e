"""A run's folder: what determines it, its turns, its episodes, its pictures.

    run.json         everything that determines the result, written once
    turns.jsonl      one line a turn, in the order in which they were played (`TurnRecord`)
    episodes.jsonl   one line a finished episode (`EpisodeRecord`)
    texts.jsonl      the texts of the requests that the turns name, each once: {"name": NAME, "text": TEXT}
    pictures/        what the player saw, each picture once, NAME.png

In turns.jsonl a request is a list of messages [ROLE, NAME of its text, NAME of its picture or null]; `read_turns`
returns the texts themselves.

Lines are only ever added, each in one write; a picture or a text is there before the line that names it, and the turns
of an episode before its own line. So a run can be read while it is played: episodes first, then turns, then texts. A
process that is killed loses at most the turn in flight and may leave half a line at a file's end, which readers pass
over and `RunWriter` cuts off. A line that is damaged is left out when a run is read, with a warning: what it told is
missing as if it had not been played, and is played again when the run is resumed. A turn that is there twice was played
again: the later line counts, and the earlier run of the episode from that turn on does not.
"""

import json
import logging
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from vlm_gym.errors import AgentError, ConfigError, RunError
from vlm_gym.evaluation.runs.lines import from_line, text_from_line, text_line, texts_of, to_line
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.files import DRAFT, write_whole
from vlm_gym.messages import Message

if sys.platform != "win32":
    import fcntl

FORMAT: Final = 1
RUN_FILE: Final = "run.json"
TURNS_FILE: Final = "turns.jsonl"
EPISODES_FILE: Final = "episodes.jsonl"
TEXTS_FILE: Final = "texts.jsonl"
PICTURES: Final = "pictures"
NUM_SHOWN: Final = 5  # of the runs in a folder
READ: Final = ("episodes", "agent")
"""The parts of run.json without which there is no run."""
UNSAID: Final[Mapping[str, Any]] = {"shard": None, "parser": "json", "chat": {}}
"""What is read again, as it is where a version does not say it."""

logger = logging.getLogger(__name__)

LineT = TypeVar("LineT")


def is_empty(folder: Path) -> bool:
    """Return whether a folder is not there or holds nothing yet; a run that was killed as it began holds nothing."""
    if folder.exists() and not folder.is_dir():
        return False
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != DRAFT)
    return not any(path.stat().st_size for path in files)


def has_turns(folder: Path) -> bool:
    """Return whether anything was played in a run."""
    path = folder / TURNS_FILE
    return path.exists() and path.stat().st_size > 0


def read_run(folder: Path) -> dict[str, Any]:
    """Return what determines a run.

    Raises:
        RunError: if the folder is not a run, or another version's, or run.json is damaged.
    """
    try:
        run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(f"{folder} is not a run of `vlm-gym eval`: {_what_is_there(folder)}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{folder} is not a run of `vlm-gym eval`: cannot read {RUN_FILE} ({_reason(error)})") from error
    if not isinstance(run, dict) or run.get("format") != FORMAT:
        raise RunError(f"{folder / RUN_FILE} must have the format {FORMAT}: another version of vlm_gym wrote it")
    missing = [name for name in READ if name not in run]
    if missing:
        raise RunError(f"{folder / RUN_FILE} lacks {', '.join(missing)}: it is damaged")
    return {**UNSAID, **run}


def _what_is_there(folder: Path) -> str:
    """Say what there is in place of a run."""
    if not folder.exists():
        return "there is no such folder"
    if not folder.is_dir():
        return "it is a file"
    inside = sorted(path.parent.name for path in folder.glob(f"*/{RUN_FILE}"))
    if not inside:
        return f"it holds no {RUN_FILE}, which `vlm-gym eval` writes"
    shown = ", ".join(str(folder / name) for name in inside[:NUM_SHOWN])
    more = f" and {len(inside) - NUM_SHOWN} more" if len(inside) > NUM_SHOWN else ""
    return f"it holds {len(inside)} {'run' if len(inside) == 1 else 'runs'}, name one of them: {shown}{more}"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def read_turns(folder: Path) -> list[TurnRecord]:
    """Return all turns of a run, episode by episode, those of unfinished episodes included, each once.

    Raises:
        RunError: if a file cannot be read.
    """
    episodes: dict[str, list[TurnRecord]] = defaultdict(list)
    path = folder / TURNS_FILE
    data = _whole_lines(path)
    texts = dict(_read(folder / TEXTS_FILE, text_from_line))
    if not texts and b'"requests"' in data:
        logger.warning("%s is missing or empty: what its turns sent is not known", folder / TEXTS_FILE)
    for turn in _records(path, data, lambda line: from_line(line, TurnRecord, texts)):
        played = episodes[turn.episode]
        while played and played[-1].turn >= turn.turn:
            played.pop()
        played.append(turn)
    return list(chain.from_iterable(episodes.values()))


def read_episodes(folder: Path) -> list[EpisodeRecord]:
    """Return the finished episodes of a run, each once.

    Raises:
        RunError: if a file cannot be read.
    """
    path = folder / EPISODES_FILE
    data = _whole_lines(path)
    texts = dict(_read(folder / TEXTS_FILE, text_from_line)) if b'"final_request"' in data else {}
    episodes = _records(path, data, lambda line: from_line(line, EpisodeRecord, texts))
    return list({episode.episode: episode for episode in episodes}.values())


def picture_path(folder: Path, name: str) -> Path:
    """Return where a run keeps a picture."""
    return folder / PICTURES / f"{name}.png"


class RunWriter:
    """Adds to a run's folder; used as a context, it leaves nothing where an agent refused before the first turn.

    Args:
        folder: Is made if it is not there.
        run: What determines the run, plain values; written as run.json, unless turns of a run are there already.
        whole_at: Where the folder comes to when all is written, if it is a draft of which nothing is kept before that.

    Raises:
        RunError: if the folder cannot be written, or another process or writer is at it.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any], whole_at: Path | None = None) -> None:
        self.folder, self.whole_at = folder, whole_at
        self._first_made = _first_missing(folder)
        with ExitStack() as opened:
            try:
                self._begin(run, opened)
            except OSError as error:
                raise RunError(f"cannot write the run {whole_at or folder}: {error.strerror or error}") from error
            self._opened = opened.pop_all()

    def __enter__(self) -> "RunWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        has_nothing = not any(os.fstat(file).st_size for file in (self._turns, self._episodes))
        self.close()
        if has_nothing and isinstance(error, (AgentError, ConfigError)):
            self._remove()

    def add_turn(self, turn: TurnRecord, shown: Message) -> None:
        """Write a turn, what the player saw, and the texts of its requests that are not there yet."""
        self.add_picture(shown)
        self._add_texts(turn)
        self._write(self._turns, to_line(turn))

    def add_episode(self, episode: EpisodeRecord) -> None:
        """Write a finished episode, and the texts of a request that was refused."""
        self._add_texts(episode)
        self._write(self._episodes, to_line(episode))

    def add_picture(self, shown: Message) -> None:
        """Keep a message's picture, unless it is there already or there is none."""
        if shown.picture is None:
            return
        path = picture_path(self.folder, shown.picture_name)
        if path.exists():
            return
        try:
            write_whole(path, lambda draft: draft.write_bytes(shown.png))
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    def _begin(self, run: Mapping[str, Any], opened: ExitStack) -> None:
        pictures = self.folder / PICTURES
        pictures.mkdir(parents=True, exist_ok=True)
        self._turns = _open_for_adding(self.folder / TURNS_FILE, opened)
        self._episodes = _open_for_adding(self.folder / EPISODES_FILE, opened)
        self._texts = _open_for_adding(self.folder / TEXTS_FILE, opened)
        self._names = {name for name, _ in _read(self.folder / TEXTS_FILE, text_from_line)}
        for draft in chain(self.folder.glob(f"*{DRAFT}"), pictures.glob(f"*{DRAFT}")):
            draft.unlink()
        if not (has_turns(self.folder) and (self.folder / RUN_FILE).exists()):
            text = json.dumps({"format": FORMAT, **run}, indent=1)
            write_whole(self.folder / RUN_FILE, lambda draft: draft.write_text(text, encoding="ascii"))

    def _remove(self) -> None:
        """Remove a run of which nothing was played, and the folders that were made for it."""
        own = {RUN_FILE, TURNS_FILE, EPISODES_FILE, TEXTS_FILE, PICTURES}
        if {path.name for path in self.folder.iterdir()} - own:  # batches that were begun and are paid for
            return
        for name in own - {PICTURES}:
            (self.folder / name).unlink(missing_ok=True)
        shutil.rmtree(self.folder / PICTURES, ignore_errors=True)
        for place in (self.folder, *self.folder.parents):
            if self._first_made is None or not place.is_relative_to(self._first_made):
                return
            with suppress(OSError):  # something else is in it by now
                place.rmdir()

    def _add_texts(self, record: TurnRecord | EpisodeRecord) -> None:
        new = {name: text for name, text in texts_of(record).items() if name not in self._names}
        if new:
            self._write(self._texts, "".join(text_line(name, text) for name, text in new.items()))
            self._names.update(new)

    def _write(self, file: int, line: str) -> None:
        data, size = line.encode("ascii"), os.fstat(file).st_size
        try:
            while data:  # a write may take only a part, at a full disk for example
                data = data[os.write(file, data) :]
        except OSError as error:
            os.ftruncate(file, size)  # else the next line would be added to half a line
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> RunError:
        reason = error.strerror or error
        if self.whole_at is not None:
            return RunError(f"cannot write the run {self.whole_at}: {reason}. Nothing of it was kept")
        return RunError(
            f"cannot write to the run {self.folder}: {reason}. All earlier turns are there: make room, then go on with "
            "--resume"
        )


def _read(path: Path, read_line: Callable[[str], LineT]) -> Iterator[LineT]:
    return _records(path, _whole_lines(path), read_line)


def _whole_lines(path: Path) -> bytes:
    """Return the whole lines of a file, if it is there: half a line at its end may be about to become whole."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from error
    return data[: data.rfind(b"\n") + 1]


def _records(path: Path, data: bytes, read_line: Callable[[str], LineT]) -> Iterator[LineT]:
    """Read the lines of a file; damaged ones are left out, with a warning."""
    lines = data.split(b"\n")[:-1]
    damaged: list[str] = []
    for number, line in enumerate(lines, start=1):
        try:
            yield read_line(line.decode("ascii", "backslashreplace"))
        except RunError as error:  # noqa: PERF203  # each line by itself
            damaged.append(f"line {number} is damaged and left out: {error}")
    if damaged:
        more = f"; and so are {len(damaged) - 1} more of its {len(lines)} lines" if damaged[1:] else ""
        logger.warning("%s, %s%s", path, damaged[0], more)


def _first_missing(folder: Path) -> Path | None:
    """Return the topmost folder that is made with this one; None if it is there."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    return missing[-1] if missing else None


def _open_for_adding(path: Path, opened: ExitStack) -> int:
    """Open a file for adding lines, alone, cutting off half a line at its end; `opened` closes it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    opened.callback(os.close, file)
    try:
        _lock(file)
    except BlockingIOError as error:
        raise RunError(f"{path} is being written by another process: let it end, or stop it") from error
    os.ftruncate(file, path.read_bytes().rfind(b"\n") + 1)
    return file


def _lock(file: int) -> None:
    """Keep other writers away for as long as the file is open; raise BlockingIOError if there is one."""
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:  # some file systems of clusters know no locks
        logger.warning("cannot lock a run's file, take care that one process alone writes it: %s", error)
