"""What trains: low-rank adapters on chosen parts of the model, or all weights of these parts."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, get_args

from torch import Tensor, nn

from vlm_gym.errors import ConfigError, DataNotFoundError, MissingDependencyError, check_choice, check_int
from vlm_gym.installation import install_hint

Part = Literal["vision", "projector", "language"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
START: Final = "start"  # the adapter that training starts from, where the weights cannot take it in
_BOTH: Final = "both"

# The first word that a module's name holds decides: Qwen's projector lies inside its vision tower.
_PART_WORDS: Final[tuple[tuple[Part, tuple[str, ...]], ...]] = (
    ("projector", ("multi_modal_projector", "connector", "merger", "embed_vision", "image_newline")),
    ("vision", ("vision_tower", "vision_model", "visual")),
    ("language", ("language_model", "text_model", "lm_head")),
)


@dataclass(frozen=True)
class Training:
    """Which weights train: adapters of rank `rank` on the linear layers of `parts`, or with rank 0 all their weights.

    The change that an adapter makes is multiplied by alpha / rank. A layer that is not linear takes none and stays
    frozen: norms, embeddings, Gemma 3's projector.
    """

    rank: int = 128
    alpha: int = 256
    parts: tuple[Part, ...] = PARTS

    def __post_init__(self) -> None:
        check_int("rank", self.rank, 0, 4096)
        check_int("alpha", self.alpha, 1, 65536)
        for part in self.parts:
            check_choice("each of parts", part, PARTS)


def part_of(name: str) -> Part | None:
    """Return the part of the model that a module or parameter of this name belongs to."""
    return next((part for part, words in _PART_WORDS if any(word in name for word in words)), None)


def set_trainable(model: nn.Module, training: Training, start: str | None = None) -> Any:
    """Add the adapters in place, or unfreeze the chosen parts; everything else is frozen.

    The PEFT adapter in the directory `start` is put beside those that train, and never changes: for weights that cannot
    take it in.

    Returns:
        The PeftModel around `model`, or None in full fine-tuning.

    Raises:
        DataNotFoundError: if `start` holds no adapter.
    """
    idle = idle_modules(model)
    model.requires_grad_(False)
    if training.rank:
        return _add_adapters(model, training, idle, start)
    for name, parameter in model.named_parameters():
        is_idle = any(name == prefix or name.startswith(f"{prefix}.") for prefix in idle)
        parameter.requires_grad_(part_of(name) in training.parts and not is_idle and parameter.is_floating_point())
    return None


def idle_modules(model: nn.Module) -> tuple[str, ...]:
    """Return the parts of a vision tower that lie behind the feature layer in use.

    They never get a gradient, which stops DDP in its second step: they must not train.
    """
    layer = getattr(model.config, "vision_feature_layer", None)
    if layer is None:
        return ()
    config = model.config.vision_config
    layers = layer if isinstance(layer, (list, tuple)) else [layer]
    used = [index if index >= 0 else config.num_hidden_layers + 1 + index for index in layers]
    behind = [f"layers.{index}" for index in range(max(used), config.num_hidden_layers)]
    names = [name for name, _ in model.named_modules() if part_of(name) == "vision"]
    ends = (*behind, "post_layernorm", "layernorm", "head")
    return tuple(name for name in names if any(name.endswith(f".{end}") for end in ends))


def merge_adapter(model: nn.Module, directory: str) -> Any:
    """Return the model with a saved PEFT adapter added to its weights.

    Raises:
        DataNotFoundError: if the directory holds none.
    """
    _check_adapter(directory)
    with _peft() as peft:
        return peft.PeftModel.from_pretrained(model, directory).merge_and_unload()


@contextmanager
def only_start(model: nn.Module) -> Iterator[None]:
    """Switch the adapters that train off: what is left is the one that training started from, if there is any."""
    layers = [layer for layer in model.modules() if hasattr(layer, "_active_adapter")]
    before = [layer._active_adapter for layer in layers]
    try:
        for layer in layers:
            layer._active_adapter = [name for name in layer.active_adapters if name == START]
        yield
    finally:
        for layer, names in zip(layers, before, strict=True):
            layer._active_adapter = names


def save_adapter(peft_model: Any, directory: str, state: dict[str, Tensor] | None = None) -> None:
    """Write what trained as a PEFT adapter, together with the one that it started from, which PEFT can do as one.

    `state` are the weights, where the model's own are divided among processes.
    """
    if START not in peft_model.peft_config:
        peft_model.save_pretrained(directory, state_dict=state)
        return
    both = [START, "default"]
    peft_model.base_model.add_weighted_adapter(both, [1.0, 1.0], _BOTH, combination_type="cat")
    try:
        peft_model.save_pretrained(directory, selected_adapters=[_BOTH])
    finally:
        peft_model.delete_adapter(_BOTH)
        _activate(peft_model)
    for path in (Path(directory) / _BOTH).iterdir():
        path.rename(Path(directory) / path.name)
    (Path(directory) / _BOTH).rmdir()


def _check_adapter(directory: str) -> None:
    if not (Path(directory) / "adapter_config.json").is_file():
        raise DataNotFoundError(f"{directory!r} holds no PEFT adapter: adapter_config.json is missing")


def _add_adapters(model: nn.Module, training: Training, idle: tuple[str, ...], start: str | None) -> Any:
    targets = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)  # the quantised ones are too
        and part_of(name) in training.parts
        and not name.endswith("lm_head")
        and not any(name.startswith(f"{prefix}.") for prefix in idle)
    ]
    if not targets:
        raise ConfigError(f"no linear layer in parts {training.parts!r} of {type(model).__name__}: choose other parts")
    with _peft() as peft:
        config = peft.LoraConfig(r=training.rank, lora_alpha=training.alpha, target_modules=targets, lora_dropout=0.0)
        if start is None:
            return peft.get_peft_model(model, config)
        _check_adapter(start)
        both = peft.PeftModel.from_pretrained(model, start, adapter_name=START)
        both.add_adapter("default", config)
        _activate(both)
        return both


def _activate(peft_model: Any) -> None:
    """Use the starting adapter and the one that trains at once; only the latter trains."""
    peft_model.base_model.set_adapter([START, "default"])
    for name, parameter in peft_model.named_parameters():
        parameter.requires_grad_(".default." in name)


@contextmanager
def _peft() -> Iterator[ModuleType]:
    try:
        import peft
    except ImportError as error:
        raise MissingDependencyError(f"peft is missing: {install_hint('train')}") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft 0.21 reads a property that transformers 5 has renamed
        yield peft
