"""How a Hugging Face model is loaded into this process."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from vlm_gym.errors import ConfigError, check_choice

Precision = Literal["float32", "bfloat16", "float16"]
Quantization = Literal["8bit", "4bit"]


@dataclass(frozen=True)
class LocalSettings:
    """How a Hugging Face model is loaded.

    Attributes:
        precision: Of its weights; None for the checkpoint's own on a GPU, and float32 without one.
        device_map: Where it goes: "cpu", "cuda:1", or "auto" for all GPUs; None for all GPUs if there are some.
        attention: The implementation, as transformers names it: "sdpa", "eager", "flash_attention_2"; None for the
            model's own.
        quantization: "8bit" or "4bit" (with bitsandbytes), or None.
        trust_remote_code: Whether Python code that comes with the checkpoint may run.
    """

    precision: Precision | None = None
    device_map: str | None = None
    attention: str | None = None
    quantization: Quantization | None = None
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        if self.precision is not None:
            check_choice("precision", self.precision, get_args(Precision))
        if self.quantization is not None:
            check_choice("quantization", self.quantization, get_args(Quantization))
        for name in ("device_map", "attention"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value):
                raise ConfigError(f"{name} must be a text or None, got {value!r}")
        if not isinstance(self.trust_remote_code, bool):
            raise ConfigError(f"trust_remote_code must be True or False, got {self.trust_remote_code!r}")

    def chosen(self) -> dict[str, Any]:
        """Return what is not left to its default."""
        defaults = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}
