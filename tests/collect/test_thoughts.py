"""Thoughts name nothing that the player does not see, and say nothing that is false."""

import re
from fractions import Fraction
from typing import ClassVar

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.chat import ChatSession
from vlm_gym.collect.answers import thinker_of
from vlm_gym.envs.base import TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError
from vlm_gym.fields import truths
from vlm_gym.games.number_line import NumberLineState
from vlm_gym.games.points import POINTS24_SYMBOLS
from vlm_gym.oracles.points import solve
from vlm_gym.thoughts import household, number_line
from vlm_gym.thoughts.points import steps

NUM_WORDINGS = 40
CARD = re.compile(r"(?:10|[2-9AJQK]) of (?:spades|hearts|diamonds|clubs)")
NAME = re.compile(r"\b[a-z]+ \d+\b")
LARGER, SMALLER = ("larger", "greater", ">", "above", "right"), ("smaller", "less", "<", "below", "left")


def walk(task, seed, p, **arguments):
    """Yield the session at every turn of an episode, played by the oracle with probability p, else at random."""
    session = ChatSession(gym.make(f"vlm_gym/{task}", parser="json", **arguments))
    session.reset(seed=seed)
    rng = np.random.default_rng(seed)
    while not session.is_over:
        yield session
        best = session.task.oracle_action() if rng.random() < p else None
        action = session.task.actions.sample(rng) if best is None else best
        session.answer(session.parser.write(action, session.task.actions))


def all_lines():
    return [NumberLineState(i, j, 7) for i in range(8) for j in range(8) if i != j]


def wordings(view, action):
    return {number_line.think(view, action, np.random.default_rng(i)) for i in range(NUM_WORDINGS)}


@pytest.mark.parametrize("action", ["-", "+"])
def test_what_is_said_of_two_numbers_is_true(action):
    for view in all_lines():
        p, t = view.position, view.target
        for text in wordings(view, action):
            for left, relation, right in re.findall(
                r"(\d+) (?:is|lies)? ?(?:to the )?(\w+|[<>]) (?:than |of )?(\d+)", text
            ):
                if relation in LARGER:
                    assert int(left) > int(right), text
                if relation in SMALLER:
                    assert int(left) < int(right), text
            for left, sign, right, result in re.findall(r"(\d+) ([+-]) (\d+) = (\d+)", text):
                assert int(left) + int(sign + right) == int(result), text
            assert set(re.findall(r"current number (?:is |now is )?(\d+)(?! too)", text)) <= {str(p)}, text
            assert set(re.findall(r"target (?:number )?(?:is )?(\d+)(?! (?:above|below))", text)) <= {str(t)}, text
            assert set(re.findall(r"(\d+) (?:too|above the|below the|up to|down to)", text)) <= {str(abs(t - p))}, text
            after = p + (1 if action == "+" else -1)
            assert set(map(int, re.findall(r"\d+", text))) <= {p, t, abs(t - p), after, 0, 1, 7}, text


def test_only_the_right_direction_is_given_a_reason():
    for view in all_lines():
        right, wrong = ("+", "-") if view.position < view.target else ("-", "+")
        assert any("so " in text for text in wordings(view, right))
        assert all(re.search(rf'"{re.escape(wrong)}"', text) for text in wordings(view, wrong))
        assert not any(re.search(r"closer|therefore|hence|which means", text) for text in wordings(view, wrong))


def test_a_state_is_told_in_hundreds_of_ways():
    view = NumberLineState(2, 4, 5)
    assert len({number_line.think(view, "+", np.random.default_rng(i)) for i in range(2000)}) > 1000


def value_of(formula):
    return eval(re.sub(r"\d+", r"Fraction(\g<0>)", formula), {"Fraction": Fraction})


@pytest.mark.parametrize("hand", [(3, 3, 8, 8), (1, 5, 5, 5), (2, 4, 10, 10), (1, 2, 3, 4), (6, 6, 6, 6), (1, 3, 4, 6)])
def test_a_calculation_is_right_step_by_step(hand):
    formula = solve(hand, 24, POINTS24_SYMBOLS)
    told = steps(formula)
    assert len(told) == 3
    for step in told:
        left, right = step.split(" = ")
        assert value_of(left) == value_of(right)
    assert told[-1].endswith(" = 24")


@pytest.mark.parametrize("task", ["EZPoints-v0", "Points24-v0", "Points24-FaceRank-v0", "Points24Formula-v0"])
@pytest.mark.parametrize("p", [1.0, 0.7])
def test_cards_numbers_and_equations_are_true(task, p):
    equation = re.compile(r"([\d(][\d ()+\-*/]*) (?:=|is) (-?[\d(][\d ()+\-*/]*)")
    num_equations = 0
    for seed in range(40):
        for turn, session in enumerate(walk(task, seed, p)):
            task_env, rng = session.task, np.random.default_rng((seed, turn))
            thinker, action = task_env.thinker(), task_env.oracle_action() or task_env.actions.sample(rng)
            text = thinker.think(action, rng)
            names = {card.name for card in task_env.state.cards}
            assert set(CARD.findall(text)) <= names, text
            for left, right in equation.findall(CARD.sub("", text)):
                assert value_of(left) == value_of(right), text
                num_equations += 1
            for card, number in re.findall(r"the (\S+ of \w+) (?:counts|as|stands for) (\d+)", text, re.IGNORECASE):
                assert dict(zip([c.name for c in task_env.state.cards], task_env.numbers(), strict=True))[card] == int(
                    number
                )
    assert num_equations > 10


