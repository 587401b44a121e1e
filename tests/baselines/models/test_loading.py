"""What can go wrong when a policy is loaded, and the sentence that says so."""

import json
import re

import pytest
import torch
import transformers
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError
from safetensors.torch import load_file, save_file
from tiny_checkpoints import llava

from baselines.models import loading
from baselines.models.loading import load_policy
from baselines.models.lora import Training
from baselines.models.memory import OutOfMemoryError, memory_advice
from baselines.models.model_config import ModelConfig
from vlm_gym.errors import ConfigError, DataNotFoundError, MissingDependencyError
from vlm_gym.installation import install_hint


@pytest.fixture
def checkpoint(tmp_path):
    llava(tmp_path)
    return tmp_path


def load(path):
    return load_policy(ModelConfig(name=str(path)))


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(DataNotFoundError, match="no such directory"):
        load(tmp_path / "nowhere" / "at" / "all")


def test_a_directory_without_weights(checkpoint):
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(DataNotFoundError, match=r"model\.safetensors"):
        load(checkpoint)


def test_a_checkpoint_that_lacks_a_weight_is_not_filled_up_at_random(checkpoint):
    weights = load_file(checkpoint / "model.safetensors")
    del weights[next(name for name in weights if "q_proj" in name)]
    save_file(weights, checkpoint / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataNotFoundError, match=r"lacks 1 of the model's weights.*q_proj"):
        load(checkpoint)


def test_a_damaged_file(checkpoint):
    content = (checkpoint / "model.safetensors").read_bytes()
    (checkpoint / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataNotFoundError, match=r"damaged.*fetch it again"):
        load(checkpoint)


def test_a_model_that_sees_no_pictures(tmp_path):
    transformers.LlamaConfig().save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="no processor for pictures"):
        load(tmp_path)


def test_a_model_without_a_chat_template(checkpoint):
    (checkpoint / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match="instruction-tuned"):
        load(checkpoint)


def test_no_network(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataNotFoundError, match="the hub cannot be reached"):
        load("someone/some-model")


def test_a_gated_model(monkeypatch):
    def refuse(_):
        raise OSError("You are trying to access a gated repo.") from GatedRepoError.__new__(GatedRepoError)

    monkeypatch.setattr(loading, "load_processor", refuse)
    with pytest.raises(DataNotFoundError, match="gated: accept its licence"):
        load("someone/some-model")


def test_out_of_memory_names_what_helps():
    message = r"CUDA out of memory.*What helps: a smaller minibatch\."
    with pytest.raises(OutOfMemoryError, match=message), memory_advice("a smaller minibatch"):
        raise torch.OutOfMemoryError("CUDA out of memory.\nmore")


@pytest.mark.parametrize("quantization", ["4bit", "8bit"])
def test_quantisation_needs_its_extra(checkpoint, quantization, monkeypatch):
    monkeypatch.setattr(loading, "is_bitsandbytes_available", lambda: False)
    with pytest.raises(MissingDependencyError, match=re.escape(install_hint("quantize"))):
        load_policy(ModelConfig(name=str(checkpoint), quantization=quantization))


def test_adapters_train_on_an_eight_bit_base(checkpoint, prompts, tmp_path):
    pytest.importorskip("bitsandbytes")
    policy = load_policy(ModelConfig(name=str(checkpoint), rank=4, quantization="8bit", precision="bfloat16"))
    answers = policy.generate(prompts, max_new_tokens=4, temperature=0.0)
    evaluation = policy.evaluate(prompts, answers, temperature=1.0)
    (evaluation.logp.sum() + evaluation.value.sum()).backward()
    assert all(value.grad is not None for value in policy.module.parameters() if value.requires_grad)
    with pytest.raises(ConfigError, match="save_adapter"):
        policy.save_pretrained(str(tmp_path / "merged"))
    policy.save_adapter(str(tmp_path / "adapter"))


@pytest.fixture
def adapter(checkpoint, tmp_path):
    """Return the directory of an adapter that changes the checkpoint's model a little, as SFT does."""
    policy = load_policy(ModelConfig(name=str(checkpoint), rank=4, alpha=8))
    noise = torch.Generator().manual_seed(3)
    for value in policy.state_dict().values():
        value.add_(0.02 * torch.randn(value.shape, generator=noise))
    policy.save_adapter(str(tmp_path / "adapter"))
    return str(tmp_path / "adapter")


def moved(policy, scale=0.05):
    """Return the policy after training, which moved all that trains."""
    noise = torch.Generator().manual_seed(4)
    for value in policy.state_dict().values():
        value.add_(scale * torch.randn(value.shape, generator=noise))
    return policy


def logps(policy, prompts):
    with torch.no_grad():
        return policy.evaluate(prompts, [policy.write("+ or -")] * len(prompts), temperature=1.0).logp


def test_a_quantised_base_keeps_what_sft_learnt_beside_it(checkpoint, adapter, prompts, tmp_path):
    """Packed weights round a small change away; the adapter beside them loses nothing, and is the reference."""
    pytest.importorskip("bitsandbytes")
    settings = {"name": str(checkpoint), "rank": 2, "quantization": "8bit", "precision": "bfloat16"}
    base, start = load_policy(ModelConfig(**settings)), load_policy(ModelConfig(**settings, adapter=adapter))
    change = logps(start, prompts) - logps(base, prompts)
    plain = {"name": str(checkpoint), "rank": 2}
    expected = logps(load_policy(ModelConfig(**plain, adapter=adapter)), prompts) - logps(
        load_policy(ModelConfig(**plain)), prompts
    )
    survived = (change * expected).sum() / (expected**2).sum()
    assert survived == pytest.approx(1.0, abs=0.35)
    names = set(start.state_dict())
    assert all(".default." in name or name.startswith("value_head.") for name in names)
    before = logps(start, prompts)
    trained = logps(moved(start), prompts)
    assert not torch.equal(trained, before)
    with start.reference():
        assert torch.equal(logps(start, prompts), before)
    start.save_adapter(str(tmp_path / "both"))
    assert torch.equal(logps(start, prompts), trained), "saving leaves the model as it was"
    again = load_policy(ModelConfig(**settings, adapter=str(tmp_path / "both")))
    torch.testing.assert_close(logps(again, prompts), trained, atol=0.1, rtol=0.05)


