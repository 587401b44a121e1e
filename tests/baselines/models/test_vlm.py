"""The policy's promises, on the tiny model in float32."""

import pytest
import torch

from baselines.models.loading import load_policy
from baselines.models.model_config import ModelConfig
from baselines.models.policy import Prompt
from baselines.models.sampling import Drawn, draw, sample
from vlm_gym.errors import ConfigError

LIMIT = 24
EXACT = {"atol": 1e-5, "rtol": 0.0}


def answers_of(policy, prompts, generator, temperature=1.0):
    return policy.generate(prompts, max_new_tokens=LIMIT, temperature=temperature, generator=generator)


def test_the_batch_changes_no_log_prob(policy, prompts, random_generator):
    answers = answers_of(policy, prompts, random_generator)
    together = policy.evaluate(prompts, answers, temperature=1.0)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        alone = policy.evaluate([prompt], [answer], temperature=1.0)
        length = len(answer.tokens)
        torch.testing.assert_close(alone.logp[0], together.logp[row, :length], **EXACT)
        torch.testing.assert_close(alone.entropy[0], together.entropy[row, :length], **EXACT)
        torch.testing.assert_close(alone.value[0], together.value[row], **EXACT)
        assert not together.mask[row, length:].any()
        assert not together.logp[row, length:].any()


def test_the_padding_side_changes_no_log_prob(policy, prompts):
    """The model's own forward over prompt and answer without any padding, and with it on the right."""
    answers = [policy.write('{"action": "+"}') for _ in prompts]
    evaluation = policy.evaluate(prompts, answers, temperature=1.0)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        inputs, _ = policy.module.encode([prompt])
        start = inputs["input_ids"].shape[1]
        tokens = torch.tensor([[*inputs["input_ids"][0].tolist(), *answer.tokens, 0, 0, 0]])
        mask = torch.ones_like(tokens)
        mask[:, -3:] = 0
        output = policy.model(input_ids=tokens, attention_mask=mask, pixel_values=inputs["pixel_values"])
        logits = policy.module.token_head.shape(output.logits[0, start - 1 : -4], 1.0)
        expected = logits.log_softmax(-1).gather(-1, torch.tensor(answer.tokens)[:, None])[:, 0]
        torch.testing.assert_close(evaluation.logp[row], expected, **EXACT)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_the_sampler_and_the_training_forward_agree(policy, prompts, random_generator, temperature):
    seen = []

    def choose(logits):
        every = policy.module.token_head.shape(logits, temperature).log_softmax(-1)
        tokens = torch.multinomial(every.exp(), 1, generator=random_generator)
        seen.append(every.gather(-1, tokens)[:, 0])
        return Drawn(tokens[:, 0], seen[-1])

    with torch.no_grad(), policy._merged():
        inputs, positions = policy.module.encode(prompts)
        sampled = sample(policy.model, inputs, positions, choose=choose, is_over=lambda _: False, max_new_tokens=LIMIT)
    answers = [policy.transcriber.answer(found.tokens) for found in sampled]
    evaluation = policy.evaluate(prompts, answers, temperature=temperature)
    torch.testing.assert_close(evaluation.logp, torch.stack(seen, dim=1), atol=1e-4, rtol=0.0)


def test_rows_that_are_over_leave_the_batch_and_disturb_no_other(policy, prompts):
    choose = policy.module.token_head
    inputs, positions = policy.module.encode(prompts)

    def greedy(rows, is_over):
        part = {name: value[rows] for name, value in inputs.items()}
        return sample(
            policy.model,
            part,
            positions[rows],
            choose=lambda logits: draw(choose.shape(logits, 1.0), None, is_greedy=True),
            is_over=is_over,
            max_new_tokens=LIMIT,
        )

    def is_over(tokens):
        return len(tokens) == 3 + tokens[0] % 7

    together = greedy([0, 1, 2, 3], is_over)
    assert together == [greedy([row], is_over)[0] for row in range(4)]
    assert all(answer.is_ended for answer in together)


def test_greedy_answers_are_those_of_transformers_own_generation(policy, prompts):
    inputs, _ = policy.module.encode(prompts)
    with policy._merged():
        expected = policy.model.generate(
            **inputs,
            max_new_tokens=LIMIT,
            do_sample=False,
            suppress_tokens=list(policy.special.suppressed),
        )[:, inputs["input_ids"].shape[1] :]
    for answer, row in zip(answers_of(policy, prompts, None, temperature=0.0), expected, strict=True):
        assert answer.tokens == tuple(row[: len(answer.tokens)].tolist())


