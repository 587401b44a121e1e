"""What every task must do, as a test that anyone can run in any framework: `check_task("lamps/Lamps-v0")`."""

import copy
import json
import pickle
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from vlm_gym.actions import NamedVocabulary
from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import VlmGymError
from vlm_gym.evaluation.scores.readings import Reading, judge
from vlm_gym.fields import check_fields
from vlm_gym.parsers.base import Parsed
from vlm_gym.registration import find_task
from vlm_gym.task import Task

KEYS: Final = (
    "prompt", "observation_text", "admissible_actions", "is_success", "progress", "rewards", "action", "illegal",
    "fault",
)  # fmt: skip
"""What `info` holds in every task."""
NEVER_AN_ANSWER: Final = "I cannot see anything."
PARSERS: Final = ("json", "tagged", "tool")
NUM_SEEDS: Final = 10
NUM_TURNS: Final = 20

Turn = tuple[Any, float, bool, bool, dict[str, Any]]


class CheckError(VlmGymError, AssertionError):
    """A task does not do what every task must do."""


def check_task(task: str, *, skip: tuple[str, ...] = ()) -> None:
    """Check a task by its id, as it is registered or as an installed package brings it.

    `skip` names checks (`CHECKS`) that are left out.

    Raises:
        CheckError: if a check fails; it says which ones, and what was found.
        ConfigError: if there is no such task.
    """
    entry = find_task(task)
    found = [(name, told) for name in CHECKS if name not in skip for told in (fault_of(entry, name),) if told]
    if found:
        told = "\n".join(f"- {name.replace('_', ' ')}: {words}" for name, words in found)
        raise CheckError(f"{task} ({entry.entry}) fails {len(found)} of {len(CHECKS)} checks:\n{told}")


def fault_of(task: Task, check: str) -> str | None:
    """Run one check; return what is wrong, None if nothing is."""
    try:
        CHECKS[check](task)
    except AssertionError as error:
        return str(error) or "a condition does not hold"
    except Exception as error:  # whatever the task does
        return f"{type(error).__name__}: {error}"
    return None


def play(env: gym.Env[Any, Any], seed: int, num_turns: int = NUM_TURNS) -> Iterator[Turn]:
    """Yield turns (picture, reward, terminated, truncated, info) of episodes with random actions."""
    env.action_space.seed(seed)
    picture, info = env.reset(seed=seed)
    yield picture, 0.0, False, False, info
    for _ in range(num_turns):
        turn = env.step(env.action_space.sample())
        yield turn  # type: ignore[misc]  # a reward that is not a float is told by a check
        if turn[2] or turn[3]:
            picture, info = env.reset()
            yield picture, 0.0, False, False, info


def _make(task: Task, **arguments: Any) -> gym.Env[Any, Any]:
    env: gym.Env[Any, Any] = gym.make(task.id, disable_env_checker=True, **arguments)
    return env


def _text(task: Task, **arguments: Any) -> gym.Env[Any, Any]:
    return _make(task, **{"parser": "json", **arguments})


def _task_of(env: gym.Env[Any, Any]) -> TaskEnv[Any, Any]:
    task = env.unwrapped
    _expect(isinstance(task, TaskEnv), f"the environment must be a vlm_gym.envs.base.TaskEnv, got {task!r}")
    return task  # type: ignore[return-value]


def _expect(condition: object, told: str) -> None:
    if not condition:
        raise CheckError(told)


def _spaces(task: Task) -> None:
    env = _make(task)
    wanted = None if task.num_actions is None else gym.spaces.Discrete(task.num_actions)
    _expect(
        wanted is None or env.action_space == wanted,
        f"num_actions={task.num_actions} needs the action space {wanted}, got {env.action_space}",
    )
    size = _task_of(env).settings.image_size
    box = gym.spaces.Box(0, 255, (size, size, 3), np.uint8)
    _expect(env.observation_space == box, f"the observation space must be {box}, got {env.observation_space}")


def _gymnasiums_checker(task: Task) -> None:
    env = gym.make(task.id, render_mode="rgb_array").unwrapped
    check_env(env, skip_render_check=False)
    env.close()


def _info(task: Task) -> None:
    for _, reward, _, _, info in play(_make(task), seed=1):
        lacking = [key for key in KEYS if key not in info]
        _expect(not lacking, f"info lacks {', '.join(lacking)}")
        for key, kind in (("prompt", str), ("observation_text", str), ("admissible_actions", tuple)):
            _expect(isinstance(info[key], kind), f"info[{key!r}] must be a {kind.__name__}, got {info[key]!r}")
        _expect(type(info["is_success"]) is bool, f"info['is_success'] must be a bool, got {info['is_success']!r}")
        _expect(
            type(info["progress"]) is float and 0.0 <= info["progress"] <= 1.0,
            f"info['progress'] must be a float from 0 to 1, got {info['progress']!r}",
        )
        _expect(not info["is_success"] or info["progress"] == 1.0, "progress must be 1 where an episode has succeeded")
        _expect(
            reward == sum(info["rewards"].values()), f"the reward must be the sum of {info['rewards']}, got {reward}"
        )
        mask = info.get("action_mask")
        is_masked = isinstance(mask, np.ndarray) and mask.dtype == np.int8 and mask.shape == (task.num_actions,)
        _expect(is_masked or task.num_actions is None, f"info['action_mask'] must be int8, one an action; got {mask!r}")
        for key in ("illegal", "fault"):
            _expect(info[key] is None or isinstance(info[key], str), f"info[{key!r}] must be words or None")


