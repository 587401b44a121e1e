"""An environment of someone else becomes a task: its rules stay its own, what cannot be adopted is refused."""

import gymnasium as gym
import numpy as np
import pytest
from sample_runs import play

import vlm_gym
from vlm_gym import ConfigError
from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import OracleAgent, RandomAgent, ScriptedAgent
from vlm_gym.evaluation.runs.run_folder import read_turns
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.testing import check_task

NAMES = ("left", "right")
GOAL = "Walk to the right end of a corridor of {length}."
CORRIDOR = "corridor/Corridor-v0"


class Corridor(gym.Env):
    """Five places in a row; the right end pays 1 and ends, the left end pays nothing and ends."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
    observation_space = gym.spaces.Dict({"place": gym.spaces.Discrete(5)})
    length = 5

    def __init__(self, render_mode=None, *, shape=(20, 50, 3), dtype=np.uint8, first=0):
        self.render_mode = render_mode
        self.shape, self.dtype = shape, dtype
        self.action_space = gym.spaces.Discrete(2, start=first)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = int(self.np_random.integers(1, 4))
        return {"place": self.place, "length": "five"}, {"is_there": False}

    def step(self, action):
        self.place += 1 if action - self.action_space.start else -1
        is_there = self.place == 4
        info = {"is_there": is_there, "count": self.place}
        return {"place": self.place, "length": "five"}, float(is_there), self.place in (0, 4), False, info

    def render(self):
        picture = np.zeros(self.shape, self.dtype)
        picture[:, 10 * self.place : 10 * self.place + 10] = 255
        return picture


def in_words(observation, info):
    return f"You are at {observation['place']}."


def advise(env):
    place = env.unwrapped.place
    return (None, float(place == 4)) if place in (0, 4) else ("right", 1.0)


def says_three(is_terminated, total, info):
    return 3


@pytest.fixture(autouse=True)
def corridor():
    gym.register(CORRIDOR, entry_point=Corridor, max_episode_steps=7)
    yield
    for name in [name for name in gym.registry if name.startswith("corridor/")]:
        del gym.registry[name]


WRONG_AT_ONCE = (
    ({"env": 7}, "env must be a text"),
    ({"goal": None}, "goal must be a text"),
    ({"goal": "Go {there"}, "goal='Go {there' is not a template: .* Write {{ for a brace"),
    ({"actions": "ab"}, "actions must be a list with a name for each action"),
    ({"actions": {"left": 0, "right": 1}}, "actions must be a list"),
    ({"actions": ("left", 1)}, "actions must be a list"),
    ({"actions": ("go\nleft", "right")}, "actions must be a list"),
    ({"actions": 2}, "actions must be a list"),
    ({"actions": ("go", "GO ")}, ".*read alike"),
    ({"success": 1.0}, "success must be a function, or 'module:function', got 1.0"),
    ({"success": "won"}, "success must be one of 'return'"),
    ({"success": "info:"}, "success must be one of 'return'"),
    ({"success": None}, "success must be a function"),
    ({"env_arguments": "size=3"}, "env_arguments must map names to values, got 'size=3'"),
    ({"env_arguments": {1: 2}}, "env_arguments must map names to values"),
    ({"text": "in_words"}, "text must be a function, or 'module:function', got 'in_words'"),
    ({"text": ":words"}, "text must be a function"),
    ({"oracle": True}, "oracle must be a function"),
    ({"turns": "x"}, "turns must be an int from 1"),
    ({"turns": 2.5}, "turns must be an int from 1"),
)


def adopt(**changes):
    return vlm_gym.adopt("mine/Corridor-v0", CORRIDOR, **{"actions": NAMES, "goal": GOAL, **changes})


def make(**changes):
    arguments = {"env": CORRIDOR, "actions": NAMES, "goal": GOAL, "parser": "json", **changes}
    return gym.make("vlm_gym/Gym-v0", disable_env_checker=True, **arguments)


def walk(env, *actions, seed=0):
    env.reset(seed=seed)
    return [env.step(env.get_wrapper_attr("answer")(action)) for action in actions]


def test_an_adopted_task_passes_the_contract():
    adopt(text=in_words, oracle=advise)
    check_task("mine/Corridor-v0", skip=("spec",))  # functions are no JSON
    with pytest.raises(ConfigError, match="Corridor-v0 is registered already, and differs in arguments: choose"):
        adopt()


def test_it_says_and_pays_what_the_environment_does():
    env = make(text=in_words)
    _, info = env.reset(seed=3)
    inner = Corridor("rgb_array")
    inner.reset(seed=3)
    assert info["prompt"].startswith("Walk to the right end of a corridor of five.\n\nAnswer with one JSON object")
    assert 'The action is "left" or "right".' in info["prompt"]
    assert info["goal"] == "Walk to the right end of a corridor of five."
    assert info["observation_text"] == f"You are at {inner.place}."
    is_over = False
    while not is_over:
        _, reward, is_over, _, _ = inner.step(1)
        _, told_reward, told_over, is_truncated, info = env.step("right")
        assert (told_reward, told_over, is_truncated) == (reward, is_over, False)
        assert info["observation_text"] == f"You are at {inner.place}."
    assert (info["is_success"], info["progress"], info["rewards"]["reward"]) == (True, 1.0, 1.0)


def test_a_picture_that_is_not_square_gets_black_margins():
    picture, _ = make(image_size=100).reset(seed=0)
    assert picture.shape == (100, 100, 3)
    assert not picture[:30].any()
    assert not picture[70:].any()
    assert (picture[30:70] == 255).mean() == pytest.approx(0.2)


def test_the_environments_own_limit_is_a_truncation_and_so_is_the_tasks():
    back_and_forth = ("right", "left") * 5
    seed = next(seed for seed in range(20) if walk(make(), "right", seed=seed)[-1][2] is False)
    turns = walk(make(), *back_and_forth[:7], seed=seed)
    assert [turn[2:4] for turn in turns] == [(False, False)] * 6 + [(False, True)]
    turns = walk(make(turns=3), *back_and_forth[:3], seed=seed)
    assert [turn[2:4] for turn in turns] == [(False, False)] * 2 + [(False, True)]


def test_numbers_of_actions_may_begin_anywhere():
    env, is_over = make(env_arguments={"first": 5}), False
    env.reset(seed=0)
    while not is_over:
        *_, is_over, _, info = env.step("right")
    assert info["is_success"]


@pytest.mark.parametrize(
    ("success", "to_the_left", "to_the_right"),
    [
        ("end", False, True),
        ("return", False, True),
        ("terminated", True, True),
        ("info:is_there", False, True),
        (lambda is_terminated, total, info: is_terminated and info["count"] == 0, True, False),
    ],
)
def test_success_is_a_rule(success, to_the_left, to_the_right):
    for action, wanted in (("left", to_the_left), ("right", to_the_right)):
        env = make(success=success)
        env.reset(seed=1)
        is_over = False
        while not is_over:
            *_, is_over, _, info = env.step(action)
        assert info["is_success"] is wanted


def test_a_key_that_info_never_has_is_told_at_the_end():
    with pytest.raises(ConfigError, match="success='info:won' needs that key in info at the end of an episode, where"):
        walk(make(success="info:won"), "left", "left", "left")


@pytest.mark.parametrize("success", [says_three, lambda *_: None, lambda *_: "yes", "info:count"])
def test_a_rule_that_returns_no_bool_is_refused(success):
    with pytest.raises(ConfigError, match=rf"{CORRIDOR}: the success rule .* must return a bool, got"):
        walk(make(success=success), "right")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"env": "Nowhere-v0"}, "env='Nowhere-v0' .* cannot be made"),
        ({"env": "no_such_module:Nowhere-v0"}, "cannot be made"),
        ({"env": ""}, "env must be a text"),
        ({"goal": " "}, "goal must be a text"),
        ({"env_arguments": {"colour": 1}}, "cannot be made: .*colour"),
        ({"env_arguments": [1]}, "env_arguments must map names to values"),
        ({"actions": ()}, "actions must be a list with a name for each action"),
        ({"actions": "ab"}, "actions must be a list"),
        ({"actions": ("left", "")}, "actions must be a list"),
        ({"actions": ("left",)}, "actions must name the 2 actions of env='corridor/Corridor-v0', got 1 names"),
        ({"actions": ("go", "Go")}, "read alike"),
        ({"success": "won"}, "success must be one of 'return', 'end', 'terminated', 'info:KEY' or 'module:function'"),
        ({"success": "no_such:rule"}, "success='no_such:rule' cannot be imported"),
        ({"success": "math:pi"}, "success='math:pi' must be a function"),
        ({"success": 3}, "success must be a function"),
        ({"text": "words"}, "text must be a function, or 'module:function'"),
        ({"oracle": 7}, "oracle must be a function"),
        ({"env": "Pendulum-v1"}, "env='Pendulum-v1' must have a Discrete action space, got Box"),
        ({"turns": 0}, "turns must be an int from 1"),
        *WRONG_AT_ONCE,
    ],
)
def test_what_cannot_be_adopted_is_refused_with_its_argument(changes, told):
    if changes.get("env") == "Pendulum-v1":
        pytest.importorskip("pygame", reason="gymnasium[classic-control] is not installed")
    with pytest.raises(ConfigError, match=told):
        make(**changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        *((changes, f"mine/Corridor-v0: {told}") for changes, told in WRONG_AT_ONCE),
        ({"summary": 3}, "mine/Corridor-v0: summary must be a text"),
        ({"random_success": "often"}, "mine/Corridor-v0: random_success must be a share from 0 to 1"),
        ({"best_success": 2}, "mine/Corridor-v0: best_success must be a share from 0 to 1"),
        ({"best_success": 0.2, "random_success": 0.3}, "mine/Corridor-v0: best_success=0.2 must not be below"),
    ],
)
def test_what_is_wrong_is_told_at_the_call_and_nothing_is_registered(changes, told):
    with pytest.raises(ConfigError, match=told):
        vlm_gym.adopt("mine/Corridor-v0", **{"env": CORRIDOR, "actions": NAMES, "goal": GOAL, **changes})
    assert "mine/Corridor-v0" not in gym.registry


@pytest.mark.parametrize(
    "task",
    [
        "Corridor-v0",
        "mine/Corridor",
        "vlm_gym/NumberLine-v0",
        "vlm_gym/Mine-v0",
        "vlm_gym/Mine",
        "vlm_gym/",
        "",
        3,
        None,
    ],
)
def test_an_id_that_cannot_be_had_is_told_at_the_call(task):
    with pytest.raises(ConfigError, match=r"a task's id must|cannot have this id"):
        vlm_gym.adopt(task, CORRIDOR, actions=NAMES, goal=GOAL)


class Box(Corridor):
    """Corridor with a continuous action."""

    def __init__(self, render_mode=None):
        super().__init__(render_mode)
        self.action_space = gym.spaces.Box(-1, 1, (1,))


class Blind(Corridor):
    """Corridor without a picture."""

    metadata = {"render_modes": ["ansi"]}  # noqa: RUF012


class Prose(Corridor):
    """Corridor whose picture is none."""

    def render(self):
        return "a corridor"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Box, "must have a Discrete action space, got Box"),
        (Blind, "draws no pictures: its render modes lack 'rgb_array'"),
    ],
)
def test_an_environment_without_pictures_or_named_actions_is_refused(kind, told):
    gym.register("corridor/Odd-v0", entry_point=kind)
    with pytest.raises(ConfigError, match=f"env='corridor/Odd-v0' {told}"):
        make(env="corridor/Odd-v0")


@pytest.mark.parametrize(
    "arguments", [{"shape": (20, 50)}, {"shape": (20, 50, 1)}, {"shape": (0, 50, 3)}, {"dtype": np.float32}]
)
def test_a_picture_of_another_form_is_refused(arguments):
    with pytest.raises(ConfigError, match=r"render\(\) must return a picture, \(height, width, 3\) uint8, got ndarray"):
        make(env_arguments=arguments).reset(seed=0)
    gym.register("corridor/Prose-v0", entry_point=Prose)
    with pytest.raises(ConfigError, match=r"render\(\) must return a picture, .* got str"):
        make(env="corridor/Prose-v0").reset(seed=0)


class Careless(Corridor):
    """Corridor that returns what it is told to."""

    at_reset, at_step = ({}, {}), ({}, 0.0, False, False, {})

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.at_reset

    def step(self, action):
        return self.at_step


@pytest.mark.parametrize(
    ("at_step", "told"),
    [
        (({}, 0.0, False, {}), r"step\(\) must return \(observation, .*, got 4 values"),  # the old gym
        (({}, 0.0, False, False, None), r"step\(\) must return .*NoneType"),
        (None, r"step\(\) must return .*None"),
        *(
            (({}, reward, False, False, {}), r"reward of step\(\) must be a finite number")
            for reward in (None, "much", [1.0], np.array([1.0, 2.0]), float("nan"), float("-inf"))
        ),
    ],
    ids=str,
)
def test_a_step_of_another_form_is_refused(at_step, told, monkeypatch):
    monkeypatch.setattr(Careless, "at_step", at_step)
    gym.register("corridor/Careless-v0", entry_point=Careless)
    with pytest.raises(ConfigError, match=f"corridor/Careless-v0: .*{told}"):
        walk(make(env="corridor/Careless-v0", goal="Walk."), "left")


@pytest.mark.parametrize("at_reset", [{"place": 1}, ({}, None), ({}, {}, {}), None], ids=str)
def test_a_reset_of_another_form_is_refused(at_reset, monkeypatch):
    monkeypatch.setattr(Careless, "at_reset", at_reset)
    gym.register("corridor/Careless-v0", entry_point=Careless)
    with pytest.raises(ConfigError, match=r"corridor/Careless-v0: reset\(\) must return \(observation, info\), got"):
        make(env="corridor/Careless-v0", goal="Walk.").reset(seed=0)


@pytest.mark.parametrize(
    "advice", ["right", None, ("right",), ("rigth", 1.0), (1, 1.0), ("right", 2), ("right", float("nan")), (None, None)]
)
def test_an_oracle_that_says_what_cannot_be_is_refused(advice):
    env = make(oracle=lambda env: advice)
    env.reset(seed=0)
    with pytest.raises(ConfigError, match=f"{CORRIDOR}: the oracle"):
        env.unwrapped.oracle_action()


@pytest.mark.parametrize("goal", ["Go to {nowhere}.", "{0}", "{place.x}"])
def test_a_goal_that_names_what_is_not_there_is_refused(goal):
    with pytest.raises(
        ConfigError, match=r"names what neither info nor the observation holds .*is_there, length, place"
    ):
        make(goal=goal).reset(seed=0)


def test_runs_of_it_are_scored_with_and_without_an_oracle(tmp_path):
    adopt(random_success=0.5)
    episodes = [EpisodeSpec("mine/Corridor-v0", seed) for seed in range(6)]
    scores = summarise(play(tmp_path / "random", RandomAgent(), episodes)).overall
    assert (scores.floor, scores.is_floor_exact, scores.ceiling, scores.regret) == (0.5, False, None, None)
    run = play(tmp_path / "script", ScriptedAgent(['{"action": "right"}']), episodes)
    assert summarise(run).overall.success.value == 1.0
    assert {turn.value_before for turn in read_turns(run)} == {None}


def test_an_oracle_gives_ceiling_and_regret(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "corridor_oracle.py").write_text(
        "def advise(env):\n    place = env.unwrapped.place\n"
        "    return (None, float(place == 4)) if place in (0, 4) else ('right', 1.0)\n"
    )
    adopt(oracle="corridor_oracle:advise")
    episodes = [EpisodeSpec("mine/Corridor-v0", seed) for seed in range(4)]
    best = summarise(play(tmp_path / "best", OracleAgent(), episodes)).overall
    assert (best.success.value, best.ceiling, best.regret) == (1.0, 1.0, 0.0)
    worst = summarise(play(tmp_path / "worst", ScriptedAgent(['{"action": "left"}']), episodes)).overall
    assert (worst.success.value, worst.ceiling, worst.regret) == (0.0, 1.0, 1.0)


def test_a_floor_is_measured_on_the_command_line(capsys):
    adopt()
    assert main(["floor", "mine/Corridor-v0", "--episodes", "200"]) == 0
    told = capsys.readouterr().out
    assert "of 200 episodes: " in told
    share = float(told.partition("random_success=")[2])
    assert 0.3 < share < 0.7
    assert main(["floor", "NumberLine-v0", "--episodes", "200", "--options", '{"position": 0, "target": 1}']) == 0
    assert float(capsys.readouterr().out.partition("random_success=")[2]) > 0.9
    assert main(["floor", "NumberLine-v0", "--episodes", "300", "--seed", "7"]) == 0
    assert abs(float(capsys.readouterr().out.partition("random_success=")[2]) - 0.598) < 0.1


def test_the_frame_is_found_but_is_in_no_list(capsys):
    assert vlm_gym.find_task("Gym-v0").is_frame
    assert "vlm_gym/Gym-v0" not in vlm_gym.TASKS
    spec = EpisodeSpec("vlm_gym/Gym-v0", 0, {"env": CORRIDOR, "actions": list(NAMES), "goal": "Walk.", "turns": 4})
    rebuilt = gym.make(gym.envs.registration.EnvSpec.from_json(spec.make().spec.to_json()))
    assert rebuilt.spec.max_episode_steps == 4
    assert isinstance(
        gym.make("vlm_gym/Gym-v0", env=CORRIDOR, actions=NAMES, goal="Walk.").action_space, gym.spaces.Discrete
    )
    arguments = [f"env={CORRIDOR}", 'actions=["left", "right"]', "goal=Walk."]
    assert main(["floor", "Gym-v0", "--episodes", "5", *(word for each in arguments for word in ("--arg", each))]) == 0
