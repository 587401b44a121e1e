"""The command line, as a person uses it."""

import io
import json
import re
import subprocess
import sys

import gymnasium as gym
import pytest
from command_lines import commands
from PIL import Image

from vlm_gym.cli import main, make_parser
from vlm_gym.ladders import ladders
from vlm_gym.registration import TASKS
from vlm_gym.terminal import inline, picture_protocol


def run(*arguments, stdin=""):
    return subprocess.run(
        [sys.executable, "-m", "vlm_gym", *arguments], input=stdin, capture_output=True, text=True, check=False
    )


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def test_list_names_every_id_with_its_scores(capsys):
    assert main(["list", "--levels"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:5] == ["id", "actions", "turns", "random", "best"]
    for task in TASKS:
        assert any(line.startswith(f"{task} ") for line in lines)
    points24 = next(line for line in lines if line.startswith("vlm_gym/Points24-v0 "))
    assert "Discrete(17)" in points24
    assert next(line for line in lines if line.startswith("vlm_gym/Gym-v0 ")).split()[1:3] == ["by", "--arg"]
    assert "73.09" in points24


def test_list_folds_the_levels_of_every_ladder_into_a_line_for_each_axis(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    rows, _, folded = out.partition("Harder levels")
    for task in TASKS.values():
        assert (f"{task.id} " in rows) == (not task.level), task.id
    lines = {line.split()[0]: line for line in folded.splitlines()[1:]}
    assert set(lines) == {ladder.axis for ladder in ladders()}
    for ladder in ladders():
        name, highest = ladder.base.id.removeprefix("vlm_gym/").rpartition("-v")[0], ladder.tasks[-1].level
        assert re.search(rf"\b{name} L1{f'-{highest}' if highest > 1 else ''}(,|$)", lines[ladder.axis])
    assert re.search(r"such as (\S+)", folded)[1] in TASKS
    assert "vlm-gym list --levels" in folded


def test_list_can_be_read_by_a_program(capsys):
    main(["list", "--json"])
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == {*TASKS, "vlm_gym/Gym-v0"}
    assert rows["vlm_gym/Blackjack-v0"]["turns"] == 21


def test_show_writes_the_picture_and_prints_the_prompt(capsys, tmp_path):
    out = tmp_path / "deep" / "picture.png"
    arguments = [
        "show",
        "Points24-v0",
        "--seed",
        "3",
        "--out",
        str(out),
        "--arg",
        "image_size=128",
        "--arg",
        "theme=night",
    ]
    assert main(arguments) == 0
    assert size_of(out) == (128, 128)
    text = capsys.readouterr().out
    assert "Write a formula that equals 24" in text
    assert "Cards: " in text
    assert str(out) in text


def test_show_takes_a_start(capsys, tmp_path):
    options = json.dumps({"player": ["AS", "KH"]})
    assert main(["show", "Blackjack-v0", "--out", str(tmp_path / "p.png"), "--options", options]) == 0
    assert "You: A of spades, K of hearts." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "Point24-v0"], "there is no task 'Point24-v0'. Did you mean 'Points24-v0'? See: vlm-gym list"),
        (["show", "vlm_gym/Blackjak-v0"], "Did you mean 'Blackjack-v0'?"),
        (["show", "Points24-v0", "--arg", "num_cards"], "--arg must be NAME=VALUE, got 'num_cards'"),
        (["show", "Points24-v0", "--arg", "num_cards=9"], "num_cards must be an int from 1 to 6, got 9"),
        (["show", "Points24-v0", "--arg", "nun_cards=3"], "Did you mean 'num_cards'?"),
        (["show", "Points24-v0", "--options", "{"], "--options must be JSON, got '{'"),
        (["show", "Points24-v0", "--seed", "-1"], "seed must be None or an int >= 0, got -1"),
        (["show", "Points24-v0", "--out", "/proc/no/picture.png"], "cannot write /proc/no/picture.png"),
        (["play", "NumberLine-v0", "--arg", "parser=tagged"], "--arg parser cannot be chosen here"),
        (["show", "NumberLine-v0", "--arg", "id=foo"], "--arg id cannot be chosen here"),
        (["show"], "show needs the ID of a task (see: vlm-gym list), or --gallery PNG"),
        (["play", "Nothing-v0"], "there is no task 'Nothing-v0'. See: vlm-gym list"),
        (["bench", "Nothing-v0"], "there is no task 'Nothing-v0'"),
    ],
)
def test_a_mistake_gets_one_clear_line(capsys, arguments, message):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("vlm-gym: ")
    assert message in error
    assert error.count("\n") == 1


