"""Perception versus reasoning, in real runs of agents that see and think well or badly."""

import asyncio
from dataclasses import replace

import pytest
from at_hand import PLAYABLE_IDS

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.scores.perception import perceive
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.fields import kinds, truths
from vlm_gym.registration import TASKS

LINE = {"task": "vlm_gym/NumberLine-v0", "options": {"position": 1, "target": 4}}
TWO_CARDS = {"task": "vlm_gym/EZPoints-v0", "options": {"cards": ["3H", "9S"]}}
SOLVABLE = {"task": "vlm_gym/EZPointsFormula-v0", "options": {"cards": ["3H", "9S"]}}
HOPELESS = {"task": "vlm_gym/Points24Formula-v0", "options": {"cards": ["AS", "AH", "AC", "AD"]}}
LOST = {"task": "vlm_gym/Blackjack-v0", "options": {"player": ["10H", "KS"], "dealer": ["AC", "KD"]}}


class Speaker(Agent):
    """Says what `say` makes of the truth, and does what `act` makes of the oracle's action; both get the turn."""

    def __init__(self, say=None, act=None):
        self.say = say or (lambda turn, truth: truth)
        self.act = act or (lambda turn, best: best)

    async def answer(self, session, rng):
        turn, actions = len(session.turns) + 1, session.task.actions
        action = self.act(turn, session.task.oracle_action() or actions.sample(rng))
        return Reply(session.parser.write(action, actions, fields=self.say(turn, truths(session.task.readings()))))

    def describe(self):
        return {"name": "speaker"}


def play(folder, start, **ways):
    episode = EpisodeSpec(start["task"], 0, options=start["options"])
    asyncio.run(evaluate(folder, Plan((episode,)), Speaker(**ways)))
    return perceive(read_played(folder))


def misread(field, said, turns=range(1, 100)):
    return lambda turn, truth: {**truth, field: said} if turn in turns else truth


def silent(turn, truth):
    return {}


def named_once(turn, truth):
    return truth if turn == 1 else {}


def times_at_turn_two(turn, best):
    """Three and nine make twelve, with a plus."""
    return "*" if turn == 2 else best


def causes(perception):
    names = ("num_misread", "num_reasoning", "num_unnamed", "num_no_mistake")
    return {name.removeprefix("num_") for name in names if getattr(perception, name)}


def test_who_reads_and_plays_right_fails_nowhere(tmp_path):
    perception = play(tmp_path, LINE)
    assert perception.num_failures == 0
    assert causes(perception) == set()
    assert [field.field for field in perception.fields] == ["current number", "target number"]
    assert all((field.num_right, field.num_wrong, field.num_unnamed) == (3, 0, 0) for field in perception.fields)


def test_who_misreads_and_fails_has_misread(tmp_path):
    perception = play(tmp_path, LINE, say=misread("current number", "5"), act=lambda turn, best: "-")
    assert perception.num_failures == perception.num_misread == 1
    current, target = perception.fields
    assert (current.num_right, current.num_wrong) == (0, 10)
    assert (target.num_right, target.num_wrong) == (10, 0)


def test_who_reads_right_and_fails_reasons_badly(tmp_path):
    assert causes(play(tmp_path, LINE, act=lambda turn, best: "-")) == {"reasoning"}


def test_a_misreading_without_a_failure_is_only_counted(tmp_path):
    perception = play(tmp_path, LINE, say=misread("target number", "0"))
    assert perception.num_failures == 0
    assert perception.fields[1].num_wrong == 3


def test_a_formula_from_misread_cards_is_a_misreading(tmp_path):
    perception = play(tmp_path, SOLVABLE, say=misread("cards", "3, 8"), act=lambda turn, best: "3 + 8")
    assert causes(perception) == {"misread"}


