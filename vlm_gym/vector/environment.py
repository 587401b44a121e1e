"""The vector environment: all tasks of it draw into one array, and their infos become arrays once a step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.envs.registration import EnvSpec

from vlm_gym.errors import ConfigError, UnknownArgumentError, check_choice, check_int
from vlm_gym.render.canvas import Canvas
from vlm_gym.vector.infos import Info, stack_infos
from vlm_gym.vector.pictures import Pictures, Places
from vlm_gym.vector.seat import Seat

NEXT_STEP: Final = "NextStep"
SAME_STEP: Final = "SameStep"
DISABLED: Final = "Disabled"
AUTORESET_MODES: Final = (NEXT_STEP, SAME_STEP, DISABLED)
MOST_ENVS: Final = 65_536
OTHERS_ARGUMENTS: Final = ("observation_mode", "shared_memory", "context", "daemon", "worker")
RESET_MASK: Final = "reset_mask"

Flags = npt.NDArray[np.bool_]
VectorTurn = tuple[Pictures, npt.NDArray[np.float64], Flags, Flags, Info]


class TaskVectorEnv(gym.vector.SyncVectorEnv):
    """Environments of one task in one process, which say and show what Gymnasium's `SyncVectorEnv` does, for less.

    `gym.make_vec(id, num_envs=64, vectorization_mode="vector_entry_point", autoreset_mode="SameStep")` builds it.
    Each environment draws into its part of one array.

    Args:
        num_envs: Number of environments.
        task: The registered id.
        max_episode_steps: As in `gym.make`: a turn limit in place of the task's own, or -1 for none.
        autoreset_mode: "NextStep", "SameStep" or "Disabled", or Gymnasium's `AutoresetMode`
            (https://farama.org/Vector-Autoreset-Mode). All three work with every version of Gymnasium.
        copy: Whether pictures that were returned stay as they are, as long as somebody holds them. If not, one array is
            returned every time, read-only, and the next step draws on it what has changed, which costs less.
        arguments: What `gym.make` takes, the same for all environments.

    Raises:
        ConfigError: if an argument is wrong, or belongs to another kind of vector environment.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        task: str,
        max_episode_steps: int | None = None,
        autoreset_mode: Any = NEXT_STEP,
        copy: bool = True,
        **arguments: Any,
    ) -> None:
        check_int("num_envs", num_envs, 1, MOST_ENVS)
        mode = getattr(autoreset_mode, "value", autoreset_mode)
        check_choice("autoreset_mode", mode, AUTORESET_MODES)
        check_choice("copy", copy, (True, False))
        _check_arguments(arguments)
        # Gymnasium's checker of environments holds its first picture until its second step, which a seat plays past it.
        arguments = {"disable_env_checker": True, **arguments}
        make = partial(gym.make, gym.spec(task), max_episode_steps=max_episode_steps, **arguments)
        self._spec: EnvSpec | None = None
        self._mode: str = mode
        super().__init__([make] * num_envs)
        self.copy = copy
        known_modes = getattr(gym.vector, "AutoresetMode", None)  # gymnasium 1.0 has no name for them
        self.autoreset_mode = mode if known_modes is None else known_modes(mode)
        self.metadata = {**self.envs[0].metadata, "autoreset_mode": self.autoreset_mode}
        space = self.single_action_space
        self._num_actions = int(space.n) if isinstance(space, gym.spaces.Discrete) else None
        self._places = Places(self.observation_space.shape or (), is_shared=not copy)
        self._pictures: Pictures | None = None  # as they were drawn last
        self._ended: Flags = np.zeros(num_envs, np.bool_)
        self._seats = tuple(Seat(env) for env in self.envs)

    @property
    def spec(self) -> EnvSpec | None:
        """What `gym.make_vec` builds this from; `gym.make_vec(EnvSpec.from_json(envs.spec.to_json()))` does so too."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        if spec is not None:
            single = self.envs[0].spec
            limit = None if single is None else single.max_episode_steps
            own = {
                "autoreset_mode": self._mode,
                "copy": self.copy,
                "max_episode_steps": -1 if limit is None else int(limit),
            }
            spec = replace(spec, additional_wrappers=(), kwargs={**spec.kwargs, **own})
        self._spec = spec

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Pictures, Info]:
        """Start an episode in every environment, or in those of `options["reset_mask"]`.

        Args:
            seed: An int for the first environment, the next one for the second and so on; a seed or None for each
                environment; or None, which goes on with all generators as they are.
            options: The start, for all environments that are reset, as in a single one's `reset`; and `reset_mask`, an
                array of bool, (num_envs,), at least one of them True.

        Raises:
            ConfigError: if a seed, an option or the mask is wrong.
        """
        seeds, mask, others = self._seeds(seed), self._reset_mask(options), _without_mask(options)
        rows = range(self.num_envs) if mask is None else np.flatnonzero(mask).tolist()
        before, (pictures, canvases) = self._pictures, self._places.take()
        if mask is not None:
            if before is None:
                raise gym.error.ResetNeeded(f"expected reset() without {RESET_MASK!r} first: nothing has been started")
            if before is not pictures:
                pictures[...] = before
        self._pictures = None  # until all are started
        infos = [self._seats[row].reset(canvases[row], seeds[row], others) for row in rows]
        self._ended = self._ended & ~mask if mask is not None else np.zeros(self.num_envs, np.bool_)
        self._pictures = pictures
        return self._places.shown(pictures), stack_infos(infos, rows, self.num_envs, self._add_info)

    def step(self, actions: Iterable[Any]) -> VectorTurn:
        """Play an action in every environment; in mode "NextStep" those that have ended start anew instead.

        Raises:
            ConfigError: if there are not as many actions as environments, or one of them is wrong.
            gymnasium.error.ResetNeeded: before the first reset, and in mode "Disabled" after an end.
        """
        starts_anew = self._starting_anew()
        played = self._actions(actions, starts_anew)
        (pictures, canvases), n, is_same_step = self._places.take(), self.num_envs, self._mode == SAME_STEP
        self._pictures = None  # a step that fails half-way leaves nothing to go on from
        infos: list[Info] = []
        rewards, terminated, truncated = [0.0] * n, [False] * n, [False] * n
        finals: dict[int, tuple[Pictures, Info]] = {}
        moved: list[int] = []
        for i, seat in enumerate(self._seats):
            if starts_anew[i]:
                infos.append(seat.reset(canvases[i]))
                continue
            rewards[i], terminated[i], truncated[i], info = seat.step(played[i])
            if is_same_step and (terminated[i] or truncated[i]):
                finals[i] = seat.draw(Canvas(np.empty_like(pictures[i]))), info
                info = seat.reset(canvases[i])
            else:
                moved.append(i)
            infos.append(info)
        for i in moved:  # after all moves: code and data stay in the processor's caches
            self._seats[i].draw(canvases[i])
        self._pictures = pictures
        ends = np.array(terminated, np.bool_), np.array(truncated, np.bool_)
        self._ended = ends[0] | ends[1]
        said = stack_infos(infos, range(n), n, self._add_info)
        if finals:
            said.update(self._final(finals))
        return self._places.shown(pictures), np.array(rewards, np.float64), *ends, said

    def _final(self, finals: Mapping[int, tuple[Pictures, Info]]) -> Info:
        """Return what Gymnasium says of environments that ended in this step and have been started anew."""
        rows = list(finals)
        observations = np.full(self.num_envs, None, object)
        for row, (picture, _) in finals.items():
            observations[row] = picture
        is_final = np.zeros(self.num_envs, np.bool_)
        is_final[rows] = True
        infos = stack_infos([info for _, info in finals.values()], rows, self.num_envs, self._add_info)
        return {
            "final_obs": observations,
            "_final_obs": is_final,
            "final_info": infos,
            "_final_info": is_final.copy(),
        }

    def _starting_anew(self) -> list[bool]:
        """Return which environments a step resets before it."""
        if self._pictures is None:
            raise gym.error.ResetNeeded("expected reset() before step(): no episodes have been started")
        if self._mode == DISABLED and self._ended.any():
            numbers = ", ".join(map(str, np.flatnonzero(self._ended)))
            raise gym.error.ResetNeeded(
                f"episodes have ended in environments {numbers}, and autoreset_mode is {DISABLED!r}: call "
                f"reset(options={{{RESET_MASK!r}: terminated | truncated}}) before the next step"
            )
        return self._ended.tolist() if self._mode == NEXT_STEP else [False] * self.num_envs

    def _actions(self, actions: Iterable[Any], is_ignored: Sequence[bool]) -> list[Any]:
        """Return a list of actions, all of which are in the action space: otherwise nothing moves."""
        if isinstance(actions, (str, Mapping)) or not isinstance(actions, Iterable):
            raise self._not_as_many(actions)
        played = actions.tolist() if isinstance(actions, np.ndarray) else list(actions)
        if len(played) != self.num_envs:
            raise self._not_as_many(actions)
        for i, action in enumerate(played):
            if not is_ignored[i]:
                self._check_action(i, action)
        return played

    def _not_as_many(self, actions: object) -> ConfigError:
        return ConfigError(f"actions must be {self.num_envs}, one for each environment; got {actions!r}")

    def _check_action(self, i: int, action: object) -> None:
        if self._num_actions is None:
            if not isinstance(action, str):
                raise ConfigError(f"actions[{i}], an answer, must be a str, got {action!r}")
            return
        number = action.item() if isinstance(action, (np.integer, np.ndarray)) and action.shape == () else action
        if type(number) is not int or not 0 <= number < self._num_actions:
            raise ConfigError(f"actions[{i}] must be an int from 0 to {self._num_actions - 1}, got {action!r}")

    def _seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
            return range(int(seed), int(seed) + self.num_envs)
        if isinstance(seed, (list, tuple, np.ndarray)) and len(seed) == self.num_envs:
            return seed
        raise ConfigError(f"seed must be None, an int, or {self.num_envs} of these, one a environment; got {seed!r}")

    def _reset_mask(self, options: Mapping[str, Any] | None) -> Flags | None:
        if options is not None and not isinstance(options, Mapping):
            raise ConfigError(f"options must be a dict or None, got {options!r}")
        mask = None if options is None else options.get(RESET_MASK)
        if mask is None:
            return None
        if isinstance(mask, np.ndarray) and mask.dtype == np.bool_ and mask.shape == (self.num_envs,) and mask.any():
            return mask
        raise ConfigError(
            f"options[{RESET_MASK!r}] must be an array of {self.num_envs} bool, at least one of them True; got {mask!r}"
        )


def _without_mask(options: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if options is None else {name: value for name, value in options.items() if name != RESET_MASK}


def _check_arguments(arguments: Iterable[str]) -> None:
    for name in arguments:
        if name in OTHERS_ARGUMENTS:
            raise UnknownArgumentError(
                f"got an unexpected keyword argument {name!r}: it belongs to another kind of vector environment. With "
                f"vectorization_mode='vector_entry_point' there are autoreset_mode, copy and what gym.make takes"
            )
