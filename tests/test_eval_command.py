"""`vlm-gym eval` and `vlm-gym merge`, as a person uses them; and what is left when they are killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from openai_server import OpenAIServer, Response, completion
from recorded import results

from vlm_gym.cli import main
from vlm_gym.cli.unused import PLAYERS
from vlm_gym.evaluation.runs.run_folder import TURNS_FILE, read_episodes, read_run, read_turns
from vlm_gym.installation import install_hint

PANEL = ("eval", "--agent", "oracle:0.5", "--panel", "cards-v0", "--first", "8")
PATIENCE_S = 120.0


def begin(*arguments):
    """Start a command in a process of its own."""
    command = [sys.executable, "-m", "vlm_gym", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_turns(process, folder, num_bytes):
    """Wait until a run has written so much."""
    path, end_s = folder / TURNS_FILE, time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < end_s:
        if path.exists() and path.stat().st_size >= num_bytes:
            return
        time.sleep(0.001)
    pytest.fail(f"the run ended before it wrote {num_bytes} bytes: {process.communicate()}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert main([*PANEL, "--out", str(folder)]) == 0
    return folder


def test_a_run_ends_with_a_table(capsys, tmp_path):
    arguments = ["eval", "--agent", "oracle", "--panel", "cards-v0", "--first", "2", "--out", str(tmp_path)]
    assert main(arguments) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0].split()[:3] == ["task", "episodes", "success"]
    assert [line.split()[0] for line in lines[1:8]] == [
        "NumberLine-v0", "EZPoints-v0", "Points24-v0", "EZPointsFormula-v0", "Points24Formula-v0", "Blackjack-v0",
        "overall",
    ]  # fmt: skip
    assert lines[1].split()[1:3] == ["2", "100.0"]
    assert "12/12 episodes, success" in told.err


def test_one_task_is_played_without_a_panel(capsys, tmp_path):
    arguments = ["eval", "--agent", "oracle", "--task", "Blackjack-v0", "--episodes", "7", "--seed", "100"]
    more = ["--arg", "natural=true", "--repeats", "2", "--out", str(tmp_path)]
    assert main([*arguments, *more]) == 0
    assert "overall" not in capsys.readouterr().out
    run = read_run(tmp_path)
    assert run["panel"] is None
    assert {episode["seed"] for episode in run["episodes"]} == set(range(100, 107))
    assert run["episodes"][0]["arguments"] == {"natural": True}
    assert len(read_episodes(tmp_path)) == 14


def test_a_start_can_be_given(tmp_path):
    start = json.dumps({"position": 4, "target": 0})
    arguments = ["eval", "--agent", "constant:-", "--task", "NumberLine-v0", "--options", start, "--episodes", "1"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    assert [episode.num_turns for episode in read_episodes(tmp_path)] == [4]


def test_tasks_of_a_panel_are_chosen(tmp_path):
    arguments = ["eval", "--agent", "random", "--panel", "cards-v0", "--first", "3"]
    assert main([*arguments, "--tasks", "Blackjack-v0", "vlm_gym/EZPoints-v0", "--out", str(tmp_path)]) == 0
    assert {episode.task for episode in read_episodes(tmp_path)} == {"vlm_gym/Blackjack-v0", "vlm_gym/EZPoints-v0"}
    assert read_run(tmp_path)["panel"]["tasks"] == ["vlm_gym/Blackjack-v0", "vlm_gym/EZPoints-v0"]


def test_how_a_task_is_told_is_chosen(tmp_path):
    chosen = ["--parser", "tagged", "--history", "all", "--history-no-pictures", "--system", "Play.", "--show", "both"]
    chosen += ["--token-budget", "900", "--picture-size", "448", "--tell-mistakes", "--max-reasks", "1"]
    arguments = ["eval", "--agent", "random", "--task", "NumberLine-v0", "--episodes", "2", *chosen]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    run = read_run(tmp_path)
    assert run["parser"] == "tagged"
    assert run["chat"] == {
        "system": "Play.", "show": "both", "history": "all", "history_pictures": False, "token_budget": 900,
        "picture_size": 448, "tell_mistakes": True, "max_reasks": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--panel", "card-v0"], "there is no panel 'card-v0'. Did you mean 'cards-v0'?"),
        (["--panel", "cards-v0", "--agent", "randon"], "there is no agent 'randon'. Did you mean 'random'?"),
        ([], "eval plays either --panel NAME or --task ID: give one of them"),
        (["--panel", "cards-v0", "--task", "Blackjack-v0"], "give one of them"),
        (["--panel", "cards-v0", "--episodes", "5"], "--episodes goes with --task ID"),
        (["--panel", "cards-v0", "--arg", "natural=true"], "there is no panel cards-v0[natural=true]: "),
        (["--panel", "cards-v0", "--arg", "parser=tagged"], "--arg parser cannot be chosen here"),
        (["--panel", "cards-v0", "cards-v0"], "expected every agent and panel once"),
        (["--agent", "randum", "--panel", "cards-v0"], "Did you mean 'random'?"),
        (["--task", "Blackjack-v0", "--first", "5"], "--first goes with --panel NAME"),
        (["--task", "Blackjak-v0"], "Did you mean 'Blackjack-v0'?"),
        (["--task", "Blackjack-v0", "--arg", "natural=7"], "natural"),
        (["--task", "Blackjack-v0", "--arg", "parser=json"], "--arg parser cannot be chosen here"),
        (["--panel", "cards-v0", "--tasks", "Household-v0"], "the panel has no task 'Household-v0'. It has"),
        (["--panel", "cards-v0", "--tasks", "Blackjak-v0"], "Did you mean 'Blackjack-v0'? It has Blackjack-v0, EZP"),
        (["--panel", "cards-v0", "--parser", "xml"], "xml"),
        (["--panel", "cards-v0", "--show", "sound"], "show must be one of 'picture', 'text', 'both'"),
        (["--panel", "cards-v0", "--max-reasks", "99"], "max_reasks must be an int from 0 to 10"),
        (
            ["--panel", "cards-v0", "--max-cost", "-1", "--price-in", "1"],
            "max_cost must be a number above 0 or None, got -1.0",
        ),
        (["--panel", "cards-v0", "--max-cost", "1"], "--max-cost counts money: give --price-in and --price-out too"),
        (["--panel", "cards-v0", "--seed", "0"], "--seed goes with --task ID"),
        (["--panel", "cards-v0", "--concurrency", "99999"], "concurrency must be an int from 1 to 10000"),
    ],
)
def test_a_mistake_gets_one_clear_line_and_leaves_no_folder(capsys, tmp_path, arguments, message):
    agent = [] if "--agent" in arguments else ["--agent", "random"]
    assert main(["eval", *agent, *arguments, "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("vlm-gym: ")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_is_none_is_named(capsys, tmp_path, shard):
    with pytest.raises(SystemExit) as stop:
        main([*PANEL, f"--shard={shard}", "--out", str(tmp_path / "run")])
    assert stop.value.code == 2
    assert "I/N" in capsys.readouterr().err


def test_a_run_is_not_begun_twice(capsys, whole):
    assert main([*PANEL, "--out", str(whole)]) == 2
    assert "add --resume to go on with it, or choose another --out" in capsys.readouterr().err
    assert main([*PANEL, "--first", "9", "--out", str(whole), "--resume"]) == 2
    assert "panel.first: 8 there, 9 here" in capsys.readouterr().err
    assert main([*PANEL, "--out", str(whole), "--resume"]) == 0


def test_shards_are_played_and_merged(capsys, tmp_path, whole):
    shards = [tmp_path / f"shard-{i}" for i in (1, 2)]
    for i, shard in enumerate(shards, start=1):
        assert main([*PANEL, "--shard", f"{i}/2", "--out", str(shard)]) == 0
    assert main(["merge", str(shards[0]), "--out", str(tmp_path / "half")]) == 1
    told = capsys.readouterr()
    assert "24 of 48 episodes" in told.out
    assert told.err.count("missing: ") == 10
    assert "... and 14 more are missing" in told.err
    assert main(["merge", *map(str, shards), "--out", str(tmp_path / "run")]) == 0
    assert results(tmp_path / "run") == results(whole)


def test_an_agent_that_fails_is_told_of_and_the_status_says_that_episodes_are_missing(capsys, tmp_path, monkeypatch):
    (tmp_path / "failing_agent.py").write_text(
        "from vlm_gym.errors import AgentError\n"
        "calls = iter(range(10**9))\n"
        "async def answer(messages):\n"
        "    call = next(calls)\n"
        "    if call < 12:\n"
        "        raise AgentError(f'the server {call} is down' if call % 8 else 'the key is late')\n"
        "    return '+'\n"
    )
    monkeypatch.chdir(tmp_path)
    arguments = ["eval", "--agent", "python:failing_agent:answer", "--task", "NumberLine-v0", "--episodes", "20"]
    assert main([*arguments, "--out", "run"]) == 1
    told = capsys.readouterr().err
    assert "2 episodes failed, the first is NumberLine-v0:0: the key is late\n" in told
    assert "1 episode failed, NumberLine-v0:3: the server 3 is down\n" in told
    assert told.count("failed, ") == 10
    assert "... and 1 more failed" in told
    assert "12 of 20 episodes are missing: --resume plays them" in told
    assert main([*arguments, "--out", "run", "--resume"]) == 0


def test_a_budget_and_answers_that_are_cut_off_are_told_of(capsys, tmp_path):
    pytest.importorskip("httpx")
    with OpenAIServer(answer=lambda request: completion('{"action": "stand"}', finish="length")) as server:
        arguments = ["eval", "--agent", "openai:model", "--base-url", server.base_url, "--task", "Blackjack-v0"]
        arguments += ["--concurrency", "1", "--max-requests", "2", "--out", str(tmp_path), "--resume"]
        for _ in range(2):  # the second time nothing may be asked
            assert main(arguments) == 1
            told = capsys.readouterr()
            assert "100.0 % of the turns had an answer cut off at the token limit: see --max-tokens" in told.out
            assert "stopped by requests: 2 spent of 2\n98 of 100 episodes are missing" in told.err
        assert server.num_requests == 2


def uncounted(text):
    """Return what a server that counts no tokens sends."""
    body = json.loads(completion(text).body)
    del body["usage"]
    return Response(body=json.dumps(body).encode())


def test_faults_are_told_by_their_kind(capsys, tmp_path):
    command = ["eval", "--agent", "constant:hm", "--task", "Blackjack-v0", "--episodes", "2", "--out", str(tmp_path)]
    assert main(command) == 0
    assert "faults by kind, of 42 turns: 42 no action\n" in capsys.readouterr().out


def test_a_server_that_counts_no_tokens_is_told_of(capsys, tmp_path):
    pytest.importorskip("httpx")
    with OpenAIServer(answer=lambda request: uncounted('{"action": "stand"}')) as server:
        arguments = ["eval", "--agent", "openai:model", "--base-url", server.base_url, "--task", "Blackjack-v0"]
        arguments += ["--episodes", "3", "--concurrency", "1", "--price-in", "1"]
        arguments += ["--out", str(tmp_path), "--resume"]
        for limit in (["--max-run-tokens", "9"], ["--max-cost", "1"]):
            assert main([*arguments, *limit]) == 2
            assert "vlm-gym: the server does not count tokens (its replies have no usage)" in capsys.readouterr().err
        assert server.num_requests == 2
        assert main(arguments) == 0
        assert capsys.readouterr().out.endswith("the server does not count tokens: tokens and cost are 0\n")


def test_answers_that_are_reasoning_alone_are_told_of(capsys, tmp_path):
    pytest.importorskip("httpx")
    with OpenAIServer(answer=lambda request: completion(None, reasoning_content="16 against 9 is")) as server:
        arguments = ["eval", "--agent", "openai:model", "--base-url", server.base_url, "--task", "Blackjack-v0"]
        assert main([*arguments, "--episodes", "1", "--out", str(tmp_path)]) == 0
        assert "100.0 % of the turns had an empty answer: a model that reasons first" in capsys.readouterr().out
    assert {turn.answers for turn in read_turns(tmp_path)} == {("",)}


def test_a_refusal_in_the_middle_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    (tmp_path / "refusing_agent.py").write_text(
        "from vlm_gym.errors import AgentRefusedError\n"
        "calls = iter(range(10**9))\n"
        "async def answer(messages):\n"
        "    if next(calls) > 12:\n"
        "        raise AgentRefusedError('the key is wrong')\n"
        "    return '+'\n"
    )
    monkeypatch.chdir(tmp_path)
    arguments = ["eval", "--agent", "python:refusing_agent:answer", "--task", "NumberLine-v0", "--episodes", "20"]
    assert main([*arguments, "--out", "run"]) == 2
    told = capsys.readouterr().err
    assert "of 20 episodes are missing: --resume plays them\nvlm-gym: the key is wrong\n" in told


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_goes_on_to_the_same_end(tmp_path, whole):
    """Each time, the run is killed when it has added so many bytes, and cut as a half-written line would be."""
    folder = tmp_path / "run"
    for num_bytes, cut in ((1, 0), (3_000, 1), (60_000, 0), (40_000, 700), (100_000, 0)):
        size = (folder / TURNS_FILE).stat().st_size if folder.exists() else 0
        process = begin(*PANEL, "--out", folder, "--resume")
        wait_for_turns(process, folder, size + num_bytes)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        os.truncate(folder / TURNS_FILE, (folder / TURNS_FILE).stat().st_size - cut)
    assert len(read_turns(folder)) < len(read_turns(whole))
    finished = begin(*PANEL, "--out", folder, "--resume")
    finished.communicate()
    assert finished.returncode == 0
    assert results(folder) == results(whole)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 1)])
def test_a_signal_ends_a_run_cleanly(tmp_path, whole, number, status):
    folder = tmp_path / "run"
    process = begin(*PANEL, "--out", folder)
    wait_for_turns(process, folder, 20_000)
    process.send_signal(number)
    _, told = process.communicate()
    assert process.returncode == status
    assert f"stopped by {number.name}" in told
    assert "of 48 episodes are missing: --resume plays them" in told
    assert "Traceback" not in told
    assert main([*PANEL, "--out", str(folder), "--resume"]) == 0
    assert results(folder) == results(whole)


def limited(size):
    """Return a program that is `vlm-gym` on a disk where no file may grow beyond a size."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    return f"{limit}; import sys; from vlm_gym.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.slow