def test_only_what_was_misread_until_the_deciding_turn_counts(tmp_path):
    before = play(tmp_path / "a", TWO_CARDS, say=misread("cards", "9, 9", (1,)), act=times_at_turn_two)
    after = play(tmp_path / "b", TWO_CARDS, say=misread("cards", "9, 9", (3,)), act=times_at_turn_two)
    assert causes(before) == {"misread"}
    assert causes(after) == {"reasoning"}


def test_what_was_not_named_is_not_known(tmp_path):
    assert causes(play(tmp_path, TWO_CARDS, say=named_once, act=times_at_turn_two)) == {"unnamed"}


def test_who_names_nothing_at_all_is_not_judged(tmp_path):
    assert play(tmp_path, LINE, say=silent) is None
    assert summarise(tmp_path).overall.perception is None


@pytest.mark.parametrize("start", [HOPELESS, LOST], ids=["a deal without a solution", "a lost hand"])
def test_bad_luck_is_no_mistake(tmp_path, start):
    assert causes(play(tmp_path, start, say=misread("cards", "2, 2, 2, 2"))) == {"no_mistake"}


def test_other_suits_are_inexact_and_explain_no_failure(tmp_path):
    perception = play(
        tmp_path, SOLVABLE, say=misread("cards", "3 of clubs, 9 of clubs"), act=lambda turn, best: "3 * 9"
    )
    assert perception.fields[0].num_inexact == 1
    assert causes(perception) == {"reasoning"}


def test_a_summary_holds_the_perception_of_all_tasks_together(tmp_path):
    episodes = tuple(EpisodeSpec(start["task"], 0, options=start["options"]) for start in (LINE, SOLVABLE, TWO_CARDS))
    asyncio.run(evaluate(tmp_path, Plan(episodes), Speaker(say=misread("cards", "A, A"))))
    summary = summarise(tmp_path)
    assert {field.field: field.num_wrong for field in summary.overall.perception.fields} == {
        "current number": 0,
        "target number": 0,
        "cards": 5,
        "formula": 0,
    }
    assert [task.perception.num_failures for task in summary.tasks] == [0, 0, 0]


def test_the_truth_itself_reads_right_in_every_task(tmp_path):
    names = ("NumberLine", "EZPoints", "Points24", "Points24-FaceRank", "Points24Formula", "Blackjack", "Household")
    episodes = tuple(EpisodeSpec(f"vlm_gym/{name}-v0", seed) for name in names for seed in range(5))
    asyncio.run(evaluate(tmp_path, Plan(episodes), Speaker()))
    for task in summarise(tmp_path).tasks:
        for field in task.perception.fields:
            assert (field.num_inexact, field.num_wrong, field.num_unnamed) == (0, 0, 0), (task.name, field)
        assert task.perception.num_failures == task.perception.num_no_mistake


@pytest.mark.parametrize("style", ["cot", "paper"])
@pytest.mark.parametrize("task", [name for name in PLAYABLE_IDS if not TASKS[name].axis])  # levels are newer
def test_a_task_knows_the_kinds_of_old_records_fields(task, style):
    entry = TASKS[task]
    env = EpisodeSpec(task, 0, {"prompt": style}).make()
    env.reset(seed=0)
    named = kinds(env.unwrapped.readings())
    assert named
    assert named.items() <= entry.load().field_kinds({**entry.arguments, "prompt": style}).items()
    env.close()


@pytest.mark.parametrize(
    "start",
    [LINE, TWO_CARDS, LOST, {**TWO_CARDS, "task": "vlm_gym/EZPoints-FaceRank-v0"}, {"task": "vlm_gym/Household-v0"}],
)
def test_records_without_kinds_are_scored_as_those_with(tmp_path, start):
    def say_tens(turn, truth):
        return {name: value.replace("K", "10").replace("1", "2") for name, value in truth.items()}

    play(tmp_path, {"options": None, **start}, say=say_tens)
    played = read_played(tmp_path)
    assert all(turn.kinds for item in played for turn in item.turns)
    old = [replace(item, turns=tuple(replace(turn, kinds=None) for turn in item.turns)) for item in played]
    assert perceive(old) == perceive(played)
