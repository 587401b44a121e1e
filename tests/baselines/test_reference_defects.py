"""The training defects of the published code of Zhai et al. 2024, each as a test that this code does not have it.

What one part can show stands in its own tests: the prompt after an autoreset, one prompt for every turn, random moves
(test_rollout.py, test_learner.py), the bootstrap at a truncation (test_losses.py, test_learner.py), checkpoints and the
schedule (test_ppo.py), dropout (models/test_vlm.py), ranks with episodes of their own (test_rollout.py).
"""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_policy import Probe, ToyPolicy, make_learner, make_seats

import baselines
from baselines.batch import flatten, plan_epochs
from baselines.demonstrations import demonstrate
from baselines.evaluate import score_of
from baselines.models.loading import ModelConfig, load_policy
from baselines.models.spans import action_mask
from baselines.ppo import learn
from baselines.progress import score_metrics
from baselines.rollout import Episode, Sampling, Seat, collect, make_rollout
from baselines.settings import PpoConfig, TaskConfig
from vlm_gym.chat import ChatSettings

SOURCES = Path(baselines.__file__).parent


class Reader:
    """A perfect player that trusts its prompt alone."""

    def __init__(self, policy):
        self.policy = policy

    def generate(self, prompts, *, max_new_tokens, temperature, generator):
        answers = []
        for prompt in prompts:
            text = prompt.question.text
            cards = re.findall(r"(\w+) of", text)
            numbers = [{"A": 1, "J": 10, "Q": 10, "K": 10}.get(card) or int(card) for card in cards]
            operator = "*" if numbers[0] * numbers[1] == 12 else "+"
            formula = [str(numbers[0]), operator, str(numbers[1]), "="]
            done = 0 if "(empty)" in text else len(text.partition("Formula: ")[2].rstrip(".").split())
            answers.append(self.policy.write(f'{{"action": "{formula[done]}"}}'))
        return answers


def test_a_perfect_player_that_trusts_its_prompt_solves_every_episode():
    """With the previous episode's info in the first prompt it scores exactly 50 %, the published plateau."""
    task = TaskConfig("EZPoints-v0", {"image_size": 84})
    policy = load_policy(ModelConfig())
    seats = [
        Seat(make_rollout(ChatSettings(question="{observation_text}")), lambda n, i=i: task.episode(100 * i + n))
        for i in range(4)
    ]
    _, episodes = collect(Reader(policy), seats, 20, Sampling(64, 1.0), torch.Generator())
    assert len(episodes) == 20
    assert all(episode.is_success for episode in episodes)


@pytest.mark.parametrize("spacing", ['"action": "+"', '"action" : "+"', '"action":\n "+"', "'action': '+'"])
def test_the_action_is_found_however_it_is_spaced(spacing):
    """Token ids of '"action":' are hard-coded there, and fall back to the last four tokens."""
    policy = load_policy(ModelConfig())
    answer = policy.write(f'{{"thoughts": "+", {spacing}}} Now I wait for the next turn.')
    seat = Seat(make_rollout(), lambda _: TaskConfig("NumberLine-v0", {"image_size": 84}).episode(0))
    turn, _ = seat.play(answer)
    spans = [answer.offsets[place] for place, is_action in enumerate(turn.is_action) if is_action]
    place = answer.text.rindex("+")
    assert len(spans) == 1
    assert spans[0][0] <= place < spans[0][1]
    assert turn.is_action == action_mask(answer, (place, place + 1))


def test_no_token_id_and_no_model_name_stands_outside_of_models():
    names = re.compile(r"llava|qwen|smolvlm|internvl|gemma|token_id|apply_chat_template|<image>", re.IGNORECASE)
    for path in SOURCES.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, ast.Module)}
        words = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        words += [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        assert not [word for word in words if names.search(word) and word not in docstrings], path.name


def test_log_probs_are_summed_in_float32_whatever_the_models_precision():
    """Summed in bf16 the smallest step of a ratio is 13 to 28 %: more than the clip range."""
    policy = load_policy(ModelConfig(precision="bfloat16"))
    task = TaskConfig("NumberLine-v0", {"image_size": 84})
    (one, *_) = demonstrate([task.episode(0)], "oracle", np.random.default_rng(0))
    evaluation = policy.evaluate([one.prompt], [policy.write(one.text)], temperature=1.0)
    assert evaluation.logp.dtype == evaluation.value.dtype == torch.float32
    total = evaluation.logp.sum()
    assert total.item() != total.to(torch.bfloat16).item()


def test_the_entropy_bonus_is_used():
    """There the entropy coefficient and several flags are parsed and unused."""
    turns, _ = collect(ToyPolicy(), make_seats(lambda: Probe(lambda *_: 0.0)), 4, Sampling(4, 1.0), torch.Generator())
    entropies = []
    for weight in (0.0, 1.0):
        policy = ToyPolicy()
        with torch.no_grad():
            policy.module.word.bias.copy_(torch.tensor([1.0, 0.0]))
        learner = make_learner(policy, entropy_weight=weight, epochs=8)
        entropies.append(learn(learner, turns, np.random.default_rng(0)).steps[-1].entropy)
    assert entropies[1] > entropies[0] + 0.01


def test_every_setting_of_ppo_is_read_somewhere():
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py") if path.stem != "settings")
    for name in PpoConfig.__dataclass_fields__:
        assert re.search(rf"\.{name}\b", code), name


def test_turns_are_played_and_learnt_in_batches():
    """There the batch size is 1 everywhere."""
    policy = ToyPolicy()
    asked = []
    generate = policy.generate
    policy.generate = lambda prompts, **settings: asked.append(len(prompts)) or generate(prompts, **settings)
    turns, _ = collect(policy, make_seats(lambda: Probe(lambda *_: 0.0)), 4, Sampling(4, 1.0), torch.Generator())
    assert asked == [8] * 4
    epoch = plan_epochs(flatten(turns), 1, 32, 16, np.random.default_rng(0))[0]
    assert [[len(microbatch) for microbatch in minibatch] for minibatch in epoch] == [[16, 16]]


def test_a_draw_and_a_wrong_step_are_told_apart_from_failure():
    """There success is a positive return: a draw, or one wrong step in NumberLine, counts as failure."""
    draw, detour = Episode(is_success=False, total=0.0, num_turns=1), Episode(is_success=True, total=-1.0, num_turns=4)
    metrics = score_metrics("greedy", score_of([draw, detour]), "success")
    assert (metrics["greedy/success"], metrics["greedy/positive_return"]) == (0.5, 0.0)
    assert metrics["greedy/return"] == -0.5


def test_reported_numbers_are_of_the_last_checkpoint_with_an_interval_not_the_peak_of_a_curve():
    score = score_of([Episode(is_success=True, total=1.0, num_turns=1)] * 95 + [Episode(num_turns=1)] * 5)
    metrics = score_metrics("greedy", score, "success")
    assert metrics["greedy/episodes"] == 100
    assert metrics["greedy/low"] < 0.95 < metrics["greedy/high"]
