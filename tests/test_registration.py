"""Tasks, parsers and agents of others: found by name, everywhere, and refused with the package's name."""

import subprocess
import sys
import warnings
from dataclasses import fields, replace

import gymnasium as gym
import pytest
from plugins import LAMPS, install

from vlm_gym import TASKS, ConfigError, DeprecatedTask, Task, find_task, register_task, registration
from vlm_gym.evaluation.models.agent_names import make_agent
from vlm_gym.evaluation.models.agents import RandomAgent
from vlm_gym.parsers import find_parser
from vlm_gym.registration import installed_tasks
from vlm_gym.task import TurnLimit
from vlm_gym.task_table import OWN_TASKS

LINE = "vlm_gym.envs.number_line:NumberLineEnv"


def test_a_registered_task_is_played_by_its_id():
    register_task(Task("mine/Line-v0", LINE, "a line", 3, 2, arguments={"max_position": 2}))
    env = gym.make("mine/Line-v0", parser="json")
    assert env.spec.max_episode_steps == 3
    assert "from 0 to 2" in env.reset(seed=0)[1]["prompt"]
    assert find_task("mine/Line-v0") is TASKS["mine/Line-v0"]
    assert TASKS["mine/Line-v0"].random_success is TASKS["mine/Line-v0"].best_success is None


def test_a_task_can_be_registered_twice_but_an_id_has_one_task():
    task = Task("mine/Line-v0", LINE, "a line", 3, 2)
    register_task(task)
    register_task(Task("mine/Line-v0", LINE, "a line", 3, 2))
    with pytest.raises(ConfigError, match=f"mine/Line-v0: other:Env cannot have this id, which {LINE} has already"):
        register_task(Task("mine/Line-v0", "other:Env", "another", 3, 2))
    with pytest.raises(ConfigError, match="cannot have this id"):
        register_task(Task("vlm_gym/NumberLine-v0", "other:Env", "another", 3, 2))


def test_the_namespace_of_this_package_is_its_own(tmp_path, monkeypatch):
    own = LAMPS.replace("lamps/Lamps", "vlm_gym/Lamps")
    install(tmp_path, monkeypatch, "lamps", {"tasks": ["vlm_gym/Lamps-v0 = lamps_tasks:LAMPS"]}, lamps_tasks=own)
    told = "a task's id must have a namespace of your own, got 'vlm_gym/"
    for register in (find_task, lambda name: register_task(Task(name, LINE, "a line", 3, 2))):
        with pytest.raises(ConfigError, match=told):
            register("vlm_gym/Lamps-v0")
    assert "vlm_gym/Lamps-v0" not in gym.registry


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"id": "Line-v0"}, "'namespace/Name-v0'"),
        ({"id": "mine/Line"}, "'namespace/Name-v0'"),
        ({"id": None}, "'namespace/Name-v0'"),
        ({"entry": "mine.env"}, "'package.module:Class'"),
        ({"entry": None}, "'package.module:Class'"),
        ({"turn_limit": 0}, "turn_limit must be an int from 1"),
        ({"turn_limit": "9"}, "turn_limit must be"),
        ({"num_actions": 0}, "num_actions must be an int from 1"),
        ({"random_success": 1.5}, "random_success must be a share from 0 to 1, or None"),
        ({"best_success": "1"}, "best_success must be a share"),
        ({"best_success": 0.1, "random_success": 0.2}, "best_success=0.1 must not be below random_success=0.2"),
        ({"turn_limit": TurnLimit(2, "width")}, "turn_limit counts the argument 'width', which arguments must hold"),
        ({"arguments": {1: 2}}, "arguments must be a mapping of names"),
        ({"random_by_type": {"put": 2}}, "random_by_type must be a mapping to shares from 0 to 1"),
        ({"harmless": "theme"}, "harmless must be a tuple of names"),
        ({"setup": "mine"}, "setup must be 'package.module:function' or ''"),
        ({"summary": "a\nb"}, "summary must be a text of one line"),
    ],
)
def test_what_is_no_task_is_refused_with_its_argument(wrong, told):
    right = {"id": "mine/Line-v0", "entry": LINE, "summary": "a line", "turn_limit": 3, "num_actions": 2}
    with pytest.raises(ConfigError, match=told):
        register_task(Task(**{**right, **wrong}))
    with pytest.raises(ConfigError, match=r"takes a vlm_gym\.Task"):
        register_task("mine/Line-v0")


