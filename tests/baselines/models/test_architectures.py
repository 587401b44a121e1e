"""Every architecture through the same path as a checkpoint from the hub: load, answer, evaluate, train."""

import numpy as np
import pytest
import torch
from tiny_checkpoints import CHECKPOINTS

from baselines.models import vlm_module
from baselines.models.loading import load_policy
from baselines.models.lora import PARTS
from baselines.models.model_config import ModelConfig
from baselines.models.policy import Answer, Prompt
from baselines.rollout import Seat, make_rollout
from baselines.settings import TaskConfig
from vlm_gym.chat import ChatSettings
from vlm_gym.evaluation.models.local_model import LocalModelAgent
from vlm_gym.messages import Message, to_hugging_face

pytestmark = pytest.mark.slow

ANSWER = '{"thoughts": "add 1", "action": "+"}'


@pytest.fixture(scope="module", params=CHECKPOINTS)
def checkpoint(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp(request.param)
    CHECKPOINTS[request.param](directory)
    return str(directory)


@pytest.fixture(params=["one picture", "several pictures"])
def prompts(request, prompts):
    """Prompts of one message, and conversations of several turns with pictures of several sizes."""
    if request.param == "one picture":
        return prompts
    rng = np.random.default_rng(1)

    def turn(width, text="Play."):
        return Message("user", text, rng.integers(0, 256, (84, width, 3), dtype=np.uint8))

    said = Message("assistant", '{"action": "+"}<image>')  # which is no picture
    return [
        third_turn(),
        Prompt((Message("system", "You play."), turn(84), said, turn(112), said, turn(84, "Play the number line."))),
        Prompt((turn(56, "You are playing. " * 3),)),
        Prompt((turn(84), said, Message("user", "Without a picture."), said, turn(140))),
    ]


def third_turn():
    """Return what a player is asked in the third turn of a game, told with a history: three pictures."""
    task = TaskConfig("NumberLine-v0", {"image_size": 84})
    told = ChatSettings(history=2, system="You play.", question="Play. {prompt}", tell_mistakes=True)
    seat = Seat(make_rollout(told), task.episode)
    for text in ('{"action": "+"}', "hm"):
        seat.play(Answer((1,), text, ((0, len(text)),)))
    return seat.prompt


def test_batches_of_answers_are_those_of_transformers_own_generation(checkpoint, prompts):
    policy = load_policy(ModelConfig(name=checkpoint, rank=4))
    answers = policy.generate(prompts, max_new_tokens=12, temperature=0.0)
    for prompt, answer in zip(prompts, answers, strict=True):
        inputs, _ = policy.module.encode([prompt])
        expected = policy.model.generate(
            **inputs, max_new_tokens=12, do_sample=False, suppress_tokens=list(policy.special.suppressed)
        )[0, inputs["input_ids"].shape[1] :]
        assert answer.tokens == tuple(expected[: len(answer.tokens)].tolist())


def test_what_training_reads_is_what_the_evaluator_sends(checkpoint, prompts):
    """Words, pictures and their order, also of several turns: the agent hf: and the trainer make the same of them."""
    policy, agent = load_policy(ModelConfig(name=checkpoint, rank=4)), LocalModelAgent(checkpoint)
    for prompt in prompts:
        sent = agent._inputs([to_hugging_face(prompt.messages, agent._special_tokens)])
        read = policy.module.encoder([prompt], torch.device("cpu"))
        assert read.keys() == {name for name, value in sent.items() if isinstance(value, torch.Tensor)}
        for name, value in read.items():
            assert torch.equal(value, sent[name].to(value.dtype)), name


def test_log_probs_are_those_of_the_models_own_forward(checkpoint, prompts):
    """Alone and without padding, with the positions that the model works out itself; and so in a batch."""
    policy = load_policy(ModelConfig(name=checkpoint, rank=4))
    answers = [policy.write(ANSWER), policy.write(ANSWER[:9]), policy.write("+"), policy.write(ANSWER)]
    batch = policy.evaluate(prompts, answers, temperature=1.0)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        inputs, _ = policy.module.encode([prompt])
        start, length = inputs["input_ids"].shape[1], len(answer.tokens)
        for name, value in inputs.items():
            if value.shape == (1, start):
                inputs[name] = torch.cat([value, value.new_full((1, length), int(name == "attention_mask"))], dim=1)
        inputs["input_ids"][0, start:] = torch.tensor(answer.tokens)
        logits = policy.module.token_head.shape(policy.model(**inputs).logits[0, start - 1 : -1], 1.0)
        expected = logits.log_softmax(-1).gather(-1, torch.tensor(answer.tokens)[:, None])[:, 0]
        torch.testing.assert_close(batch.logp[row, :length], expected, atol=1e-5, rtol=0.0)


@pytest.mark.parametrize("is_static", [False, True])
def test_the_sampler_records_the_log_probs_of_the_training_forward(checkpoint, prompts, is_static):
    """Token by token, with adapters that say something: merged in one, beside the weights in the other."""
    policy = load_policy(ModelConfig(name=checkpoint, rank=4, static_cache=is_static))
    noise = torch.Generator().manual_seed(1)
    for value in policy.state_dict().values():
        value.add_(0.1 * torch.randn(value.shape, generator=noise))
    answers = policy.generate(prompts, max_new_tokens=12, temperature=0.7, generator=torch.Generator().manual_seed(2))
    evaluation = policy.evaluate(prompts, answers, temperature=0.7)
    for answer, logp in zip(answers, evaluation.logp, strict=True):
        assert len(answer.logp) == len(answer.tokens)
        torch.testing.assert_close(torch.tensor(answer.logp), logp[: len(answer.tokens)], atol=1e-4, rtol=0.0)


def test_prompts_that_come_again_are_read_once_and_nothing_changes(checkpoint, prompts, monkeypatch):
    policy = load_policy(ModelConfig(name=checkpoint, rank=4))
    some = [prompts[row] for row in (0, 1, 0, 1, 1, 3)]
    answers = policy.generate(some, max_new_tokens=9, temperature=1.0, generator=torch.Generator().manual_seed(3))
    found = []
    for most in (1.0, 0.0):
        monkeypatch.setattr(vlm_module, "MOST_DISTINCT", most)
        policy.module.zero_grad()
        evaluation = policy.evaluate(some, answers, temperature=1.0)
        (evaluation.logp.sum() + evaluation.value.sum()).backward()
        gradients = [value.grad.clone() for value in policy.module.parameters() if value.grad is not None]
        found.append([evaluation.logp, evaluation.value, *gradients])
    for mine, expected in zip(*found, strict=True):
        assert (mine - expected).norm() <= 1e-3 * expected.norm() + 1e-5
    for answer, logp in zip(answers, found[0][0], strict=True):
        torch.testing.assert_close(torch.tensor(answer.logp), logp[: len(answer.tokens)], atol=1e-4, rtol=0.0)


@pytest.mark.parametrize("rank", [4, 0])
def test_a_step_moves_every_weight_that_trains_and_no_other(checkpoint, prompts, rank):
    policy = load_policy(ModelConfig(name=checkpoint, rank=rank, checkpointing=True))
    before = {name: value.detach().clone() for name, value in policy.module.named_parameters()}
    optimizer = torch.optim.AdamW(policy.parameter_groups(lr=1e-2, value_lr=1e-2))
    answers = [policy.write(ANSWER) for _ in prompts]
    for _ in range(2):  # the first moves B of each adapter and the value head's last layer, the second all others
        optimizer.zero_grad()
        evaluation = policy.evaluate(prompts, answers, temperature=1.0)
        loss = -evaluation.logp.sum() + (evaluation.value - 1).square().sum()
        loss.backward()
        optimizer.step()
    trained = set(policy.state_dict())
    assert not [name for name, value in policy.module.named_parameters() if name in trained and value.grad is None]
    unmoved = [name for name, value in policy.module.named_parameters() if torch.equal(value, before[name])]
    assert not set(unmoved) & trained
    assert {name for name in before if name not in trained} <= set(unmoved)
    assert any("lora_A" in name for name in trained) == bool(rank)


def test_each_part_can_train_alone(checkpoint):
    parts = [names_of(checkpoint, rank=0, parts=(part,)) for part in PARTS]
    assert all(parts)
    assert set().union(*parts) == names_of(checkpoint, rank=0)
    assert sum(len(names) for names in parts) == len(names_of(checkpoint, rank=0))
    adapted = [names_of(checkpoint, rank=2, parts=(part,)) for part in PARTS if has_linear(checkpoint, part)]
    assert set().union(*adapted) == names_of(checkpoint, rank=2)


def names_of(checkpoint, **settings):
    policy = load_policy(ModelConfig(name=checkpoint, **settings))
    return {name for name in policy.state_dict() if name.startswith("model.")}


def has_linear(checkpoint, part):
    """Return whether the part has a layer that takes an adapter: Gemma 3's projector is a bare matrix."""
    return not ("gemma3" in checkpoint and part == "projector")


def test_it_can_be_saved_with_its_adapter_and_loaded_again(checkpoint, prompts, tmp_path):
    policy = load_policy(ModelConfig(name=checkpoint, rank=4))
    for value in policy.state_dict().values():
        value.add_(0.05)
    answers = [policy.write(ANSWER) for _ in prompts]
    policy.save_pretrained(str(tmp_path))
    loaded = load_policy(ModelConfig(name=str(tmp_path), rank=4))
    expected = policy.evaluate(prompts, answers, temperature=1.0).logp
    found = loaded.evaluate(prompts, answers, temperature=1.0).logp
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)  # an adapter that is merged in rounds otherwise


