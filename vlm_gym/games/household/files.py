"""Reading ALFWorld's game files, `game.tw-pddl`, without evaluating anything in them.

TextWorld evaluates expressions of the file it plays: a game file from a stranger is code there. Here a file is read
only if its rules and its sentences are the official ones, of which this package has a copy; what is left is data.
"""

import functools
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Final

from vlm_gym.errors import ConfigError
from vlm_gym.games.household.problem import parse_problem
from vlm_gym.games.household.world import World

GAME_FILE: Final = "game.tw-pddl"
MAX_GAME_BYTES: Final = 2**20  # the largest official file has 138,334 bytes
MAX_CACHED_GAMES: Final = 4096  # more than the 3,553 of the training split
DOMAIN_SHA256: Final = "0af55e7f92d12b09d28515aa730e4d03fddd17228ef1fd7b18a3ee8ba49b27b9"
GRAMMAR_SHA256: Final = (
    "c26b5b68247e86d4f38d9f6b1dd84759930880d415127641cf3084bedcbe5b0f"  # of the grammar with TASK for its sentence
)

_TASK: Final = re.compile(r'Your task is to: ([^"]*)"')
_SENTENCE: Final = re.compile(r"[A-Za-z0-9 ,.'-]+")
_FIELDS: Final = ("pddl_domain", "grammar", "pddl_problem")


def load_game(path: str | os.PathLike[str]) -> World:
    """Return the world of a game file. The last MAX_CACHED_GAMES are remembered until their file changes.

    Raises ConfigError, with the file's name, for a file that is missing, damaged, or of another version of ALFWorld.
    """
    file = Path(path).absolute()
    try:
        status = file.stat()
        return _load(file, (status.st_mtime_ns, status.st_size))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the game file {str(file)!r} cannot be played: {error}") from error


@functools.lru_cache(maxsize=MAX_CACHED_GAMES)
def _load(file: Path, version: tuple[int, int]) -> World:
    """Read and parse a file. `version` is part of what the cache goes by: when it was changed, and its size."""
    _, num_bytes = version
    if num_bytes > MAX_GAME_BYTES:
        raise ConfigError(f"it has {num_bytes} bytes, expected at most {MAX_GAME_BYTES}")
    with file.open("rb") as content:
        return parse_game(content.read(MAX_GAME_BYTES))


def parse_game(content: bytes) -> World:
    """Return the world of a game file's content. Raises ConfigError for a damaged or foreign one."""
    domain, grammar, problem = _fields(content)
    match = _TASK.search(grammar)
    if not _is_official(domain, DOMAIN_SHA256) or not _is_official(_TASK.sub('TASK"', grammar), GRAMMAR_SHA256):
        raise ConfigError(
            "its rules or sentences are not those of ALFWorld 0.4.2, which this engine plays; "
            'engine="textworld" plays other games (and runs code from the file: use files you trust)'
        )
    sentence = "" if match is None else match[1]
    if not _SENTENCE.fullmatch(sentence):
        raise ConfigError(f"its task should be a plain sentence, got {sentence[:80]!r}")
    return parse_problem(problem, sentence)


def _fields(content: bytes) -> list[str]:
    try:
        data: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"it is not JSON, or cut off: {error}") from error
    fields = data if isinstance(data, dict) else {}
    texts = [text for text in map(fields.get, _FIELDS) if isinstance(text, str)]
    if len(texts) != len(_FIELDS):
        raise ConfigError(f"expected a JSON object with the texts {', '.join(_FIELDS)}")
    return texts


def _is_official(text: str, digest: str) -> bool:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest() == digest