@pytest.mark.parametrize("name", [each.name for each in fields(Task)])
@pytest.mark.parametrize("value", [object(), 1.5, [1]], ids=["object", "number", "list"])
def test_a_field_of_another_type_is_refused_so_that_it_breaks_no_list_of_tasks(name, value):
    right = {"id": "mine/Line-v0", "entry": LINE, "summary": "a line", "turn_limit": 3, "num_actions": 2}
    with pytest.raises(ConfigError, match=name if name != "id" else "a task's id"):
        register_task(Task(**{**right, name: value}))
    assert "mine/Line-v0" not in TASKS


def test_a_package_brings_a_task_that_is_found_by_its_id_alone(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "lamps", {"tasks": ["lamps/Lamps-v0 = lamps_tasks:LAMPS"]}, lamps_tasks=LAMPS)
    assert "lamps_tasks" not in sys.modules
    assert find_task("lamps/Lamps-v0").turns() == 9
    assert gym.make("lamps/Lamps-v0").spec.max_episode_steps == 9
    assert "lamps/Lamps-v0" in [task.id for task in installed_tasks()[0]]


def test_no_entry_point_is_read_at_import(tmp_path, monkeypatch):
    """Nor is a module that fails one's own commands' fault."""
    install(tmp_path, monkeypatch, "bad", {"tasks": ["bad/Bad-v0 = bad_tasks:BAD"]}, bad_tasks="raise SystemExit(3)")
    site = str(tmp_path / "site-bad")
    code = (
        f"import sys; sys.path.insert(0, {site!r}); import vlm_gym, gymnasium; gymnasium.make('vlm_gym/NumberLine-v0')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nowhere", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("OTHER = 1", "cannot be imported: AttributeError"),
        ("LAMPS = 3", "must be a vlm_gym.Task with the id 'lamps/Lamps-v0', got 3"),
        (LAMPS.replace("Lamps-v0", "Lights-v0"), "got one with the id 'lamps/Lights-v0'"),
        (LAMPS.replace("9, 2", "0, 2"), "turn_limit"),
    ],
)
def test_what_is_wrong_with_a_package_is_said_with_its_name(tmp_path, monkeypatch, source, told):
    install(tmp_path, monkeypatch, "lamps", {"tasks": ["lamps/Lamps-v0 = lamps_tasks:LAMPS"]}, lamps_tasks=source)
    with pytest.raises(ConfigError, match=r"lamps") as caught:
        find_task("lamps/Lamps-v0")
    assert told in str(caught.value)
    assert "of the package lamps 1.0" in str(caught.value)
    assert len(installed_tasks()[1]) == 1


def test_two_packages_with_one_id_are_both_named(tmp_path, monkeypatch):
    for package in ("lamps", "lights"):
        points = {"tasks": [f"lamps/Lamps-v0 = {package}_tasks:LAMPS"]}
        install(tmp_path, monkeypatch, package, points, **{f"{package}_tasks": LAMPS})
    with pytest.raises(ConfigError, match=r"lamps 1\.0 and lights 1\.0 both bring 'lamps/Lamps-v0'"):
        find_task("lamps/Lamps-v0")


@pytest.mark.parametrize("name", ["lamps/Lamps-v1", "Lamps-v0", "", "x" * 5000, "a\nb", None, 3])
def test_an_unknown_id_is_an_error_with_the_closest_one(tmp_path, monkeypatch, name):
    install(tmp_path, monkeypatch, "lamps", {"tasks": ["lamps/Lamps-v0 = lamps_tasks:LAMPS"]}, lamps_tasks=LAMPS)
    with pytest.raises(ConfigError, match="there is no task") as caught:
        find_task(name)
    assert len(str(caught.value)) < 400
    assert name != "lamps/Lamps-v1" or "Did you mean 'lamps/Lamps-v0'?" in str(caught.value)


def test_a_package_brings_a_parser_and_an_agent(tmp_path, monkeypatch):
    source = """
        from vlm_gym.evaluation.models.agents import ConstantAgent
        from vlm_gym.parsers.tagged import TaggedParser

        class Brackets(TaggedParser):
            pass

        def make(text):
            return ConstantAgent(text or "nothing")

        def fail(text):
            return None
    """
    points = {
        "parsers": ["brackets = plug:Brackets"],
        "agents": ["echo = plug:make", "no = plug:fail", "x = plug:Brackets.closers"],
    }
    install(tmp_path, monkeypatch, "plug", points, plug=source)
    assert gym.make("vlm_gym/NumberLine-v0", parser="brackets").get_wrapper_attr("parser") is find_parser("brackets")
    assert make_agent("echo:hello").describe()["name"] == "constant:hello"
    with pytest.raises(ConfigError, match=r"'no' .* of the package plug 1\.0 must return a .*Agent, got None"):
        make_agent("no")
    with pytest.raises(ConfigError, match=r"'x' .* of the package plug 1\.0 must be a function"):
        make_agent("x")
    with pytest.raises(ConfigError, match=r"Did you mean 'brackets'\?"):
        find_parser("bracket")
    with pytest.raises(ConfigError, match=r"Did you mean 'echo'\?"):
        make_agent("ecko:1")