def test_an_adapter_beside_float_weights_is_the_merged_one(checkpoint, adapter, prompts, tmp_path):
    """The same, where it can be held against merging exactly."""
    merged = load_policy(ModelConfig(name=str(checkpoint), rank=2, adapter=adapter))
    beside = load_policy(ModelConfig(name=str(checkpoint), rank=2, adapter=adapter, adapter_apart=True))
    expected = logps(merged, prompts)
    torch.testing.assert_close(logps(beside, prompts), expected, atol=1e-5, rtol=0.0)
    trained = logps(moved(beside), prompts)
    assert not torch.allclose(trained, expected)
    answers = beside.generate(prompts, max_new_tokens=8, temperature=1.0, generator=torch.Generator().manual_seed(0))
    found = beside.evaluate(prompts, answers, temperature=1.0).logp
    torch.testing.assert_close(torch.tensor(answers[0].logp), found[0, : len(answers[0].tokens)], atol=1e-4, rtol=0.0)
    with beside.reference():
        torch.testing.assert_close(logps(beside, prompts), expected, atol=1e-5, rtol=0.0)
    beside.save_adapter(str(tmp_path / "both"))
    assert torch.equal(logps(beside, prompts), trained)
    again = load_policy(ModelConfig(name=str(checkpoint), rank=2, adapter=str(tmp_path / "both")))
    torch.testing.assert_close(logps(again, prompts), trained, atol=1e-4, rtol=0.0)
    beside.save_pretrained(str(tmp_path / "whole"))
    whole = load_policy(ModelConfig(name=str(tmp_path / "whole"), rank=2))
    torch.testing.assert_close(logps(whole, prompts), trained, atol=1e-4, rtol=0.0)


def test_quantised_weights_cannot_train():
    with pytest.raises(ConfigError, match="rank above 0"):
        ModelConfig(quantization="4bit", rank=0)


@pytest.mark.parametrize("settings", [{"rank": -1}, {"alpha": 0}, {"parts": ("eyes",)}])
def test_training_settings_are_checked(settings):
    with pytest.raises(ConfigError):
        ModelConfig(**settings)


def test_the_value_head_has_two_inner_layers():
    with pytest.raises(ConfigError, match="two sizes"):
        ModelConfig(value_widths=(8,))


def test_an_adapter_that_is_not_there(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"adapter_config\.json"):
        load_policy(ModelConfig(adapter=str(tmp_path)))


def test_training_goes_on_from_an_adapter(checkpoint, prompts, tmp_path):
    policy = load_policy(ModelConfig(name=str(checkpoint), rank=4))
    for value in policy.state_dict().values():
        value.add_(0.05)
    policy.save_adapter(str(tmp_path / "adapter"))
    answers = [policy.write("+")] * len(prompts)
    expected = policy.evaluate(prompts, answers, temperature=1.0).logp
    again = load_policy(ModelConfig(name=str(checkpoint), adapter=str(tmp_path / "adapter")))
    torch.testing.assert_close(again.evaluate(prompts, answers, temperature=1.0).logp, expected, atol=1e-5, rtol=0.0)
    with again.reference():
        torch.testing.assert_close(again.evaluate(prompts, answers, temperature=1.0).logp, expected, atol=1e-5, rtol=0)


def test_only_adapters_can_be_saved_as_such(tmp_path):
    with pytest.raises(ConfigError, match="no adapter"):
        load_policy(ModelConfig(rank=0)).save_adapter(str(tmp_path))


def test_layers_behind_the_feature_layer_get_no_adapter(checkpoint):
    names = load(checkpoint).state_dict()
    assert any("vision_tower" in name and "layers.1." in name for name in names)
    assert not any("vision_tower" in name and "layers.2." in name for name in names)


def test_the_tokenizer_decides_what_ends_an_answer(checkpoint):
    policy = load(checkpoint)
    config = json.loads((checkpoint / "tokenizer_config.json").read_text())
    assert policy.processor.tokenizer.convert_ids_to_tokens(policy.special.turn_end) == config["eos_token"]


def test_rank_zero_trains_all_weights_of_the_parts():
    assert Training(rank=0).parts == ("vision", "projector", "language")
    names = load_policy(ModelConfig(rank=0, parts=("language",))).state_dict()
    assert any("embed_tokens" in name for name in names)
    assert not any("vision" in name or "projector" in name for name in names)


def test_full_fine_tuning_in_bfloat16_is_warned_of(caplog):
    load_policy(ModelConfig(rank=4, precision="bfloat16"))
    assert not caplog.messages
    load_policy(ModelConfig(rank=0, precision="bfloat16"))
    assert "rounds changes below about 0.4 % of a weight away" in caplog.text


def test_a_directory_that_holds_no_model(tmp_path):
    with pytest.raises(DataNotFoundError, match="cannot be loaded: "):
        load(tmp_path)