def test_bf16_works(checkpoint, prompts):
    policy = load_policy(ModelConfig(name=checkpoint, rank=4, precision="bfloat16"))
    answers = policy.generate(prompts, max_new_tokens=4, temperature=1.0, generator=torch.Generator().manual_seed(0))
    evaluation = policy.evaluate(prompts, answers, temperature=1.0)
    assert evaluation.logp.dtype == evaluation.value.dtype == torch.float32
    (evaluation.logp.sum() + evaluation.value.sum()).backward()
    assert all(value.dtype == torch.float32 for value in policy.state_dict().values())


def test_a_static_cache_changes_no_answer(checkpoint, prompts):
    eager, static = (
        load_policy(ModelConfig(name=checkpoint, rank=4, static_cache=is_static)) for is_static in (False, True)
    )
    expected = eager.generate(prompts, max_new_tokens=12, temperature=0.0)
    assert static.generate(prompts, max_new_tokens=12, temperature=0.0) == expected


def test_a_frozen_vision_tower_sees_each_picture_once(checkpoint, prompts, monkeypatch):
    """With the language model alone in training; the answers, log-probs and gradients are those of fresh features."""
    policy = load_policy(ModelConfig(name=checkpoint, rank=4, parts=("language",)))
    fresh = load_policy(ModelConfig(name=checkpoint, rank=4, parts=("language",), cache_mebibytes=0))
    fresh.module.features = None
    seen = []
    look = policy.model.model.get_image_features
    monkeypatch.setattr(policy.model.model, "get_image_features", lambda **inputs: seen.append(1) or look(**inputs))
    answers = policy.generate(prompts, max_new_tokens=8, temperature=0.0)
    assert answers == fresh.generate(prompts, max_new_tokens=8, temperature=0.0)
    for rows in ([0, 1, 2, 3], [3, 1], [2, 0]):
        some, said = [prompts[row] for row in rows], [answers[row] for row in rows]
        mine, theirs = (made.evaluate(some, said, temperature=1.0) for made in (policy, fresh))
        torch.testing.assert_close(mine.logp, theirs.logp, atol=1e-5, rtol=0.0)
        mine.logp.sum().backward()
        theirs.logp.sum().backward()
    assert len(seen) == 1
    for group, other in zip(*(made.parameter_groups(lr=1, value_lr=1)[:1] for made in (policy, fresh)), strict=True):
        for value, expected in zip(group["params"], other["params"], strict=True):
            torch.testing.assert_close(value.grad, expected.grad, atol=1e-4, rtol=1e-4)