def test_a_token_that_leads_nowhere_gets_no_plan():
    session = next(walk("Points24-v0", 0, 1.0))
    thinker = session.task.thinker()
    for i in range(NUM_WORDINGS):
        assert "= 24" not in thinker.think(")", np.random.default_rng(i))


def test_a_formula_that_is_wrong_is_not_praised():
    session = next(walk("Points24Formula-v0", 0, 1.0))
    thinker = session.task.thinker()
    assert "24 can be made" not in "".join(thinker.think("1 + 1 + 1 + 1", np.random.default_rng(i)) for i in range(40))


def test_blackjacks_odds_and_totals_are_the_exact_ones():
    for seed in range(60):
        for turn, session in enumerate(walk("Blackjack-v0", seed, 0.5)):
            values, readings = session.task.action_values(), truths(session.task.readings())
            busts = sum(_total([*_ranks(session), rank]) > 21 for rank in ("A", *map(str, range(2, 11)), "J", "Q", "K"))
            for action in ("hit", "stand"):
                text = session.task.thinker().think(action, np.random.default_rng((seed, turn)))
                seen = set(CARD.findall(session.info["observation_text"]))
                assert set(CARD.findall(text)) == seen, text
                assert readings["total"] in text
                odds = re.findall(r"(stand|hit)\w*(?: wins| is worth)?(?: with)? (\d+\.\d) %", text, re.IGNORECASE)
                for name, percent in odds:
                    assert abs(100 * values[name.lower()] - float(percent)) <= 0.051, text
                for number in re.findall(r"(\d+) (?:of (?:the )?13|ranks)", text):
                    assert int(number) == busts, text
                if re.search(r"cannot (?:take|lose)|No single card", text):
                    assert busts == 0, text


def _ranks(session):
    return [card.rank for card in session.task.state.player]


def _total(ranks):
    total = sum(1 if rank == "A" else 10 if rank in "JQK" else int(rank) for rank in ranks)
    return total + 10 if "A" in ranks and total + 10 <= 21 else total


@pytest.mark.parametrize("task", ["Household-v0", "Household-Unseen-v0"])
@pytest.mark.parametrize("p", [1.0, 0.6])
def test_only_what_was_seen_in_a_home_is_named(task, p):
    num_guesses = 0
    for seed in range(25):
        seen = set()
        thinker = None
        for turn, session in enumerate(walk(task, seed, p)):
            thinker = thinker or session.task.thinker()
            thinker.look()
            seen |= set(NAME.findall(session.info["observation_text"]))
            goal = session.task.game.world.goal
            rng = np.random.default_rng((seed, turn))
            for action in {session.task.oracle_action(), session.task.actions.sample(rng)} - {None}:
                text = thinker.think(action, rng)
                named = set(NAME.findall(text.replace(action, "")))
                assert named <= seen, (text, named - seen)
                if re.search(r"have not found|I have seen no|I know of no|still looking", text):
                    num_guesses += 1
                    if not re.search("another|other", text):
                        untouched = goal.task in ("put", "look", "two")
                        assert not (untouched and any(name.startswith(f"{goal.target} ") for name in seen)), text
    assert num_guesses > 10


def test_what_a_home_hides_changes_no_thought():
    """Two homes that differ only in what lies behind a closed door are thought of alike."""
    session = next(walk("Household-v0", 1, 1.0))
    thinker = session.task.thinker()
    thinker.look()
    action = next(name for name in session.task.game.admissible if name.startswith("go to"))
    before = [thinker.think(action, np.random.default_rng(i)) for i in range(NUM_WORDINGS)]
    game = session.task.game
    game.state = game.state._replace(contents=tuple(() for _ in game.state.contents))
    assert before == [thinker.think(action, np.random.default_rng(i)) for i in range(NUM_WORDINGS)]


def test_every_verb_is_thought_of_with_a_reason_somewhere():
    given = set()
    for seed in range(40):
        thinker = None
        for turn, session in enumerate(walk("Household-v0", seed, 1.0)):
            thinker = thinker or session.task.thinker()
            thinker.look()
            action = session.task.oracle_action()
            text = thinker.think(action, np.random.default_rng((seed, turn)))
            assert f'"{action}"' not in text, f"the oracle's {action} was given no reason: {text}"
            given.add(re.match("go to|[a-z]+", action)[0])
    assert given == {"go to", "open", "take", "move", "clean", "heat", "cool", "use"}


def test_appliances_are_those_of_the_rules():
    world = next(walk("Household-v0", 0, 1.0)).task.game.world
    for treatment, kinds in household.APPLIANCES.items():
        spots = [spot for i, spot in enumerate(world.receptacles) if world.appliances[treatment] >> i & 1]
        assert {spot.kind for spot in spots} <= set(kinds)


def test_a_task_of_someone_else_has_no_thoughts():
    class Elsewhere(TaskEnv):
        reward_weights: ClassVar = {}
        option_names = ()
        _deal = _move = _legal_actions = _status = _draw = _describe = _read_out = None
        _write_prompt = _best_action = _best_value = None

    session = next(walk("NumberLine-v0", 0, 1.0))
    with pytest.raises(ConfigError, match="cot='none'"):
        thinker_of(Elsewhere(TaskSettings(), session.task.actions, 2))