def test_a_full_disk_is_said_and_loses_nothing(tmp_path, whole):
    folder = tmp_path / "run"
    command = [sys.executable, "-c", limited(100_000), *PANEL, "--out", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "File too large. All earlier turns are there: make room, then go on with --resume" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(read_turns(folder)) > 10
    assert main([*PANEL, "--out", str(folder), "--resume"]) == 0
    assert results(folder) == results(whole)


def test_a_bar_needs_rich_and_plain_lines_do_not(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    arguments = ["eval", "--agent", "random", "--task", "NumberLine-v0", "--episodes", "2", "--out", str(tmp_path)]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(arguments) == 2
    assert install_hint("eval") in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert main(arguments) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_a_terminal_shows_a_bar(tmp_path, encoding):
    """In a pseudo-terminal, as a person sees it."""
    import pty

    output, terminal = pty.openpty()
    command = [sys.executable, "-m", "vlm_gym", *PANEL[:-1], "2", "--out", str(tmp_path / "run")]
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "PYTHONIOENCODING": encoding}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, env=environ) as process:
        os.close(terminal)
        told = b""
        try:
            while part := os.read(output, 65536):
                told += part
        except OSError:  # how a pseudo-terminal says that the other side has gone
            pass
        os.close(output)
    assert process.returncode == 0
    assert b"12/12" in told
    assert b"success" in told
    assert encoding == "utf-8" or told.isascii()


