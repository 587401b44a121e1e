"""`vlm-gym doctor`: what is missing for each task, agent and extra, and the command that mends it."""

import json
import re
from importlib import metadata

import pytest
from home_games import write_split
from thor_games import write_traj_data

from vlm_gym import doctor
from vlm_gym.cli import main
from vlm_gym.games.household.splits import SPLITS, VERSION_FOLDER
from vlm_gym.installation import install_hint
from vlm_gym.registration import NAMESPACE, TASKS

ONE_EACH = {"put": 1, "look": 1}


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch, tmp_path):
    """A machine without games, display or Unity's player."""
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("VLM_GYM_THOR_BUILD", str(tmp_path / "player"))
    monkeypatch.setenv("DISPLAY", ":63999")


def found(capsys, *names):
    status = main(["doctor", "--json", *names])
    return status, {(finding["kind"], finding["name"]): finding for finding in json.loads(capsys.readouterr().out)}


def test_every_task_and_agent_is_looked_at(capsys):
    status, findings = found(capsys)
    assert status == 0
    assert {name for kind, name in findings if kind == "task"} >= {name.removeprefix(NAMESPACE) for name in TASKS}
    assert {name for kind, name in findings if kind == "agent"} >= {"random", "oracle", "openai", "anthropic", "hf"}
    assert findings["package", "vlm-gym"]["problems"] == []


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_ready_exactly_if_nothing_is_missing(name, capsys):
    status, findings = found(capsys, name)
    (finding,) = findings.values()
    needs = TASKS[name].needs_data or bool(TASKS[name].setup)
    assert (status, bool(finding["problems"])) == (int(needs), needs)
    assert all(
        "vlm-gym download" in remedy or "pip install" in remedy or "Xvfb" in remedy for _, remedy in finding["problems"]
    )


def test_what_becomes_a_task_by_its_arguments_is_known_too(capsys):
    for name in ("Gym-v0", "vlm_gym/Gym-v0"):
        status, findings = found(capsys, name)
        assert (status, list(findings)) == (0, [("task", "Gym-v0")])


def test_all_that_ai2thor_lacks_is_told_at_once(capsys, tmp_path):
    status, findings = found(capsys, "ALFWorldThor-ValidSeen-v0")
    problems = dict(findings["task", "ALFWorldThor-ValidSeen-v0"]["problems"])
    assert status == 1
    assert "vlm-gym download alfworld" in problems["games"]
    assert "vlm-gym download thor --build" in problems["Unity's player"]
    assert "Xvfb :99" in problems["display"]
    assert "traj_data.json" not in problems  # without games there is nothing to be said of them


def test_games_without_traj_data_are_told(capsys, tmp_path, monkeypatch):
    names = write_split(tmp_path, "valid_seen", ONE_EACH)
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))

    def problems():
        return dict(found(capsys, "ALFWorldThor-ValidSeen-v0")[1]["task", "ALFWorldThor-ValidSeen-v0"]["problems"])

    write_traj_data(tmp_path / VERSION_FOLDER, f"valid_seen/{names[0]}")
    assert "games" not in problems()
    assert "`vlm-gym download thor` gets them" in problems()["traj_data.json"]
    write_traj_data(tmp_path / VERSION_FOLDER, f"valid_seen/{names[1]}")
    assert "traj_data.json" not in problems()


def test_games_that_are_here_are_ready(capsys, tmp_path, monkeypatch):
    for split in SPLITS[:3]:
        write_split(tmp_path, split, ONE_EACH)
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    ids = [name for name, task in TASKS.items() if task.needs_data and not task.setup]
    assert ids
    status, findings = found(capsys, *ids)
    assert status == 0
    assert all(finding["problems"] == [] for finding in findings.values())


@pytest.mark.parametrize(("agent", "extra"), [("openai:gpt", "eval"), ("hf", "train"), ("random", "")])
def test_an_agent_without_its_extra_says_how_to_install_it(agent, extra, capsys, monkeypatch):
    ours = {"vlm-gym"}

    def version(package):
        if package not in ours:
            raise metadata.PackageNotFoundError(package)
        return "0"

    monkeypatch.setattr(doctor, "version", version)
    status, findings = found(capsys, agent)
    (finding,) = findings.values()
    assert status == (1 if extra else 0)
    assert all(remedy == install_hint(extra) for _, remedy in finding["problems"])
    assert bool(finding["problems"]) is bool(extra)


def test_another_version_than_needed_is_told(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda package: "0.0.1" if package == "numpy" else "1.26.5")
    status, findings = found(capsys)
    problems = dict(findings["package", "vlm-gym"]["problems"])
    assert status == 1
    assert any(re.fullmatch(r"numpy 0\.0\.1, needs .*>=1\.26.*", what) for what in problems)
    assert install_hint() in problems.values()


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        (">=1.0,<2", ("1.0", "1", "1.9.9", "1.2.3rc1", "1.0.0+cpu"), ("0.9", "2", "2.0.1", "10.0")),
        ("==2.1.0", ("2.1.0", "2.1"), ("2.1.1", "2")),
        ("~=5.23.1", ("5.23.1", "5.23.9"), ("5.24", "5.23.0", "6")),
        ("!=3,>2", ("2.1", "4"), ("2", "3.0")),
        ("", ("0", "99"), ()),
    ],
)
def test_versions_are_compared_as_numbers(bounds, inside, outside):
    assert all(doctor._allows(bounds, version) for version in inside)
    assert not any(doctor._allows(bounds, version) for version in outside)


def test_what_is_printed_names_all_and_groups_what_is_alike(capsys):
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("This package:\n  ready    vlm-gym: ")
    assert all(len(line) <= 120 or " " not in line.strip() for line in printed.splitlines())
    words = printed.replace(",", " ").split()
    assert all(words.count(name.removeprefix(NAMESPACE)) >= 1 for name in TASKS)


def test_packages_of_one_remedy_stand_together_and_the_command_in_one_piece(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_version_of", lambda package: None)
    assert main(["doctor", "train"]) == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if install_hint("train") in line] == [install_hint("train")]
    assert "no torch, no transformers" in " ".join(lines)


def test_an_unknown_name_is_a_mistake(capsys):
    assert main(["doctor", "NumberLin-v0"]) == 2
    assert "Did you mean 'NumberLine-v0'?" in capsys.readouterr().err


def test_the_help_tells_the_exit_status(capsys):
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "exit status: 0 if all that was named is ready" in told
    assert "1 if something is missing" in told


def test_a_broken_package_is_told(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "plugin_names", lambda group: ("mine",))
    monkeypatch.setattr(doctor, "load_plugin", lambda group, name: _fail())
    status, findings = found(capsys, "mine")
    assert status == 1
    assert findings["agent", "mine"]["problems"] == [["entry point", "it cannot be imported"]]


def _fail():
    from vlm_gym.errors import ConfigError

    raise ConfigError("it cannot be imported")
