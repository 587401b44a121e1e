"""The stand-in for a model: the evaluator gets of it what every adapter must get."""

import asyncio

import numpy as np
import pytest
from adapters.pixel_model import UNREADABLE, PixelModel, chosen_episodes

from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes


class PixelAgent(Agent):
    """The model as an agent of the evaluator."""

    name = "pixels"

    def __init__(self, model):
        self.model = model

    def describe(self):
        return {"name": self.name}

    async def answer(self, session, rng):
        return Reply(self.model.answer(session.question.picture, session.question.text))


def test_what_an_adapter_must_reach_is_what_the_evaluator_reaches(tmp_path):
    episodes = chosen_episodes()
    model = PixelModel(episodes)
    asyncio.run(evaluate(tmp_path / "run", Plan(tuple(episodes)), PixelAgent(model)))
    assert not model.unknown
    for record in read_episodes(tmp_path / "run"):
        expected = model.expected[record.episode]
        found = {
            "return": record.total_reward,
            "success": float(record.is_success),
            "turns": float(record.num_turns),
            "faults": float(record.num_faults),
        }
        assert {name: expected[name] for name in found} == found


def test_it_is_a_model_that_wins_fails_and_says_what_cannot_be_read():
    model = PixelModel(chosen_episodes())
    assert {metrics["success"] for metrics in model.expected.values()} == {0.0, 1.0}
    assert any(metrics["faults"] for metrics in model.expected.values())
    assert UNREADABLE in model._answers.values()


def test_a_picture_of_which_one_pixel_is_another_is_unknown():
    model = PixelModel(chosen_episodes()[:1])
    picture = np.zeros((300, 300, 3), np.uint8)
    assert model.answer(picture, "x") == "I do not know this picture."
    assert model.unknown == ["x"]


@pytest.mark.parametrize("count", [2])
def test_the_episodes_are_of_three_tasks(count):
    assert len({episode.task for episode in chosen_episodes()}) == 3
    assert len(chosen_episodes()) == 3 * count