def _mask(task: Task) -> None:
    if task.num_actions is None:
        return
    env = _make(task)
    unwrapped = _task_of(env)
    for _, _, is_terminated, _, info in play(env, seed=3):
        named = tuple(unwrapped.name_of(int(number)) for number in np.flatnonzero(info["action_mask"]))
        admissible = info["admissible_actions"]
        _expect(named == admissible, f"action_mask marks {named}, admissible_actions are {admissible}")
        _expect(bool(admissible) is not is_terminated, "there must be admissible actions exactly while a game goes on")


def _illegal_moves(task: Task) -> None:
    if task.num_actions is None:
        return
    env = _make(task)
    unwrapped, rng = _task_of(env), np.random.default_rng(0)
    for seed in range(NUM_SEEDS):
        _, info = env.reset(seed=seed)
        is_over = False
        while not is_over:
            action = int(rng.integers(task.num_actions))
            state, is_legal = unwrapped.state, bool(info["action_mask"][action])
            *_, is_terminated, is_truncated, info = env.step(action)
            is_over = is_terminated or is_truncated
            told = (
                f"{info['action']!r} was {'' if is_legal else 'not '}admissible, info['illegal'] is {info['illegal']!r}"
            )
            _expect((info["illegal"] is None) is is_legal, told)
            _expect(is_legal or unwrapped.state == state, f"the illegal move {info['action']!r} changed the state")


def _pictures(task: Task) -> None:
    env = _make(task)
    turns = list(play(env, seed=4, num_turns=5))
    for i, (picture, *_) in enumerate(turns):
        _expect(env.observation_space.contains(picture), f"a picture must be in {env.observation_space}")
        _expect(picture.flags.writeable, "a picture must be an array of its own, which its owner may change")
        shared = any(np.shares_memory(picture, other) for other, *_ in turns[i + 1 :])
        _expect(not shared, "two turns share the memory of one picture: return a copy")
        picture[:] = 0
    _expect(env.reset(seed=4)[0].any(), "a picture that was changed by its owner came back: return a copy")


def _digest(task: Task, seed: int, **arguments: Any) -> list[object]:
    """Return all that comes out of some episodes."""
    env = _make(task, **arguments)
    log: list[object] = []
    for picture, *turn, info in play(env, seed):
        plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in info.items()}
        log += [picture.tobytes(), repr(turn), repr(plain)]
    env.close()
    return log


def _seeds(task: Task) -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    before = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    digest = _digest(task, 5, parser="json")
    after = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    _expect(before == after, "a global random generator was used: all chance comes from self.np_random")
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    _expect(digest == _digest(task, 5, parser="json"), "the same seed gave another episode")


def _copies(task: Task) -> None:
    env = _text(task)
    env.reset(seed=6)
    env.step(NEVER_AN_ANSWER)
    if env.unwrapped.spec is not None and task.turns() > 1:
        answers = [env.action_space.sample() for _ in range(4)]
        copies = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]  # noqa: S301  # our own
        told = [_rest(each, answers) for each in (env, *copies)]
        _expect(told[0] == told[1] == told[2], "a copy in mid-episode goes on in another way")


def _rest(env: gym.Env[Any, Any], answers: list[str]) -> list[object]:
    log: list[object] = []
    for answer in answers:
        picture, *turn, info = env.step(answer)
        log.append((picture.tobytes(), turn, info["prompt"]))
        if turn[1] or turn[2]:
            break
    return [*log, env.reset()[0].tobytes()]


def _spec(task: Task) -> None:
    env = _make(task, image_size=max(96, task.least_image_size))
    _expect(env.spec is not None, "the environment has no spec")
    rebuilt = gym.make(EnvSpec.from_json(env.spec.to_json()), disable_env_checker=True)  # type: ignore[union-attr]
    first, second = env.reset(seed=7), rebuilt.reset(seed=7)
    is_same = np.array_equal(first[0], second[0]) and first[1]["prompt"] == second[1]["prompt"]
    _expect(is_same, "the env that its spec rebuilds starts in another way")


