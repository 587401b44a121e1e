"""Which model a run trains, in which form, and which of its weights."""

from dataclasses import dataclass
from typing import Final, Literal

from baselines.config import setting
from baselines.models.lora import PARTS, Part, Training
from baselines.models.value_head import WIDTHS
from vlm_gym.errors import ConfigError, check_int

TINY: Final = "tiny"
MOST_LAYERS: Final = 100
Precision = Literal["float32", "bfloat16"]
Quantization = Literal["4bit", "8bit"]
Attention = Literal["auto", "sdpa", "flash_attention_2", "eager"]


@dataclass(frozen=True)
class ModelConfig:
    """Which model, in which form, and which of its weights train."""

    name: str = setting(TINY, "'tiny' (built in), a directory, or a name on the Hugging Face hub")
    layers: int = setting(2, "of the language model of 'tiny'")
    added_share: float = setting(
        1.0, "of the initial weights of 'tiny' in what a layer adds; with 0.125 it compares words sooner"
    )
    adapter: str | None = setting(None, "directory of a PEFT adapter that is merged in first: training starts there")
    adapter_apart: bool = setting(False, "keep that adapter beside the weights; quantised ones always do")
    precision: Precision = setting("float32", "of the weights; adapters and value head are always float32")
    quantization: Quantization | None = setting(None, "of the frozen weights: '4bit' or '8bit'; needs a rank above 0")
    attention: Attention = setting("auto", "'auto' is flash attention where it is installed for a GPU, else 'sdpa'")
    rank: int = setting(16, "rank of the adapters (LoRA); 0 trains all weights of the parts")
    alpha: int = setting(32, "an adapter's change is multiplied by alpha / rank")
    parts: tuple[Part, ...] = setting(PARTS, "what trains: vision, projector, language")
    value_widths: tuple[int, ...] = setting(WIDTHS, "the two inner layers of the value head")
    checkpointing: bool = setting(False, "recompute activations in the backward pass: less memory, a third more time")
    merge: bool = setting(True, "generate with the adapters merged in: faster, for a second copy of their layers")
    static_cache: bool = setting(False, "generate with a static cache, which transformers compiles on CUDA")
    cache_mebibytes: int | None = setting(
        None, "bound of the memory for processed prompts, and again for features of frozen vision; null: an update's"
    )
    keep_reference: bool = setting(False, "with rank 0: keep the starting weights, for the KL to them")

    def __post_init__(self) -> None:
        check_int("model.layers", self.layers, 1, MOST_LAYERS)
        if not 0 < self.added_share <= 1:
            raise ConfigError(f"model.added_share must be above 0 and at most 1, got {self.added_share!r}")
        if len(self.value_widths) != 2:
            raise ConfigError(f"value_widths must be two sizes, got {self.value_widths!r}")
        if self.quantization and not self.rank:
            raise ConfigError("quantised weights cannot train: set a rank above 0, or no quantization")
        Training(self.rank, self.alpha, self.parts)  # checks these three

    @property
    def remembers_pictures(self) -> bool:
        """Whether what the model makes of a picture never changes: neither vision tower nor projector trains."""
        return self.parts == ("language",)

    @property
    def apart(self) -> str | None:
        """The adapter that stays beside the weights: packed ones would round most of it away."""
        return self.adapter if self.adapter_apart or self.quantization else None

    @property
    def training(self) -> Training:
        """Which weights train."""
        return Training(self.rank, self.alpha, self.parts)