def test_suppressed_tokens_are_never_sampled(policy, prompts, random_generator):
    suppressed = list(policy.special.suppressed)
    assert {policy.model.config.image_token_id, policy.processor.tokenizer.pad_token_id} <= set(suppressed)
    with torch.no_grad():
        policy.model.get_output_embeddings().weight[suppressed] *= 100
    answers = answers_of(policy, prompts * 8, random_generator)
    assert not {token for answer in answers for token in answer.tokens} & set(suppressed)
    head = policy.module.token_head
    assert not head.shape(torch.zeros(1, head.banned.numel()), 1.0).softmax(-1)[0, suppressed].any()


def test_the_same_generator_gives_the_same_answers(policy, prompts):
    first, second = (answers_of(policy, prompts, torch.Generator().manual_seed(3)) for _ in range(2))
    assert first == second
    assert first != answers_of(policy, prompts, torch.Generator().manual_seed(4))


def test_an_answer_that_runs_into_the_limit_is_cut_off(policy, prompts, random_generator):
    answers = policy.generate(prompts, max_new_tokens=2, temperature=1.0, generator=random_generator)
    assert all(answer.is_cut_off == (len(answer.tokens) == 2) for answer in answers)
    assert any(answer.is_cut_off for answer in answers)


def test_a_written_answer_ends_its_turn_and_has_log_probs(policy, prompts):
    answer = policy.write('{"action": "+"}')
    assert answer.text == '{"action": "+"}'
    assert answer.tokens[-1] == policy.processor.tokenizer.eos_token_id
    assert torch.isfinite(policy.evaluate(prompts, [answer] * 4, temperature=1.0).logp).all()


def test_a_written_answer_must_hold_no_special_token(policy):
    with pytest.raises(ConfigError, match="special token"):
        policy.write('{"action": "<image>"}')


def test_an_answer_without_tokens_is_refused(policy, prompts):
    with pytest.raises(ConfigError, match="at least one token"):
        policy.evaluate(prompts[:1], [policy.transcriber.answer([])], temperature=1.0)


@pytest.mark.parametrize("rank", [0, 4])
def test_what_trains_can_be_saved_and_loaded(prompts, rank, tmp_path):
    from safetensors.torch import load_file, save_file

    policy, other = (load_policy(ModelConfig(rank=rank), seed=5) for _ in range(2))
    for value in policy.state_dict().values():
        value.add_(0.05)
    save_file(policy.state_dict(), tmp_path / "state.safetensors")
    answers = [policy.write('{"action": "+"}')] * len(prompts)
    expected = policy.evaluate(prompts, answers, temperature=1.0)
    assert not torch.equal(other.evaluate(prompts, answers, temperature=1.0).logp, expected.logp)
    other.load_state_dict(load_file(tmp_path / "state.safetensors"))
    for mine, theirs in zip(other.evaluate(prompts, answers, temperature=1.0), expected, strict=True):
        assert torch.equal(mine, theirs)


def test_a_state_of_another_model_is_refused(policy):
    state = policy.state_dict()
    name = next(iter(state))
    with pytest.raises(ConfigError, match=r"has shape .* in the checkpoint and .* here: load it with"):
        policy.load_state_dict({**state, name: state[name][:1]})
    with pytest.raises(ConfigError, match="is missing in the checkpoint"):
        policy.load_state_dict({key: value for key, value in state.items() if key != name})
    with pytest.raises(ConfigError, match="is not trained"):
        policy.load_state_dict({**state, "more": state[name]})


@pytest.mark.parametrize("rank", [0, 4])
def test_checkpointing_changes_no_gradient(prompts, rank):
    gradients, answers = [], []
    for is_checkpointed in (False, True):
        policy = load_policy(ModelConfig(rank=rank, checkpointing=is_checkpointed))
        evaluation = policy.evaluate(prompts, [policy.write('{"action": "+"}')] * 4, temperature=1.0)
        (evaluation.logp.sum() + evaluation.value.sum()).backward()
        gradients.append({n: v.grad for n, v in policy.module.named_parameters() if v.requires_grad})
        answers.append(answers_of(policy, prompts, None, 0.0))
    assert answers[0] == answers[1]
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)


def test_dropout_stays_off_whatever_a_trainer_asks_for(policy):
    policy.module.train()
    assert not policy.module.training
    assert not any(module.training for module in policy.module.modules())


def test_values_are_those_of_evaluate_and_start_at_zero(policy, prompts):
    evaluation = policy.evaluate(prompts, [policy.write("a")] * 4, temperature=1.0)
    torch.testing.assert_close(policy.values(prompts), evaluation.value, **EXACT)
    assert not policy.values(prompts).requires_grad
    assert not load_policy(ModelConfig()).values(prompts).any()


