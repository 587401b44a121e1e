"""Our engine against TextWorld on official games, step by step: texts, admissible commands and won.

The answers of TextWorld are recorded (record_traces.py); a few games are played live where it is installed.
"""

import itertools
import json
import lzma
import random
from collections import defaultdict
from pathlib import Path

import pytest

from vlm_gym.games.household.files import load_game, parse_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.splits import list_games, task_of_folder
from vlm_gym.games.household.tasks import TASK_TYPES

TRACES = Path(__file__).with_name("traces.jsonl.xz")
LAMP = "Desklamp_bar__plus_01_dot_50_bar__plus_00_dot_90_bar__minus_01_dot_25"
FRIDGE = "Fridge_bar__plus_01_dot_50_bar__plus_00_dot_90_bar__minus_01_dot_25"
KINDS = ("walkthrough", "walk", "errands", "plan")
DIGEST_LENGTH = 8


@pytest.fixture(scope="module")
def traces():
    """The recorded episodes by kind and task."""
    by_kind = defaultdict(list)
    with lzma.open(TRACES, "rt") as lines:
        for line in lines:
            trace = json.loads(line)
            by_kind[trace["kind"], task_of_folder(trace["game"].split("/")[1])].append(trace)
    return by_kind


@pytest.mark.parametrize("task", TASK_TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_textworlds(kind, task, traces, data_dir, recorder):
    assert traces[kind, task]
    for trace in traces[kind, task]:
        game = HouseholdGame(load_game(data_dir / trace["game"] / "game.tw-pddl"))
        wanted = ["".join(digits) for digits in zip(*[iter(trace["digests"])] * DIGEST_LENGTH, strict=True)]
        for turn, digest in enumerate(wanted):
            command = trace["commands"][turn - 1] if turn else None
            answer = game.step(command) if turn else game.feedback
            got = recorder.digest(answer, game.admissible, game.is_won)
            where = f"{trace['game']} {kind}, turn {turn}, command {command!r}: {answer!r} {game.admissible}"
            assert digest == got, where


@pytest.mark.parametrize("kind", ["walkthrough", "plan"])
def test_walkthroughs_and_plans_win(kind, traces, data_dir):
    for trace in itertools.chain.from_iterable(traces[kind, task] for task in TASK_TYPES):
        game = HouseholdGame(load_game(data_dir / trace["game"] / "game.tw-pddl"))
        has_won = any(game.step(command) and game.is_won for command in trace["commands"])
        assert has_won or (kind == "plan" and game.is_stuck), trace["game"]


def test_all_seen_games_and_300_of_training_are_recorded(traces, seen_games, data_dir):
    for kind in KINDS:
        recorded = {trace["game"] for task in TASK_TYPES for trace in traces[kind, task]}
        assert recorded >= {str(game.parent.relative_to(data_dir)) for game in seen_games}
        assert sum(game.startswith("train/") for game in recorded) >= 300


@pytest.mark.slow
def test_live_textworld_agrees(seen_games, recorder):
    pytest.importorskip("textworld", reason="the live comparison needs textworld: pip install 'vlm-gym[alfworld]'")
    pytest.importorskip("alfworld", reason="the live comparison needs alfworld: pip install 'vlm-gym[alfworld]'")
    rng = random.Random(0)
    for path in seen_games[::47]:
        # TextWorld leaves a file open that it reads itself: it gets the content.
        reference, game = recorder.make_textworld(json.loads(path.read_text())), HouseholdGame(load_game(path))
        commands = recorder.errands(HouseholdGame(load_game(path)), rng)[:15]
        state = reference.reset()
        assert state.feedback == game.feedback
        for command in commands:
            state, _, _ = reference.step(command)
            answer = (game.step(command), list(game.admissible), game.is_won)
            assert (state.feedback, state["admissible_commands"], state["won"]) == answer


ODD_CHANGES = {
    "none": ("(openable", "(openable"),
    "a lamp to carry": ("(openable", f"(pickupable {LAMP})\n(openable"),
    "a lamp in a closed fridge": ("(openable", f"(inReceptacle {LAMP} {FRIDGE})\n(openable"),
    "a start at a receptacle": ("agent1 loc_bar_0_bar__minus_0_bar_0", "agent1 loc_bar_3_bar__minus_3_bar_3"),
    "four at one place": ("loc_bar_1_bar__minus_1_bar_1_bar_45)", "loc_bar_3_bar__minus_3_bar_3_bar_45)"),
}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASK_TYPES)
@pytest.mark.parametrize("change", ODD_CHANGES)
def test_live_textworld_agrees_on_odd_homes(task, change, seen_games, recorder, make_problem):
    pytest.importorskip("textworld", reason="the live comparison needs textworld: pip install 'vlm-gym[alfworld]'")
    pytest.importorskip("alfworld", reason="the live comparison needs alfworld: pip install 'vlm-gym[alfworld]'")
    problem = make_problem(task, "apple", "desklamp" if task == "look" else "desk").replace(*ODD_CHANGES[change])
    content = json.loads(seen_games[0].read_text()) | {"pddl_problem": problem}
    game = HouseholdGame(parse_game(json.dumps(content).encode()))
    reference, rng = recorder.make_textworld(content), random.Random(f"{task} {change}")
    state = reference.reset()
    for _ in range(60):
        assert (state.feedback, list(game.admissible), game.is_won) == (
            game.feedback, state["admissible_commands"], state["won"],
        )  # fmt: skip
        command = recorder.likely_command(game.admissible, rng)
        game.step(command)
        state, _, _ = reference.step(command)


@pytest.mark.slow
def test_every_official_walkthrough_wins(data_dir):
    for path in list_games(data_dir, "train") + list_games(data_dir, "valid_seen"):
        game = HouseholdGame(load_game(path))
        assert not game.is_won
        for command in json.loads(path.read_text())["walkthrough"]:
            assert command in game.admissible, (path, command)
            game.step(command)
        assert game.is_won, path
