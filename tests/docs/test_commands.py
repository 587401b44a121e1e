"""Every command of README and site: its options are those of the program, and it does its work, at a small size."""

import ast
import importlib.util
import re
import zipfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import at_hand
import pytest
from batch_servers import AnthropicBatchServer
from command_lines import GAME
from doc_pages import PAGES, ROOT, commands, prose
from docs_not_run import NOT_RUN, RUN_ELSEWHERE
from openai_server import OpenAIServer
from other_servers import AnthropicServer, ResponsesServer

from vlm_gym.cli import main, make_parser
from vlm_gym.registration import find_task

SERVERS = {"openai": OpenAIServer, "responses": ResponsesServer, "anthropic": AnthropicServer}
FOLDERS = ("benchmarks", "baselines", "requirements", "examples")
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_KEY")
SMALL = {"--episodes": "2", "--samples": "8", "--requests-per-minute": "60000", "--concurrency": "4", "--first": "1"}
ANSWER = '{"thoughts": "as on the page", "action": "+"}'
SCRIPTS = [(page, command) for page in PAGES for command in commands(page) if command.words[:2] == ("python", "-m")]
OURS = [page for page in PAGES if any(command.words[0] == "vlm-gym" for command in commands(page))]
OF_MODELS = ("--base-url", "--temperature", "--max-tokens", "--header")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z_.-]*[a-z]")
OF_OTHERS = {"--sample-id", "--env.taskset.parser", "--select.include.names", "--limit-mm-per-prompt", "--strict"}
"""Options of other people's programs that the text names."""


def is_declared(words):
    return any(" ".join(words).startswith(key) for key in (*RUN_ELSEWHERE, *NOT_RUN))


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_run_or_declared(page):
    assert [str(c) for c in commands(page) if c.words[0] != "vlm-gym" and not is_declared(c.words)] == []


@pytest.mark.parametrize("page", OURS)
def test_the_options_of_a_command_are_those_of_the_program(page):
    for command in commands(page):
        if command.words[0] == "vlm-gym":
            make_parser().parse_args([word.rstrip("\\") for word in command.words[1:]])


@pytest.mark.parametrize(("page", "command"), SCRIPTS, ids=str)
def test_the_options_of_a_script_are_those_that_it_reads(page, command):
    module, words = command.words[2], command.words[3:]
    path = ROOT / f"{module.replace('.', '/')}.py"
    if not path.exists():
        pytest.skip("a program of others")
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= options_of(path), f"{page}: {command}"


@pytest.mark.parametrize("page", PAGES)
def test_every_option_in_the_text_is_one_of_a_program(page):
    assert set(OPTION.findall(prose(page))) - known_options() == set()


@pytest.mark.parametrize("page", PAGES)
def test_a_command_in_the_text_has_the_options_that_stand_beside_it(page):
    subparsers = commands_of_the_program()
    for code in re.findall(r"`vlm-gym ([a-z]+)([^`]*)`", prose(page).replace("\n", " ")):
        command, rest = code
        assert command in subparsers, f"{page}: vlm-gym {command}"
        known = {name for action in subparsers[command]._actions for name in action.option_strings}
        assert set(OPTION.findall(rest)) <= known, f"{page}: vlm-gym {command}{rest}"