def test_each_sample_keeps_its_own_picture_and_prompt(policy, prompts):
    swapped = [Prompt.of(prompts[0].pictures[0], prompts[1].question.text), prompts[1]]
    answers = [policy.write("a")] * 2
    mine = policy.evaluate(swapped, answers, temperature=1.0).logp
    theirs = policy.evaluate([prompts[1], prompts[1]], answers, temperature=1.0).logp
    assert not torch.equal(mine[0], theirs[0])
    torch.testing.assert_close(mine[1], theirs[1], **EXACT)


def test_two_groups_with_their_own_learning_rates_hold_all_that_trains(policy):
    groups = policy.parameter_groups(lr=1.0, value_lr=2.0)
    assert [(group["name"], group["lr"]) for group in groups] == [("model", 1.0), ("value_head", 2.0)]
    held = sum(len(group["params"]) for group in groups)
    assert held == sum(value.requires_grad for value in policy.module.parameters()) == len(policy.state_dict())


@pytest.mark.parametrize("is_static", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_an_answer_holds_the_log_probs_that_its_tokens_were_drawn_with(prompts, is_static, temperature):
    policy = load_policy(ModelConfig(rank=4, static_cache=is_static))
    generator = torch.Generator().manual_seed(5)
    answers = policy.generate(prompts, max_new_tokens=LIMIT, temperature=temperature, generator=generator)
    evaluation = policy.evaluate(prompts, answers, temperature=temperature)
    for answer, logp in zip(answers, evaluation.logp, strict=True):
        assert len(answer.logp) == len(answer.tokens)
        torch.testing.assert_close(torch.tensor(answer.logp), logp[: len(answer.tokens)], atol=1e-4, rtol=0.0)


@pytest.mark.parametrize("is_static", [False, True])
def test_a_greedy_choice_is_certain(prompts, is_static):
    policy = load_policy(ModelConfig(rank=4, static_cache=is_static))
    for answer in policy.generate(prompts, max_new_tokens=4, temperature=0.0):
        assert answer.logp == (0.0,) * len(answer.tokens)


def test_a_static_cache_sees_one_shape_as_the_batch_shrinks(prompts, monkeypatch):
    """Compiled code is made for a shape: an evaluation with ever fewer episodes must not make it anew each time."""
    policy = load_policy(ModelConfig(rank=4, static_cache=True))
    shapes, generate = [], policy.model.generate

    def watched(**arguments):
        shapes.append(arguments["input_ids"].shape[0])
        return generate(**arguments)

    monkeypatch.setattr(policy.model, "generate", watched)
    whole = policy.generate(prompts, max_new_tokens=LIMIT, temperature=0.0)
    for size in (3, 1, 2):
        assert policy.generate(prompts[:size], max_new_tokens=LIMIT, temperature=0.0) == whole[:size]
    assert shapes == [4, 4, 4, 4]


def test_a_static_cache_samples_from_the_same_distribution_with_its_own_seed(prompts):
    policy = load_policy(ModelConfig(rank=4, static_cache=True))
    disturb = torch.Generator().manual_seed(1)
    for value in policy.state_dict().values():
        value.add_(0.1 * torch.randn(value.shape, generator=disturb))
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first, second = (answers_of(policy, prompts, torch.Generator().manual_seed(3)) for _ in range(2))
    assert first == second
    assert first != answers_of(policy, prompts, torch.Generator().manual_seed(4))
    assert torch.equal(torch.random.get_rng_state(), before)
    many = policy.generate(prompts[:1] * 400, max_new_tokens=1, temperature=0.5, generator=torch.Generator())
    inputs, positions = policy.module.encode(prompts[:1])
    with torch.no_grad():
        logits = policy.model(**inputs, position_ids=positions).logits[0, -1]
    chances = policy.module.token_head.shape(logits, 0.5).softmax(-1)
    counts = torch.bincount(torch.tensor([answer.tokens[0] for answer in many]), minlength=len(chances))
    assert (counts / 400 - chances).abs().max() < 0.1


def test_with_and_without_gradients_the_log_probs_are_the_very_same(policy, prompts, random_generator):
    answers = answers_of(policy, prompts, random_generator)
    with torch.no_grad():
        old = policy.evaluate(prompts, answers, temperature=0.7)
    new = policy.evaluate(prompts, answers, temperature=0.7)
    assert torch.equal(new.logp, old.logp)
    assert torch.equal(new.value, old.value)