def test_a_person_can_play_to_the_end(tmp_path):
    out = tmp_path / "picture.png"
    start = json.dumps({"position": 1, "target": 3})
    played = run(
        "play", "NumberLine-v0", "--out", str(out), "--options", start, stdin='?\nhm\n-\n+\n{"action": "+"}\n+\n'
    )
    assert played.returncode == 0, played.stderr
    assert size_of(out) == (300, 300)
    assert "not understood: no action" in played.stdout
    assert "reward -1 (away -1)" in played.stdout
    assert "success after 5 turns, return -1" in played.stdout
    assert "The best play from this start succeeds with probability 1." in played.stdout
    assert played.stdout.count("You are playing NumberLine") == 2


@pytest.mark.parametrize("task", [task for task in TASKS if not TASKS[task].needs_data])
def test_looking_around_costs_a_player_nothing(capsys, monkeypatch, task):
    """In no task: neither an empty line, nor a word that asks for something."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n   \n?\nhelp\nHELP\n Help \ntext\nText\n\t\nq\n"))
    assert main(["play", task, "--text"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "turn 1> " in told.out
    assert "turn 2> " not in told.out
    assert "reward " not in told.out.replace(gym.make(task, parser="json").reset(seed=0)[1]["prompt"], "")
    assert told.out.count("These cost nothing") == 5  # at the start, and four times asked


@pytest.mark.parametrize("word", ["q", "quit", "QUIT", " exit ", ""])
def test_a_word_or_the_end_of_input_ends_the_game(capsys, monkeypatch, word):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"\n{word}"))
    assert main(["play", "Points24-v0", "--text"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "turn 2> " not in told.out


def test_what_the_picture_shows_can_be_told_in_words(tmp_path):
    env = gym.make("vlm_gym/Blackjack-v0")
    words = env.reset(seed=3)[1]["observation_text"]
    played = run("play", "Blackjack-v0", "--seed", "3", "--out", str(tmp_path / "p.png"), stdin="text\ntext\nq\n")
    assert played.stdout.count(words) == 2
    told = run("play", "Blackjack-v0", "--seed", "3", "--text", stdin="q\n")
    assert told.stdout.count(words) == 1
    assert "Picture" not in told.stdout


def test_the_browser_has_no_words(capsys):
    assert main(["play", "Blackjack-v0", "--web", "--text"]) == 2
    assert "--text is for the terminal" in capsys.readouterr().err


def test_the_oracles_view_names_the_worst_turn(tmp_path):
    start = json.dumps({"cards": ["2H", "10S"]})
    played = run(
        "play", "vlm_gym/EZPoints-v0", "--out", str(tmp_path / "p.png"), "--options", start, stdin="2\n*\n10\n=\n"
    )
    assert "no success after 4 turns, return -1" in played.stdout
    assert "probability 1. Turn 2 lowered it most, from 1 to 0." in played.stdout


def test_a_closed_pipe_is_no_error():
    listing = subprocess.run(
        f"{sys.executable} -m vlm_gym list | head -n 1", shell=True, capture_output=True, text=True, check=True
    )
    assert listing.stdout.startswith("id ")
    assert listing.stderr == ""


def test_a_person_can_stop_at_any_time(tmp_path):
    for stdin in ("q\n", "", "+\n"):
        played = run("play", "Points24-v0", "--out", str(tmp_path / "p.png"), stdin=stdin)
        assert played.returncode == 0
        assert played.stderr == ""


def test_bench_prints_a_row_for_each_task(capsys):
    assert main(["bench", "NumberLine-v0", "Points24Formula-v0", "--seconds", "0.05", "--resets", "50"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("vlm_gym/NumberLine-v0 ")
    assert lines[3].startswith("vlm_gym/Points24Formula-v0 ")


DEEP, LONG = "[" * 100_000, "9" * 5000


@pytest.mark.parametrize("text", [DEEP, LONG, "{" * 100_000, '{"a":' * 100_000, "\udcff"], ids=lambda text: text[:6])
@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "Blackjack-v0", "--options"],
        ["eval", "--agent", "random", "--task", "Blackjack-v0", "--out", "x", "--options"],
        ["eval", "--agent", "random", "--task", "Blackjack-v0", "--out", "x", "--extra-body"],
    ],
    ids=lambda words: words[-1],
)
def test_json_that_is_none_is_cut_short_in_the_message(capsys, monkeypatch, tmp_path, arguments, text):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, text]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"vlm-gym: {arguments[-1]} must be JSON, got ")
    assert len(told) < 600
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", [DEEP, LONG])
def test_a_value_that_is_no_json_is_a_text(capsys, text):
    assert main(["show", "Blackjack-v0", "--arg", f"natural={text}"]) == 2
    assert "natural must be True or False, got '" in capsys.readouterr().err


def options_of(command):
    """Return all long options of a command, and the choices of those that have some."""
    (subparsers,) = [action for action in make_parser()._actions if isinstance(action.choices, dict)]
    return [action for action in subparsers.choices[command]._actions if action.option_strings]


VALUES = ("x", "-1", "0.5", "nan", "1/x", "=", "\x1b[0m")


@pytest.mark.parametrize(
    ("command", "action"),
    [(command, action) for command in commands() for action in options_of(command) if action.type is not None],
    ids=lambda value: value if isinstance(value, str) else value.option_strings[0],
)
def test_a_wrong_value_is_told_in_two_lines_without_our_own_names(capsys, command, action):
    """What reads a value is our affair: the message says what the value must be, and what came."""
    for value in VALUES:
        try:
            make_parser().parse_args([command, f"{action.option_strings[0]}={value}"])
        except SystemExit:
            told = capsys.readouterr().err.splitlines()
        else:
            continue  # a good value
        assert len(told) == 2
        assert told[0].startswith(f"usage: vlm-gym {command}")
        assert told[1].endswith(f"See: vlm-gym {command} --help")
        assert "invalid" not in told[1]
        assert getattr(action.type, "__name__", "type") + " value" not in told[1]


MAY_BE_EMPTY = ("--system",)


@pytest.mark.parametrize("command", commands())
def test_an_empty_value_is_a_mistake(capsys, command):
    """A shell writes one for a variable that is not set."""
    options = [action.option_strings[0] for action in options_of(command) if action.nargs != 0]
    for option in sorted({*options} - {*MAY_BE_EMPTY}):
        for value in ("", " \t"):
            with pytest.raises(SystemExit) as stop:
                main([command, option, value])
            assert stop.value.code == 2
            assert f"argument {option}: must not be empty, got {value!r}" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "report", "film", "panels", "bench", "view", "doctor"])
def test_an_empty_name_is_a_mistake(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, ""])
    assert stop.value.code == 2
    assert "must not be empty, got ''" in capsys.readouterr().err


def test_a_system_message_may_be_empty_and_a_question_not(tmp_path, capsys):
    """Some models' templates put in a system message of their own where there is none."""
    arguments = ["--agent", "random", "--task", "Blackjack-v0", "--episodes", "1", "--system", ""]
    assert main(["eval", *arguments, "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "run.json").read_text())["chat"]["system"] == ""


def test_a_usage_names_what_must_be_given(capsys):
    with pytest.raises(SystemExit):
        main(["eval"])
    assert capsys.readouterr().err == (
        "usage: vlm-gym eval --agent NAME [NAME ...] --out FOLDER [options]\n"
        "vlm-gym eval: error: the following arguments are required: --agent, --out. See: vlm-gym eval --help\n"
    )


@pytest.mark.parametrize("option", ["--first=0", "--first=-1", "--port=x"])
def test_a_game_of_nothing_is_refused(capsys, option):
    with pytest.raises(SystemExit):
        main(["play", "--web", "--panel", "cards-v0", option])
    assert f"argument {option.partition('=')[0]}: must be" in capsys.readouterr().err


def test_a_panel_has_its_own_seeds(capsys):
    assert main(["play", "--web", "--panel", "cards-v0", "--seed", "3", "--no-open"]) == 2
    assert "a panel sets task and starts: leave out ID, --seed and --options" in capsys.readouterr().err


def test_a_report_has_at_least_one_episode(capsys):
    with pytest.raises(SystemExit):
        main(["report", "run", "--max-episodes", "0"])
    assert "argument --max-episodes: must be 1 or more, got 0" in capsys.readouterr().err


@pytest.mark.parametrize("command", commands())
def test_help_has_examples(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"examples:\n  vlm-gym {command}" in capsys.readouterr().out


def misspelt(name):
    """Return a name as hasty fingers type it."""
    return name[0] + name[2:]


@pytest.mark.parametrize("command", commands())
def test_a_misspelt_command_gets_a_suggestion(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([misspelt(command), "--help"])
    assert stop.value.code == 2
    assert f"invalid choice: {misspelt(command)!r}" in (told := capsys.readouterr().err)
    assert f"Did you mean {command!r}?" in told


@pytest.mark.parametrize("command", commands())
def test_a_misspelt_option_gets_a_suggestion(capsys, command):
    """Whatever else is missing on the command line."""
    options = [name for action in options_of(command) for name in action.option_strings if name.startswith("--")]
    for option in options:
        wrong = f"--{misspelt(option[2:])}"
        if any(name.startswith(wrong) for name in options):
            continue  # it is short for an option
        with pytest.raises(SystemExit) as stop:
            main([command, f"{wrong}=1"])
        assert stop.value.code == 2
        told = capsys.readouterr().err.splitlines()[-1]
        assert told.startswith(f"vlm-gym {command}: error: there is no option {wrong}. Did you mean '--")
        assert told.endswith(f"See: vlm-gym {command} --help")


@pytest.mark.parametrize(
    ("command", "action"),
    [(command, action) for command in commands() for action in options_of(command) if action.choices],
    ids=lambda value: value if isinstance(value, str) else value.option_strings[0],
)
def test_a_misspelt_choice_gets_a_suggestion(capsys, command, action):
    for choice in action.choices:
        with pytest.raises(SystemExit):
            main([command, action.option_strings[0], misspelt(choice)])
        assert f"Did you mean {choice!r}?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "Points24-v0"], "expected no more arguments, got 'Points24-v0'"),
        (["--verison"], "there is no option --verison. Did you mean '--version'? See: vlm-gym --help"),
        (["--jsno", "list"], "there is no option --jsno. See: vlm-gym --help"),
        (["list", "-j"], "there is no option -j."),
        (["show", "--", "--sed"], "there is no task '--sed'."),
    ],
)
def test_a_word_that_belongs_nowhere_is_named(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(main(arguments))
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["panels", "card-v0"], "cards-v0"),
        (["panels", "houshold-v0", "--check"], "household-v0"),
        (["bench", "Points-v0"], "Points24-v0"),
        (["play", "BlackJack-v0"], "Blackjack-v0"),
        (["play", "--web", "--panel", "cards-v1"], "cards-v0"),
        (["collect", "Blackjak-v0", "--samples", "1", "--out", "x"], "Blackjack-v0"),
        (["collect", "--panel", "card-v0", "--out", "x"], "cards-v0"),
        (["collect", "Blackjack-v0", "--samples", "1", "--out", "x", "--agent", "orcale"], "oracle"),
        (["collect", "Blackjack-v0", "--samples", "1", "--out", "x", "--format", "lava"], "llava"),
        (["collect", "Blackjack-v0", "--samples", "1", "--out", "x", "--unit", "steps"], "step"),
        (["show", "Blackjack-v0", "--arg", "theme=nihgt"], "night"),
        (["show", "--gallery", "g.png", "--arg", "theme=nihgt"], "night"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(capsys, tmp_path, monkeypatch, arguments, suggestion):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert f"Did you mean {suggestion!r}?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("environ", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, None),
        ({"TERM": "xterm-256color"}, None),
    ],
)
def test_a_terminal_that_shows_pictures_is_recognised(environ, protocol):
    assert picture_protocol(environ, is_terminal=True) == protocol
    assert picture_protocol(environ, is_terminal=False) is None


def test_an_inline_picture_holds_the_whole_png():
    import base64
    import re

    picture, _ = gym.make("vlm_gym/Blackjack-v0").reset(seed=0)
    chunks = re.findall(r"\x1b_G(?:a=T,f=100,)?m=([01]);([^\x1b]*)\x1b\\", inline(picture, "kitty"))
    assert [more for more, _ in chunks] == ["1"] * (len(chunks) - 1) + ["0"]
    payload = re.fullmatch(r"\x1b\]1337;File=inline=1;size=\d+:(.*)\a", inline(picture, "iterm2"))[1]
    assert "".join(chunk for _, chunk in chunks) == payload
    assert base64.b64decode(payload).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench", "--seconds", "-1"], "must be a number of seconds above 0, got -1"),
        (["bench", "--seconds", "nan"], "must be a number of seconds above 0, got nan"),
        (["bench", "--resets", "-5"], "must be 0 or more, got -5"),
        (["show", "Points24-v0", "--out", "picture.jpg"], "must be the name of a .png file, got picture.jpg"),
        (["download", "alfredworld"], "invalid choice: 'alfredworld'"),
    ],
)
def test_a_wrong_option_is_named(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_the_gallery_shows_everything(tmp_path):
    assert main(["show", "--gallery", str(tmp_path / "gallery.png"), "--arg", "theme=night"]) == 0
    width, height = size_of(tmp_path / "gallery.png")
    assert width >= 1000
    assert height >= 2000