def test_the_table_of_the_program_has_every_command():
    rows = re.findall(r"^\| (`.*?) \|", PAGES["docs/program.md"].read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([a-z]+)`", row)} == set(commands_of_the_program())


@pytest.mark.slow
@pytest.mark.parametrize("page", OURS)
def test_the_commands_do_their_work(page, tmp_path, monkeypatch, capsys):
    """In their order in one folder, with small numbers, and with servers of ours in place of a model's."""
    monkeypatch.chdir(tmp_path)
    for key in KEYS:
        monkeypatch.setenv(key, "secret")
    lines = [c.words for c in commands(page) if c.words[0] == "vlm-gym" and not is_declared(c.words)]
    Path("my_agent.py").write_text(f"def answer(messages):\n    return {ANSWER!r}\n")
    added = {words[3] for words in lines if words[1:3] == ("results", "add")}
    kept = {words[words.index("--from-run") + 1] for words in lines if "--from-run" in words} | added
    for words in lines:
        with ExitStack() as stack:
            small = shrunk(list(words[1:]), kept, added, stack)
            for folder in runs_before(small):
                assert main(["eval", "--agent", "oracle", "--panel", "cards-v0", "--first", "4", "--out", folder]) == 0
            task = small[small.index("--task") + 1] if "--task" in small else None
            if task is None or at_hand.is_at_hand(find_task(task)) or find_task(task).is_frame:
                assert main(small) == 0, f"{small}\n{capsys.readouterr().err}"


def shrunk(words, kept, added, stack):
    """Return a command that does the same with less: fewer episodes, a server of ours, no download."""
    for option, value in SMALL.items():
        if option in words:
            words[words.index(option) + 1] = value
    is_whole = "--out" in words and words[words.index("--out") + 1] in added  # which the oracle plays quickly
    if words[0] == "eval" and "--panel" in words and "--first" not in words and not is_whole:
        words += ["--first", "1"]
    if words[0] == "eval" and "--task" in words and "--episodes" not in words:
        words += ["--episodes", "2"]
    if words[0] == "collect" and importlib.util.find_spec("datasets") is None:
        words = [*without(words, ("--format",)), "--format", "llava"]  # the one that needs no other package
    if words[0] == "bench":
        words += ["Blackjack-v0", "--seconds", "0.01", "--resets", "0"]
    if words[0] == "download":
        with zipfile.ZipFile("games.zip", "w") as games:
            games.writestr(GAME, "{}")
        words += ["--file", "games.zip", "--data-dir", "games"]
    return with_server(words, kept, stack) if "--agent" in words else words


def with_server(words, kept, stack):
    """Let a server of ours answer in place of a model; a run from which data are made later is the oracle's."""
    place = words.index("--agent") + 1
    kind, _, model = words[place].partition(":")
    if (
        words[words.index("--out") + 1] in kept or kind == "hf"
    ):  # tests/evaluation/models/test_local_model.py loads them
        words[place] = "oracle"
        return without(words, OF_MODELS)
    if kind not in SERVERS:
        return words
    is_batch = "--batch" in words
    serve = AnthropicBatchServer if is_batch else SERVERS[kind]
    server = stack.enter_context(serve(answer=lambda request: ANSWER, model=model))
    if "--base-url" in words:
        at = words.index("--base-url") + 1
        query = words[at].partition("?")[2]
        words[at] = f"{server.base_url}?{query}" if query else server.base_url
    else:
        words += ["--base-url", server.base_url]
    return [*words, "--poll", "0.01"] if is_batch else words


def without(words, options):
    """Return a command without some options and their values."""
    at = {place for place, word in enumerate(words) if word in options}
    return [word for place, word in enumerate(words) if place not in at and place - 1 not in at]


def runs_before(words):
    """Return the folders of runs that a command reads and that no command of the page has made."""
    read = {"report": words[1:], "film": words[1:2], "rescore": words[1:2], "merge": ()}.get(words[0], ())
    names = [word for word in read if word.startswith("runs/") and words[words.index(word) - 1] != "--out"]
    return [name for name in names if not Path(name).exists()]


def commands_of_the_program():
    (subparsers,) = [action for action in make_parser()._actions if isinstance(action.choices, dict)]
    return subparsers.choices


def parsers():
    return (make_parser(), *commands_of_the_program().values())


@cache
def known_options():
    """Return every option of a program of ours, and those of others that the text names."""
    scripts = [ROOT / "vlm_gym" / "demo.py", *(path for name in FOLDERS for path in (ROOT / name).glob("*.py"))]
    own = {name for parser in parsers() for action in parser._actions for name in action.option_strings}
    return own.union(OF_OTHERS, *map(options_of, scripts))


def options_of(path):
    """Return the options that a script of ours reads: what its source gives to argparse, or the trainer's settings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found = {text for text in texts if text.startswith("--")} | {"--help"}
    return found | trainer_settings() if path.parent.name == "baselines" else found


@cache
def trainer_settings():
    """Return the settings of the trainer's scripts, `--ppo.lr`, read from their source: that needs no torch."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "baselines").rglob("*.py")]
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    kinds = {
        node.name: {
            line.target.id: getattr(line.annotation, "id", "") for line in node.body if isinstance(line, ast.AnnAssign)
        }
        for node in classes
        if node.name.endswith("Config")
    }
    names = {"--config", "--resume", *(f"--{field}" for found in kinds.values() for field in found)}
    sections = [(field, kind) for found in kinds.values() for field, kind in found.items() if kind in kinds]
    return names | {f"--{section}.{field}" for section, kind in sections for field in kinds[kind]}
