"""Configurations: the same from a file, a command line and a run's folder; mistakes are told with a suggestion."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Literal, get_args, get_origin

import pytest

from baselines.config import CONFIGS, _leaves, build, describe, read_config, section, setting, write_config
from baselines.settings import ChatConfig, TrainConfig
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import NOT_ARGUMENTS
from vlm_gym.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    """A section."""

    lr: float = setting(0.5, "the learning rate")
    kind: Literal["big", "small"] = setting("big", "what kind")
    names: tuple[str, ...] = setting(("a",), "some names")


@dataclass(frozen=True)
class Outer:
    """A configuration."""

    folder: str = setting("out", "where")
    steps: int = setting(3, "how many")
    is_fast: bool = setting(False, "whether")
    limit: float | None = setting(None, "how far")
    note: str | None = setting(None, "what one thinks")
    words: dict[str, object] = setting({}, "anything")
    inner: Inner = section(Inner)


@pytest.fixture
def read(tmp_path):
    file = tmp_path / "some.yaml"
    file.write_text("steps: 4\ninner: {lr: 1e-4}\n")
    return lambda *arguments: read_config(Outer, ["--config", str(file), *arguments], usage="", default="")


def test_a_file_and_the_command_line_set_the_same_fields(read):
    assert read() == Outer(steps=4, inner=Inner(lr=1e-4))
    assert read("--steps", "5", "--inner.lr=2e-3", "--is-fast", "true").inner.lr == 2e-3
    assert read("--inner.names", "[b, c]").inner.names == ("b", "c")
    assert read("--inner.names", "b").inner.names == ("b",)  # one text is a list of one
    assert read("--words", "{size: 84}", "--words.theme", "night").words == {"size": 84, "theme": "night"}
    assert read("--limit", "2").limit == 2.0
    assert read("--limit", "null").limit is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--step", "3"], "there is no setting 'step'; there are folder, .* Did you mean 'steps'"),
        (["--lr", "3"], "there is no setting 'lr'; .* Did you mean 'inner.lr'"),
        (["--iner.lr", "3"], "there is no setting 'iner'; .* Did you mean 'inner'"),
        (["--confg", "tiny"], "there is no setting 'confg'; .* Did you mean 'config'"),
        (["--inner.lrr", "3"], "there is no setting 'inner.lrr'; there are inner.lr, .* Did you mean 'inner.lr'"),
        (["--steps", "many"], "steps must be an int, got 'many'"),
        (["--steps", "true"], "steps must be an int, got True"),
        (["--steps", "[1"], "--steps must be written as in YAML"),
        (["--is-fast", "3"], "is_fast must be true or false, got 3"),
        (["--inner.lr", "fast"], "inner.lr must be a number, got 'fast'"),
        (["--inner.kind", "bog"], "inner.kind must be one of 'big', 'small'; got 'bog'. Did you mean 'big'"),
        (["--inner.names", "3"], "inner.names must be a list, got 3"),
        (["--inner", "3"], "inner is a section: expected a mapping, got 3"),
        (["--steps.more", "3"], "'steps' is a value, no section"),
        (["--words", "3"], "words must be a mapping, got 3"),
        (["--inner.kind", "[big]"], r"inner.kind must be one of 'big', 'small'; got \['big'\]"),
        (["steps"], "expected --section.field VALUE, got 'steps'"),
        (["--steps"], "--steps needs a value"),
    ],
)
def test_a_mistake_on_the_command_line_is_told(read, arguments, message):
    with pytest.raises(ConfigError, match=message):
        read(*arguments)


@pytest.mark.parametrize("text", ["0017", "2024_01", "on", "1e3", "{goal} Answer: in JSON.", "it's"])
def test_a_text_on_the_command_line_is_taken_as_it_is(read, text):
    config = read("--folder", text, f"--note={text}")
    assert config.folder == config.note == text


def test_a_text_that_may_be_none_is_none_where_yaml_says_so(read):
    assert read("--note", "null").note is None
    assert read("--folder", "null").folder == "null"


def test_a_configuration_is_found_by_its_name_and_a_wrong_name_gets_a_suggestion():
    config = read_config(TrainConfig, ["--config", "tiny-numberline"], usage="", default="")
    assert config == read_config(TrainConfig, [], usage="", default="tiny-numberline")
    with pytest.raises(ConfigError, match="Did you mean 'tiny-numberline'"):
        read_config(TrainConfig, ["--config", "tiny-numbersline"], usage="", default="")


def test_a_text_in_a_file_must_be_one(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("folder: []")
    with pytest.raises(ConfigError, match="folder must be a text, got "):
        read_config(Outer, ["--config", str(file)], usage="", default="")


@pytest.mark.parametrize("text", ["steps: [", "- steps", "", "\xff"])
def test_a_file_that_is_no_configuration_is_told(tmp_path, text):
    file = tmp_path / "bad.yaml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"bad.yaml (cannot be read as YAML|must hold a mapping)"):
        read_config(Outer, ["--config", str(file)], usage="", default="")


def test_a_runs_folder_holds_its_configuration_wherever_it_was_moved(tmp_path):
    (tmp_path / "config.yaml").write_text("steps: 7\nfolder: elsewhere\n")
    for place in (tmp_path, tmp_path / "ppo" / "step-000003"):
        with pytest.raises(ConfigError, match="no setting 'resume'"):  # Outer has none; TrainConfig has
            read_config(Outer, ["--resume", str(place)], usage="", default="")
    (tmp_path / "config.yaml").write_text("seed: 7\nfolder: elsewhere\n")
    config = read_config(TrainConfig, ["--resume", str(tmp_path / "ppo" / "step-000003")], usage="", default="")
    assert (config.seed, config.folder) == (7, str(tmp_path))
    with pytest.raises(ConfigError, match="--resume needs the folder of a run"):
        read_config(TrainConfig, ["--resume", str(tmp_path.parent)], usage="", default="")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: tiny", r"base in \S+own.yaml, unless it is a file, must be one of 'base/modern'.* Did you mean"),
        ("ppo: {lr: 0.1, lr: 0.2}", r"own.yaml cannot be read as YAML: 'lr' is there twice"),
        ("ppo: {updates: many}", r"own.yaml: ppo.updates must be an int, got 'many'"),
    ],
)
def test_a_mistake_in_a_file_names_it(tmp_path, text, message):
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_config(TrainConfig, ["--config", str(tmp_path / "own.yaml"), "--seed", "1"], usage="", default="")
    with pytest.raises(ConfigError, match="--config: there is no file"):
        read_config(TrainConfig, ["--config", str(tmp_path / "other.yaml")], usage="", default="")


def test_what_is_written_is_read_back():
    config = Outer(limit=1e-9, words={"theme": {"table": "white"}}, inner=Inner(names=("x", "y")))
    import yaml

    assert build(Outer, yaml.safe_load(write_config(config))) == config


def test_help_names_every_setting_with_default_and_meaning(capsys):
    with pytest.raises(SystemExit) as exit_:
        read_config(TrainConfig, ["--help"], usage="python -m baselines.ppo", default="tiny-numberline")
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("python -m baselines.ppo")
    assert shown == f"python -m baselines.ppo\n\n{describe(TrainConfig, 'tiny-numberline')}\n"
    for line in (
        "--ppo.clip ",
        "the paper's lambda (0.5)",
        "--model.name ",
        "(linear; or cosine, constant)",
        "tiny-numberline, which is read without --config",
        "passes over the turns of an update (2)",
    ):
        assert line in shown
    assert all(path.stem in shown for path in CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--task.id NumberLin-v0", "task.id: there is no task .* Did you mean 'NumberLine-v0'"),
        ("--task.num_envs 0", "task.num_envs must be an int from 1"),
        ("--ppo.gamma 1.5", "ppo.gamma must be from 0 to 1, got 1.5"),
        ("--sampling.temperature 0", "sampling.temperature must be above 0, got 0.0"),
        ("--ppo.lr -1", "ppo.lr must be 0 or above, got -1.0"),
        ("--ppo.lr nan", "ppo.lr must be 0 or above, got nan"),
        ("--ppo.clip 0", "ppo.clip must be above 0, got 0.0"),
        ("--sft.lr inf", "sft.lr must be 0 or above, got inf"),
        ("--model.quantization 4bit", "sft.rank is 0: set it above 0 or to null"),
        ("--wandb --ppo.lr 1", "--wandb needs a value, such as --wandb true; got '--ppo.lr'"),
        ("--threads 0", "threads must be an int from 1"),
        ("--model.adapter somewhere", "model.adapter is a start of its own: set sft.steps to 0"),
        ("--seed -1", "seed must be an int from 0"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        read_config(TrainConfig, arguments.split(), usage="", default="tiny-numberline")


TEXTS = [
    name
    for name, _, kind in _leaves(TrainConfig)
    if kind is str or (str in get_args(kind) and get_origin(kind) is not Mapping)
]


@pytest.mark.parametrize("name", [*TEXTS, "config"])
@pytest.mark.parametrize("value", ["", " "])
def test_a_text_says_something(name, value):
    """A shell writes an empty one for a variable that is not set."""
    read = partial(read_config, TrainConfig, [f"--{name}={value}"], usage="", default="tiny-numberline")
    if name == "chat.system":  # some templates put in one of their own where there is none
        assert read().chat.system == value
        return
    with pytest.raises(ConfigError, match=f"{name} must not be empty, got "):
        read()


@pytest.mark.parametrize("name", NOT_ARGUMENTS)
def test_what_the_trainer_chooses_is_no_argument_of_the_task(name):
    arguments = ["--task.arguments", f"{{{name}: human}}"]
    with pytest.raises(ConfigError, match=f"task.arguments must be .*; {name} is chosen by the trainer, got 'human'"):
        read_config(TrainConfig, arguments, usage="", default="tiny-numberline")


def test_arguments_have_names():
    with pytest.raises(ConfigError, match="arguments must be those of the task, by their names, got 1 among them"):
        read_config(TrainConfig, ["--task.arguments", "{1: 2}"], usage="", default="tiny-numberline")


def test_the_trainer_can_be_told_what_the_evaluator_can():
    """But for asking again: what is not played has no reward."""
    ours = {entry.name: entry.default for entry in fields(ChatConfig)}
    theirs = {entry.name: entry.default for entry in fields(ChatSettings)}
    assert ours == {name: value for name, value in theirs.items() if name != "max_reasks"}


@pytest.mark.parametrize(("said", "history"), [("all", "all"), ("3", 3), ("0", 0)])
def test_a_history_is_a_number_or_all(said, history):
    assert (
        read_config(TrainConfig, ["--chat.history", said], usage="", default="tiny-numberline").chat.history == history
    )


@pytest.mark.parametrize(("arguments", "message"), [
    ("--chat.history every", "chat.history must be an int, got 'every'; it may also be all"),
    ("--chat.history -1", "chat.history, if not 'all', must be an int from 0"),
    ("--chat.show pictures", "chat.show must be one of 'picture', 'text', 'both'; got 'pictures'"),
    ("--chat.max_reasks 2", "there is no setting 'chat.max_reasks'"),
    ("--task.prompt Play.", "there is no setting 'task.prompt' any more: it is chat.question now, which `vlm-gym eval"),
])  # fmt: skip
def test_a_wrong_telling_is_told(arguments, message):
    with pytest.raises(ConfigError) as caught:
        read_config(TrainConfig, arguments.split(), usage="", default="tiny-numberline")
    assert message in str(caught.value)


def test_the_settings_of_an_earlier_run_are_read_where_they_say_nothing_that_is_gone(tmp_path):
    (tmp_path / "old.yaml").write_text("task: {id: NumberLine-v0, prompt: null}\n")
    assert build(TrainConfig, {"task": {"prompt": None}}) == build(TrainConfig, {})
    config = read_config(TrainConfig, ["--config", str(tmp_path / "old.yaml")], usage="", default="tiny-numberline")
    assert config.task.id == "NumberLine-v0"