@pytest.mark.parametrize("agent", PLAYERS)
@pytest.mark.parametrize("option", ["--stop-repeats=3", "--temperature=0", "--cache=replies", "--base-url=http://x"])
def test_an_option_that_no_agent_reads_is_refused(capsys, tmp_path, agent, option):
    """What plays here is asked nothing, so a budget of questions would be believed and do nothing."""
    name = {"constant": "constant:+", "script": "script:answers.json"}.get(agent, agent)
    arguments = ["eval", "--agent", name, "--panel", "cards-v0", "--out", str(tmp_path / "run")]
    assert main([*arguments, option]) == 2
    assert f"{option.partition('=')[0]} is for models that are asked, and not for {name}" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--workers=3", "is for --executor ray"),
        ("--gpus-per-worker=1", "is for --executor ray"),
        ("--poll=9", "is for --batch"),
        ("--quantization=4bit", "is for agents hf:PATH"),
        ("--trust-remote-code", "is for agents hf:PATH"),
    ],
)
def test_an_option_of_another_place_is_refused(capsys, tmp_path, option, reason):
    assert main(["eval", "--agent", "oracle", "--panel", "cards-v0", "--out", str(tmp_path / "run"), option]) == 2
    assert f"{option.partition('=')[0]} {reason}" in capsys.readouterr().err


def test_an_option_that_one_of_several_agents_reads_is_taken(capsys, tmp_path):
    agents = ["random", "python:no_such_module:answer"]
    assert main(["eval", "--agent", *agents, "--panel", "cards-v0", "--out", str(tmp_path), "--stop-repeats", "3"]) == 2
    assert "--stop-repeats" not in capsys.readouterr().err