def _turn_limit(task: Task) -> None:
    env = _text(task)
    env.reset(seed=8)
    ends = [env.step(NEVER_AN_ANSWER)[2:4] for _ in range(task.turns())]
    wanted = [(False, False)] * (task.turns() - 1) + [(False, True)]
    _expect(ends == wanted, f"an agent that never answers must be truncated after {task.turns()} turns, got {ends}")


def _answers(task: Task) -> None:
    for name in PARSERS:
        env = _text(task, parser=name)
        actions, parser = _task_of(env).actions, env.get_wrapper_attr("parser")
        env.reset(seed=9)
        names = actions.names if isinstance(actions, NamedVocabulary) else (actions.sample(np.random.default_rng(0)),)
        for action in names:
            read = parser.parse(parser.write(action, actions, "Let me think."), actions)
            is_read = isinstance(read, Parsed) and read.action == action
            _expect(is_read, f"the parser {name!r} reads the action {action!r} as {read!r}")


def _oracle(task: Task) -> None:
    env = _text(task)
    unwrapped = _task_of(env)
    for seed in range(NUM_SEEDS):
        env.reset(seed=seed)
        value = unwrapped.optimal_value()
        if value is None:
            is_known = unwrapped.oracle_action() is None or task.setup  # another program's chance nobody knows
            _expect(is_known, "an oracle with an action needs a value: _best_value")
            continue
        _expect(0.0 <= value <= 1.0, f"optimal_value() must be from 0 to 1, got {value!r}")
        _expect(value > 0.0 or unwrapped.oracle_action() is None, "where nothing can succeed there is no best action")
        info = _oracles_end(env)
        _expect(value < 1.0 or (info is not None and info["is_success"]), f"seed {seed}: the oracle does not succeed")
        if info is not None:
            ended = unwrapped.optimal_value(), unwrapped.oracle_action(), info["admissible_actions"]
            _expect(ended == (float(info["is_success"]), None, ()), f"after the end the oracle still says {ended}")


def _oracles_end(env: gym.Env[Any, Any]) -> dict[str, Any] | None:
    """Play the oracle to the end; return the last info, or None where it sees no way."""
    task = _task_of(env)
    while (action := task.oracle_action()) is not None:
        *_, is_terminated, is_truncated, info = env.step(json.dumps({task.actions.key: action}))
        if is_terminated or is_truncated:
            return info
    return None


def _readings(task: Task) -> None:
    env = _text(task)
    _, info = env.reset(seed=1)
    fields = check_fields(task.id, _task_of(env).readings())
    for field in fields:
        asked = field.name in info["prompt"] and field.description in info["prompt"]
        _expect(asked, f"the prompt does not ask for the field {field.name!r} ({field.description!r})")
        reading = judge(field.kind, field.truth, field.truth, info["observation_text"])
        told = (
            f"the judge of the kind {field.kind!r} does not take {field.truth!r} in {field.name!r} for right: {reading}"
        )
        _expect(reading is Reading.RIGHT, told)


def _thoughts(task: Task) -> None:
    env = _text(task)
    for seed in range(NUM_SEEDS):
        env.reset(seed=seed)
        thinker, rng = _task_of(env).thinker(), np.random.default_rng(seed)
        if thinker is None:
            return
        thinker.look()
        action = _task_of(env).oracle_action() or _task_of(env).actions.sample(rng)
        for told in (thinker.describe(rng), thinker.think(action, rng)):
            _expect(isinstance(told, str) and told, f"a thinker must say something, got {told!r}")


def _example(task: Task) -> None:
    if task.example is None:
        return
    env = _text(task, **task.example.arguments)
    env.reset(seed=0, options=dict(task.example.options))
    for move in task.example.moves:
        info = env.step(env.get_wrapper_attr("answer")(move))[-1]
        _expect(info["illegal"] is info["fault"] is None, f"the example's move {move!r} is {info['illegal']}")


def _vector(task: Task) -> None:
    envs = gym.make_vec(task.id, num_envs=2, vectorization_mode="sync")
    pictures, infos = envs.reset(seed=10)
    for i in range(2):
        picture, info = _make(task).reset(seed=10 + i)
        is_same = np.array_equal(pictures[i], picture) and infos["prompt"][i] == info["prompt"]
        _expect(is_same, "in a vector environment the same seed starts another episode")
    envs.close()


CHECKS: Final[Mapping[str, Callable[[Task], None]]] = {
    "spaces": _spaces,
    "gymnasiums_checker": _gymnasiums_checker,
    "info": _info,
    "mask": _mask,
    "illegal_moves": _illegal_moves,
    "pictures": _pictures,
    "seeds": _seeds,
    "copies": _copies,
    "spec": _spec,
    "turn_limit": _turn_limit,
    "answers": _answers,
    "oracle": _oracle,
    "readings": _readings,
    "thoughts": _thoughts,
    "example": _example,
    "vector": _vector,
}
"""The checks by their names: each takes a task and raises an AssertionError if something is wrong."""
