"""The built-in tiny VLM is an ordinary Hugging Face model of about half a million parameters, and it learns."""

import json
import re

import gymnasium as gym
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from baselines.models.loading import load_policy
from baselines.models.model_config import ModelConfig
from baselines.models.policy import Prompt
from baselines.models.tiny import IMAGE, build_tiny
from vlm_gym.errors import ConfigError
from vlm_gym.registration import TASKS


def test_it_has_about_half_a_million_parameters():
    model, processor = build_tiny()
    assert 450_000 < sum(value.numel() for value in model.parameters()) < 620_000
    assert processor.tokenizer.padding_side == "left"
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_white_is_zero(prompts):
    policy = load_policy(ModelConfig())
    white = Prompt.of(prompts[0].pictures[0] * 0 + 255, "Play.")
    inputs, _ = policy.module.encode([white])
    assert inputs["pixel_values"].abs().max() < 1e-6
    assert (inputs["input_ids"] == policy.model.config.image_token_id).sum() == 16


@pytest.mark.parametrize("rank", [0, 4])
def test_saved_and_loaded_it_has_the_same_log_probs(prompts, rank, tmp_path):
    policy = load_policy(ModelConfig(rank=rank), seed=3)
    for value in policy.state_dict().values():
        value.add_(0.02)
    answers = [policy.write('{"action": "+"}')] * len(prompts)
    policy.save_pretrained(str(tmp_path))
    loaded = load_policy(ModelConfig(name=str(tmp_path)))
    expected = policy.evaluate(prompts, answers, temperature=1.0).logp
    torch.testing.assert_close(loaded.evaluate(prompts, answers, temperature=1.0).logp, expected, atol=1e-5, rtol=0.0)
    if not rank:
        assert torch.equal(loaded.evaluate(prompts, answers, temperature=1.0).logp, expected)


def test_transformers_loads_it_without_us(tmp_path):
    load_policy(ModelConfig()).save_pretrained(str(tmp_path))
    model = AutoModelForImageTextToText.from_pretrained(tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert type(model).__name__ == "LlavaForConditionalGeneration"
    assert processor.image_token == IMAGE


def test_the_seed_decides_the_weights():
    first, same, other = (build_tiny(seed)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[name]) for name, value in first.items())
    assert not all(torch.equal(value, other[name]) for name, value in first.items())


def test_a_share_of_the_weights_is_left_in_what_layers_add():
    whole, eighth = (
        load_policy(ModelConfig(rank=0, layers=3, added_share=share), seed=1).model.state_dict()
        for share in (1.0, 0.125)
    )
    assert {name for name, value in whole.items() if not torch.equal(value, eighth[name])} == {
        f"model.language_model.layers.{number}.{part}.weight"
        for number in range(3)
        for part in ("self_attn.o_proj", "mlp.down_proj")
    }
    assert torch.equal(
        eighth["model.language_model.layers.2.mlp.down_proj.weight"],
        whole["model.language_model.layers.2.mlp.down_proj.weight"] / 8,
    )
    with pytest.raises(ConfigError, match=r"model\.added_share must be above 0 and at most 1, got 0"):
        ModelConfig(added_share=0)


@pytest.mark.parametrize("name", ["NumberLine-v0", "EZPoints-v0", "Points24-v0", "Blackjack-v0", "Household-v0"])
def test_it_can_write_the_answers_of_every_task_in_few_tokens(name):
    policy = load_policy(ModelConfig())
    env = gym.make(f"vlm_gym/{name}", parser="json", disable_env_checker=True)
    _, info = env.reset(seed=0)
    answer = policy.write(env.get_wrapper_attr("answer")(info["admissible_actions"][0]))
    env.close()
    assert f"vlm_gym/{name}" in TASKS
    assert policy.transcriber.text(answer.tokens) == answer.text
    assert len(answer.tokens) <= 16


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        *((f"{name}-v0", {}) for name in ("NumberLine", "EZPoints", "Points24", "Blackjack")),
        *(("Household-v1", {"notes": notes}) for notes in (False, True, "goal")),
    ],
)
def test_what_the_tasks_say_in_words_has_a_token_for_each_word(task, arguments):
    """A word in single bytes costs several tokens, and is not the same token as where it is a word."""
    tokenizer = build_tiny()[1].tokenizer
    env = gym.make(f"vlm_gym/{task}", parser="json", disable_env_checker=True, **arguments)
    for seed in range(6):
        _, info = env.reset(seed=seed)
        for number in range(12):
            told = [info["observation_text"], info.get("goal", ""), *map(json.dumps, info["admissible_actions"])]
            for text in told:
                pieces = [tokenizer.decode([token]) for token in tokenizer(text)["input_ids"]]
                assert " " not in pieces, text
                words = re.findall("[A-Za-z]+", " ".join(pieces))  # a word in bytes is letters here
                assert {word for word in words if len(word) == 1} <= {*"AJQKa"}, text
            action = info["admissible_actions"][7 * number % len(info["admissible_actions"])]
            *_, is_over, _, info = env.step(env.get_wrapper_attr("answer")(action))
            if is_over:
                break
    env.close()


@pytest.mark.slow
def test_a_hundred_steps_of_imitation_teach_it_to_read_the_picture():
    policy = load_policy(ModelConfig(rank=0))
    env = gym.make("vlm_gym/NumberLine-v0", parser="json", image_size=84, disable_env_checker=True)
    samples = [sample for seed in range(120) for sample in _oracle_episode(env, seed)]
    env.close()
    generator = torch.Generator().manual_seed(0)
    group = policy.parameter_groups(lr=1e-3, value_lr=1e-3)[0]
    optimizer = torch.optim.AdamW(group["params"], lr=1e-3, betas=(0.9, 0.98))
    for step in range(100):
        optimizer.param_groups[0]["lr"] = 1e-3 * min(1.0, (step + 1) / 20)
        batch = [samples[index] for index in torch.randint(len(samples), (32,), generator=generator)]
        written = [policy.write(text) for _, text in batch]
        evaluation = policy.evaluate([prompt for prompt, _ in batch], written, temperature=1.0)
        loss = -evaluation.logp.sum() / evaluation.mask.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(group["params"], 1.0)
        optimizer.step()
    answers = policy.generate([prompt for prompt, _ in samples], max_new_tokens=32, temperature=0.0)
    right = [answer.text == text for answer, (_, text) in zip(answers, samples, strict=True)]
    assert sum(right) / len(right) > 0.6  # the action at random would be right in a half, the readings in a thirtieth


def _oracle_episode(env, seed):
    picture, info = env.reset(seed=seed)
    is_over = False
    while not is_over:
        target, current = re.findall(r"(?:Target|Current): (\d)", info["observation_text"])
        text = json.dumps({"current": current, "target": target, "action": env.unwrapped.oracle_action()})
        yield Prompt.of(picture, "NumberLine."), text
        picture, _, is_terminated, is_truncated, info = env.step(text)
        is_over = is_terminated or is_truncated
