"""Loading a policy: from a name on the Hugging Face hub, from a directory, or the built-in "tiny"."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from safetensors import SafetensorError
from transformers import AutoModelForImageTextToText, BitsAndBytesConfig
from transformers.utils import is_bitsandbytes_available, is_flash_attn_2_available

from baselines.models.lora import merge_adapter
from baselines.models.memory import memory_advice
from baselines.models.model_config import TINY, Attention, ModelConfig, Quantization
from baselines.models.tiny import build_tiny
from baselines.models.vlm import NUM_PROMPTS, VlmPolicy
from vlm_gym.errors import DataNotFoundError, MissingDependencyError, VlmGymError
from vlm_gym.evaluation.models.processors import load_processor
from vlm_gym.installation import install_hint
from vlm_gym.parsers import PARSERS, Parser

_log = logging.getLogger(__name__)


def load_policy(
    config: ModelConfig,
    *,
    device: str | torch.device = "cpu",
    seed: int = 0,
    parser: Parser = PARSERS["json"],
    num_prompts: int = NUM_PROMPTS,
    has_values: bool = True,
) -> VlmPolicy:
    """Return a policy with a new value head; `seed` decides all new weights, `parser` where an answer is over.

    As many processed prompts as an update has, `num_prompts`, are kept. Without `has_values` there is no value head,
    and every value is 0.

    Raises:
        ConfigError: if the model does not fit the settings.
        DataNotFoundError: if the weights are not there or cannot be fetched; the message says why.
        MissingDependencyError: if an extra is not installed.
        OutOfMemoryError: if the model does not fit the device.
    """
    device = torch.device(device)
    dtype = getattr(torch, config.precision)
    if not config.rank and dtype == torch.bfloat16:
        _log.warning(
            "all weights train in bfloat16, which rounds changes below about 0.4 % of a weight away: with a small "
            "learning rate take model.precision float32, or adapters (model.rank above 0)"
        )
    if device.type == "cuda" and dtype == torch.bfloat16:
        # Adapters and logits multiply bf16 values in float32. TF32 holds these exactly, and is ten times faster.
        torch.set_float32_matmul_precision("high")
    if config.name == TINY:
        model, processor = build_tiny(seed, config.layers, config.added_share)
        model = model.to(device, dtype)
    else:
        model, processor = _load(config, device, dtype)
    if config.adapter and not config.apart:
        model = merge_adapter(model, config.adapter)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return VlmPolicy(model, processor, config, parser, num_prompts, has_values=has_values)


def _load(config: ModelConfig, device: torch.device, dtype: torch.dtype) -> tuple[Any, Any]:
    with _clear_errors(config.name), memory_advice("quantization='4bit', precision='bfloat16', or a smaller model"):
        processor = load_processor(config.name)
        model, report = AutoModelForImageTextToText.from_pretrained(
            config.name,
            dtype=dtype,
            attn_implementation=_attention(config.attention, device, dtype),
            quantization_config=_quantization_config(config.quantization),
            device_map={"": device},
            output_loading_info=True,
        )
    missing = report["missing_keys"]
    if missing:
        raise DataNotFoundError(
            f"{config.name!r} lacks {len(missing)} of the model's weights, {min(missing)!r} among them: the checkpoint "
            "is damaged or of another architecture"
        )
    return model.eval(), processor


def _attention(attention: Attention, device: torch.device, dtype: torch.dtype) -> str:
    if attention != "auto":
        return attention
    is_flash = device.type == "cuda" and dtype != torch.float32 and is_flash_attn_2_available()
    return "flash_attention_2" if is_flash else "sdpa"


def _quantization_config(quantization: Quantization | None) -> BitsAndBytesConfig | None:
    if quantization is None:
        return None
    if not is_bitsandbytes_available():
        raise MissingDependencyError(f"bitsandbytes is missing: {install_hint('quantize')}")
    if quantization == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


@contextmanager
def _clear_errors(name: str) -> Iterator[None]:
    """Say in one sentence why a checkpoint could not be had."""
    try:
        yield
    except OSError as error:
        raise DataNotFoundError(f"{name!r} cannot be loaded: {_reason(error)}") from error
    except SafetensorError as error:
        raise DataNotFoundError(f"{name!r} is damaged ({error}): fetch it again") from error
    except ValueError as error:  # transformers' own
        if isinstance(error, VlmGymError):
            raise
        raise DataNotFoundError(f"{name!r} cannot be loaded: {str(error).splitlines()[0]}") from error


def _reason(error: OSError) -> str:
    causes: list[BaseException] = [error]
    while causes[-1].__cause__ or causes[-1].__context__:
        causes.append(causes[-1].__cause__ or causes[-1].__context__)  # type: ignore[arg-type]
    if any(isinstance(cause, GatedRepoError) for cause in causes):
        return "the model is gated: accept its licence on its page, then log in with `hf auth login`"
    if any(isinstance(cause, (RepositoryNotFoundError, HFValidationError)) for cause in causes):
        return "there is no such directory, and no such model on the hub (or it is private: `hf auth login`)"
    if any(isinstance(cause, (LocalEntryNotFoundError, OfflineModeIsEnabled, ConnectionError)) for cause in causes):
        return "it is not on this machine and the hub cannot be reached: fetch it elsewhere and name its directory"
    return str(error).splitlines()[0]
