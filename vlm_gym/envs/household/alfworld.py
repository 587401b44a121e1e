"""ALFWorld: the official games."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, get_args

import numpy as np

from vlm_gym.envs.base import TaskSettings
from vlm_gym.envs.household.engine import Engine, Timeouts
from vlm_gym.envs.household.home import HomeEnv, ProgressReward, TakenNotes
from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.splits import in_mixed_order, is_file, list_games, name_of_game
from vlm_gym.games.household.tasks import TASK_TYPES

if TYPE_CHECKING:
    from vlm_gym.envs.household.textworld import TextWorldGame
    from vlm_gym.envs.household.thor import ThorGame

Order = Literal["random", "sequential"]
EngineName = Literal["symbolic", "textworld", "thor"]
TIMEOUTS: Final = ("start_timeout_s", "reset_timeout_s", "step_timeout_s")


class ALFWorldEnv(HomeEnv):
    """Do the household tasks of ALFWorld's own games.

    ## Description
    The text game ALFWorld with a picture: task sentences, commands and texts are ALFWorld's, to the letter. The games
    must be on this machine: `vlm-gym download alfworld`, or ALFWorld's `alfworld-download`.

    ## Action Space
    `Discrete(128)`: action i is the i-th of `info["admissible_actions"]`, the commands that are possible now, sorted; a
    number beyond them is an illegal move. With a parser: any command of ALFWorld.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`: the room from above and, close up, the furniture that the agent
    stands at. In `ALFWorldThor`, what AI2-THOR shows from where the agent stands, 300 pixels wide and high, scaled.

    ## Starting State
    In the middle of a room, with empty hands. `reset(options={"game": ...})` chooses a game: its name in
    `info["game"]`, or the path of a game file.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `success` | +50 | when the task is done |
    | `progress` | +1 | for the change of `info["progress"]`, which can fall |
    | `illegal` | -1 | for a command that is not possible now; nothing happens |
    | `fault` | -1 | for an answer that cannot be read (text play) |

    ## Episode End
    Terminates when the task is done. Truncated after 50 turns.

    ## Information
    As in `Household-v0`: `goal`, `task_type`, `feedback`, `game`, `stuck`.

    ## Arguments
    `split`: "train" (3,553 games), "valid_seen" (140; ALFWorld's own code says "eval_in_distribution", which is
    understood), "valid_unseen" (134; "eval_out_of_distribution"), "valid_train" (200), or any folder with game files.
    `data_dir`: where the splits are (default: $ALFWORLD_DATA, then ALFWorld's own cache). `task_types`: some of put,
    look, clean, heat, cool, two; ALFWorld's names (`pick_heat_then_place_in_recep`) and numbers, 1 to 6 in this order,
    are understood. `order`: "random", or "sequential": every game of the split once, then again, in a fixed order in
    which any first games are a fair sample of the task types; `reset(seed=i)` then starts with game i, and
    `env.unwrapped.starts()` lists them. In a vector env every part would play them all: give each its own share, by
    `reset(seed=i)` with the numbers of its games. `engine`: "symbolic" (ours, fast), "textworld" (the original, in a
    process of its own; extra `[alfworld]`) or "thor" (ALFWorld on AI2-THOR, in a process of its own, with photo-like
    pictures; extra `[thor]`, see docs/thor.md). `start_timeout_s`, `reset_timeout_s`, `step_timeout_s`: how long to
    wait for a process to start and begin an episode, to begin another one, and to answer a command (default: the
    engine's own). `labels`, `include_admissible`, `progress_reward`, `include_text`, `notes`, `version` as in
    `Household-v1`; `labels`, `theme` and `version` are about drawn pictures, not AI2-THOR's.

    ## Registered Configurations
    `ALFWorld-v1` (train), `ALFWorld-ValidSeen-v1`, `ALFWorld-ValidUnseen-v1`; the latter two in sequential order. The
    same as v0. `ALFWorldThor-v0`, `ALFWorldThor-ValidSeen-v0`, `ALFWorldThor-ValidUnseen-v0`: the same with
    `engine="thor"`.

    ## Differences from ALFWorld's own environment
    That one pays 1 for success and nothing else, as `rewards={"success": 1, "progress": 0, "illegal": 0, "fault": 0}`
    does here. Admissible commands are the same, in the same order. Its option `domain_randomization`, which numbers
    things anew, is not there. Games are found by the names of their folders: only AI2-THOR needs the `traj_data.json`
    beside them. What differs from `AlfredThorEnv` is in docs/thor.md.

    ## Differences from the paper's code
    An answer is played only if it is a command as a whole: "go to cabinet 12" never goes to cabinet 1. `progress` pays
    its change by default. The turn limit is exact.

    ## References
    Shridhar et al. 2021, "ALFWorld", arXiv 2010.03768. Zhai et al. 2024, arXiv 2405.10292, section 5.2.

    ## Version History
    v1: the prompt explains the symbols in the picture. In the picture the agent hides no furniture, and the names of
    furniture keep their size where there is little room. Rules, rewards and texts are those of v0.

    v0: first version; kept as it was, for the panels and for published scores.
    """

    option_names: ClassVar[tuple[str, ...]] = ("game",)

    def __init__(
        self,
        settings: TaskSettings | None = None,
        *,
        split: str = "train",
        data_dir: str | None = None,
        task_types: Sequence[str | int] = TASK_TYPES,
        order: Order = "random",
        engine: EngineName = "symbolic",
        start_timeout_s: float | None = None,
        reset_timeout_s: float | None = None,
        step_timeout_s: float | None = None,
        labels: bool = True,
        include_admissible: bool = True,
        progress_reward: ProgressReward = "change",
        notes: TakenNotes = False,
        version: int = 0,
    ) -> None:
        check_choice("order", order, get_args(Order))
        check_choice("engine", engine, get_args(EngineName))
        self._timeouts = _check_timeouts(engine, start_timeout_s, reset_timeout_s, step_timeout_s)
        super().__init__(
            settings,
            labels=labels,
            include_admissible=include_admissible,
            progress_reward=progress_reward,
            notes=notes,
            version=version,
        )
        if engine == "thor":
            _check_undrawn(self.settings, labels)
        self.games = list_games(data_dir, split, task_types)
        self.order = order
        self.engine = engine
        self._queue = in_mixed_order(self.games) if order == "sequential" else ()
        self._next = 0
        self._worker: TextWorldGame | ThorGame | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start an episode; in sequential order, `seed` is the number of the game to start with."""
        if isinstance(seed, (int, np.integer)) and seed >= 0:
            self._next = int(seed) % len(self.games)
        return super().reset(seed=seed, options=options)

    def starts(self) -> tuple[dict[str, Any], ...] | None:
        """Return the games in sequential order, by name or, where two have the same one, by file; None if drawn."""
        if self.order == "random":
            return None
        names = [name_of_game(game) for game in self._queue]
        return tuple({"game": name} for name in (names if len(set(names)) == len(names) else map(str, self._queue)))

    @classmethod
    def own_speeds(cls, task: str, arguments: Mapping[str, Any], seconds: float) -> Iterable[tuple[str, str]]:
        """Measure the engines alone."""
        from vlm_gym.envs.household.speed import measure_engines

        return measure_engines(task, arguments.get("split", "train"), seconds)

    def _start_game(self, options: Mapping[str, Any]) -> Engine:
        self._path = self._named(options["game"]) if "game" in options else self._choose()
        if self.engine == "symbolic":
            return HouseholdGame(load_game(self._path))
        if self._worker is None:
            self._worker = _engine_class(self.engine)(self._path, **self._timeouts)
        else:
            self._worker.load(self._path)
        return self._worker

    def _choose(self) -> Path:
        if self.order == "random":
            return self.games[int(self.np_random.integers(len(self.games)))]
        game = self._queue[self._next]
        self._next = (self._next + 1) % len(self._queue)
        return game

    def _named(self, name: object) -> Path:
        if not isinstance(name, (str, os.PathLike)):
            raise ConfigError(f"options['game'] must be the name of a game or the path of its file, got {name!r}")
        for game in self.games:
            if name_of_game(game) == name:
                return game
        if is_file(name):
            return Path(name)
        example = name_of_game(self.games[0])
        raise ConfigError(f"options['game'] must be a game of this split, as {example!r}, or a file; got {name!r}")

    def _game_name(self) -> str:
        return name_of_game(self._path)

    def close(self) -> None:
        """End the engine's process, if it has one."""
        if self._worker is not None:
            self._worker.close()


def _engine_class(engine: EngineName) -> "type[TextWorldGame] | type[ThorGame]":
    """Import an engine that starts processes: only for those who ask for it."""
    if engine == "textworld":
        from vlm_gym.envs.household.textworld import TextWorldGame

        return TextWorldGame
    from vlm_gym.envs.household.thor import ThorGame

    return ThorGame


def _check_timeouts(engine: EngineName, *timeouts_s: float | None) -> dict[str, float]:
    chosen = {name: timeout_s for name, timeout_s in zip(TIMEOUTS, timeouts_s, strict=True) if timeout_s is not None}
    if engine == "symbolic" and chosen:
        raise ConfigError(f"{next(iter(chosen))} is for the engines that play in another process, not for 'symbolic'")
    Timeouts(**{**dict.fromkeys(TIMEOUTS, 1.0), **chosen})
    return chosen


def _check_undrawn(settings: TaskSettings, labels: bool) -> None:
    """Raise ConfigError for arguments about drawn pictures."""
    for name, value, default in (("theme", settings.theme, TaskSettings.theme), ("labels", labels, True)):
        if value != default:
            raise ConfigError(
                f"{name} is about drawn pictures, and AI2-THOR's are as they are: with engine='thor' it must be "
                f"{default!r}, got {value!r}"
            )
