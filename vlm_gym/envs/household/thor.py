"""The engine with photo-like pictures: ALFWorld's games played on AI2-THOR 2.1.0, in a process of its own.

That process runs alfworld's AlfredThorEnv, which starts Unity's player. A reset takes seconds, since alfworld first
looks at all furniture of the room.
"""

import base64
import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from vlm_gym.envs.household import thor_setup
from vlm_gym.envs.household.engine import EngineError, Timeouts
from vlm_gym.envs.household.worker_game import MAX_COMMAND_LENGTH, WorkerGame
from vlm_gym.envs.household.worker_process import Program
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.thor import Photo, ThorObject, ThorReceptacle, ThorState, view_of
from vlm_gym.games.household.view import HouseholdView
from vlm_gym.games.household.world import Pose, World

START_TIMEOUT_S: Final = (
    300.0  # Unity's player takes 5 to 60 s to start, and a reset 5 to 15 s; more with a software GL
)
RESET_TIMEOUT_S: Final = 180.0
STEP_TIMEOUT_S: Final = 60.0
THOR: Final = Program(
    name="AI2-THOR",
    player=Path(__file__).with_name("thor_player.py"),
    extra="thor",
    remedy=thor_setup.REMEDY,
)

_NOTHING_HAPPENS: Final = "Nothing happens."


@dataclass(frozen=True)
class _ThorFile:
    """A game: its file, whose folder has a `traj_data.json` as well, and what the file says of it."""

    path: Path
    world: World


class ThorGame(WorkerGame[_ThorFile]):
    """A game being played on AI2-THOR, with the interface of `HouseholdGame` (see `Engine`). `state` is a `ThorState`.

    Texts, admissible commands, `is_won` and `progress` are alfworld's own, with three repairs: "move X to Y", which
    alfworld offers and does not understand, is played; names that it cuts ("go to sof1") are whole; and a command that
    is not admissible is not played. `world` is what the game file says: names and contents there are the text game's.

    Arguments:
        path: the game file, `game.tw-pddl`, beside its `traj_data.json`.
        start_timeout_s: how long to wait until Unity's player has started and begun an episode.
        reset_timeout_s: how long to wait until a player that runs has begun another episode.
        step_timeout_s: how long to wait for the answer to a command.

    Raises ConfigError for a file that cannot be read, DataNotFoundError without `traj_data.json` or Unity's player,
    MissingDependencyError without the extra, and EngineError, here and in every method that plays, if there is no
    display, or the process or the player dies, hangs or fails. The next call then starts a new one.
    """

    program: ClassVar[Program] = THOR

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        start_timeout_s: float = START_TIMEOUT_S,
        reset_timeout_s: float = RESET_TIMEOUT_S,
        step_timeout_s: float = STEP_TIMEOUT_S,
    ) -> None:
        super().__init__(Timeouts(start_timeout_s, reset_timeout_s, step_timeout_s))
        self.load(path)

    def load(self, path: str | os.PathLike[str]) -> str:
        """Begin another game in the same process and return the introduction."""
        file = Path(path).absolute()
        thor_setup.check_traj_data(file.parent)
        return self._begin(_ThorFile(file, load_game(file)))

    def step(self, command: str) -> str:
        """Play a command and return the feedback: "Nothing happens." and no change if it is not admissible."""
        command = command.strip()[:MAX_COMMAND_LENGTH]
        if command not in self.admissible:
            self.feedback = _NOTHING_HAPPENS
            return self.feedback
        return super().step(command)

    def refusal(self, command: str) -> str | None:
        """Return why a command is not possible now, in words, or None if it is admissible."""
        command = command.strip()
        return None if command in self.admissible else f"{command[:80]!r} is not possible here and now"

    def view(self) -> HouseholdView:
        """Return what the photo shows of what alfworld has named."""
        return view_of(self.state)

    @property
    def world(self) -> World:
        """What the game file says of the game: its goal and sentence hold here too."""
        return self._file.world

    @property
    def is_won(self) -> bool:
        """Whether the goal holds now."""
        return self.state.is_won

    @property
    def progress(self) -> float:
        """ALFWorld's goal-condition success rate: the share of the goal's conditions that hold."""
        return self.state.progress

    @property
    def is_stuck(self) -> bool:
        """Always False: AI2-THOR does not tell whether a game can still be won."""
        return False

    def _prepare(self) -> None:
        thor_setup.check_all()

    def _request_of(self, file: _ThorFile) -> Any:
        build = str(thor_setup.find_build())
        return {"folder": str(file.path.parent), "sentence": file.world.sentence, "build": build}

    def _path_of(self, file: _ThorFile) -> Path:
        return file.path

    def _enter(self, file: _ThorFile, answer: dict[str, Any]) -> None:
        photo = _read_photo(answer["frame"])
        if photo.pixels == photo.pixels[:3] * (photo.height * photo.width):
            self.close()
            raise EngineError(
                f"AI2-THOR draws nothing: every pixel has the colour {tuple(photo.pixels[:3])}. {THOR.remedy}"
            )

    def _take(self, answer: dict[str, Any]) -> None:
        self.feedback = answer["feedback"]
        self.admissible = tuple(answer["admissible"])
        self.state = _read_state(self._file.world, answer)

    def _where(self, answer: dict[str, Any]) -> Hashable:
        return tuple(answer["admissible"]), answer["won"], answer["progress"], answer["feedback"]


def _read_photo(frame: Mapping[str, Any]) -> Photo:
    return Photo(frame["height"], frame["width"], base64.b64decode(frame["pixels"]))


def _read_state(world: World, answer: Mapping[str, Any]) -> ThorState:
    truth, goal = answer["truth"], world.goal
    return ThorState(
        photo=_read_photo(answer["frame"]),
        task=goal.task,
        target=goal.target,
        destination=goal.destination,
        receptacles=tuple(
            ThorReceptacle(place, name, closed, _read_pose(pose)) for place, name, closed, pose in truth["receptacles"]
        ),
        objects=tuple(ThorObject(thing, name, tuple(inside), is_on) for thing, name, inside, is_on in truth["objects"]),
        at=truth["at"],
        agent=_read_pose(truth["pose"]),
        hand=truth["hand"],
        seen=frozenset(truth["seen"]),
        clean=frozenset(truth["clean"]),
        hot=frozenset(truth["hot"]),
        cool=frozenset(truth["cool"]),
        admissible=tuple(answer["admissible"]),
        is_won=answer["won"],
        progress=answer["progress"],
    )


def _read_pose(numbers: list[float]) -> Pose:
    x, y, heading, pitch = numbers
    return Pose(x, y, round(heading), round(pitch))