def test_an_agent_is_taken_as_it_is():
    agent = RandomAgent()
    assert make_agent(agent) is agent


def test_a_package_that_brings_no_parser_is_named(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "plug2", {"parsers": ["half = plug2:half"]}, plug2="half = 3")
    with pytest.raises(ConfigError, match=r"entry point 'half' .* of the package plug2 1\.0 must be .* lacks describe"):
        find_parser("half")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("nowhere.at_all:Env", "cannot be imported: ModuleNotFoundError"),
        ("vlm_gym.envs.number_line:NoEnv", "cannot be imported: AttributeError"),
        ("math:pi", "must be a vlm_gym.envs.base.TaskEnv, got 3.14"),
        ("gymnasium:Env", "must be a vlm_gym.envs.base.TaskEnv, got <class"),
    ],
)
def test_an_entry_that_is_no_task_is_told_with_its_id(entry, told):
    register_task(Task("mine/Line-v0", entry, "a line", 3, 2))
    with pytest.raises(ConfigError, match=f"mine/Line-v0: entry='{entry}' {told}"):
        gym.make("mine/Line-v0")


def test_an_adopted_id_comes_from_a_package_too(tmp_path, monkeypatch):
    source = """
        import vlm_gym

        LAKE = vlm_gym.adopt("ice/Lake-v0", "FrozenLake-v1", actions=("a", "b", "c", "d"), goal="Cross.")
        OTHER = vlm_gym.adopt("ice/Other-v0", "FrozenLake-v1", actions=("a", "b", "c", "d"), goal="Cross it.")
    """
    points = {"tasks": ["ice/Lake-v0 = ice_tasks:LAKE", "ice/Other-v0 = ice_tasks:OTHER"]}
    install(tmp_path, monkeypatch, "ice", points, ice_tasks=source)
    assert find_task("ice/Lake-v0").num_actions == 4
    assert find_task("ice/Other-v0").summary == "Cross it."


def test_a_deprecated_id_warns_and_names_what_replaces_it(monkeypatch):
    old = replace(TASKS["vlm_gym/Blackjack-v0"], id="old/Blackjack-v0", replaced_by="old/Blackjack-v1")
    monkeypatch.setitem(registration._tasks, old.id, old)
    registration._register(old)
    try:
        with pytest.warns(DeprecatedTask, match="old/Blackjack-v0 is deprecated: use old/Blackjack-v1"):
            gym.make(old.id, disable_env_checker=True).close()
    finally:
        del gym.registry[old.id]


@pytest.mark.parametrize("task", [task for task in OWN_TASKS if not task.needs_data], ids=lambda task: task.id)
def test_only_a_row_that_says_so_is_deprecated(task):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gym.make(task.id, disable_env_checker=True).close()
    assert bool(task.replaced_by) == any(issubclass(each.category, DeprecatedTask) for each in caught)
    assert not task.replaced_by or task.replaced_by in TASKS


@pytest.mark.parametrize("wrong", ["old/Blackjack-v0", "Blackjack", 1])
def test_what_replaces_a_task_is_another_id(wrong):
    old = replace(TASKS["vlm_gym/Blackjack-v0"], id="old/Blackjack-v0", replaced_by=wrong)
    with pytest.raises(ConfigError, match="replaced_by must be"):
        register_task(old)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("'FrozenLake-v1', actions='abcd', goal='Cross.'", "ice/Lake-v0: actions must be a list"),
        ("'FrozenLake-v1', actions=('a', 'b'), goal='Cross.', success=3", "ice/Lake-v0: success must be a function"),
    ],
)
def test_a_package_that_adopts_wrongly_is_named_with_the_argument(tmp_path, monkeypatch, arguments, told):
    source = f"import vlm_gym\nLAKE = vlm_gym.adopt('ice/Lake-v0', {arguments})\n"
    install(tmp_path, monkeypatch, "ice", {"tasks": ["ice/Lake-v0 = ice_tasks:LAKE"]}, ice_tasks=source)
    with pytest.raises(ConfigError, match=rf"of the package ice 1\.0 cannot be imported: ConfigError: {told}"):
        find_task("ice/Lake-v0")
