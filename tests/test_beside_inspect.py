"""The benchmark beside inspect-ai: our side of it, and the server's answers."""

import json

import pytest
from openai_server import OpenAIServer

from benchmarks import beside_inspect
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.messages import to_openai
from vlm_gym.rollout import Rollout


@pytest.mark.parametrize("panel", beside_inspect.PANELS)
def test_the_server_answers_with_what_the_prompt_offers(panel):
    rollout, num_offered = Rollout(), 0
    for episode in get_panel(panel).first(1).episodes:
        rollout.start(episode)
        request = {"messages": to_openai(rollout.messages())}
        said = json.loads(beside_inspect.answer(request))["action"]
        assert beside_inspect.answer(request) == beside_inspect.answer(request)
        if rollout.session.info["admissible_actions"]:  # a formula is written, not chosen
            num_offered += 1
            assert rollout.session.task.actions.read(said) is not None
    assert num_offered
    rollout.close()


def test_our_side_plays_a_panel_to_its_end():
    with OpenAIServer(answer=beside_inspect.answer) as server:
        told = beside_inspect.ours("cards-v0", 1, server.base_url)
    assert 0 < told["turns"] < server.num_answered  # one episode more is played before, to warm up
    assert told["cpu_s"] > 0
