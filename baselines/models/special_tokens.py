"""Which tokens end an answer, and which may never be in one: read from the model and its tokenizer."""

from dataclasses import dataclass
from typing import Any, Final

from baselines.models.inputs import apply_template
from vlm_gym.errors import ConfigError

_PICTURE_FIELDS: Final = ("image_token_id", "video_token_id", "audio_token_id", "boi_token_id", "eoi_token_id")
_MARK: Final = "ANSWER"


@dataclass(frozen=True)
class SpecialTokens:
    """`ends` stop an answer; `turn_end` is the one of them that closes a turn; `silent` have no text of their own.

    `suppressed` must not be sampled: the next forward would take `<image>` for a picture and padding for nothing.
    """

    ends: tuple[int, ...]
    turn_end: int
    suppressed: tuple[int, ...]
    silent: tuple[int, ...]


def find_special_tokens(model: Any, processor: Any) -> SpecialTokens:
    """Return the special tokens of a model.

    Raises:
        ConfigError: if nothing says how an answer ends.
    """
    tokenizer = processor.tokenizer
    ends = _ends(model, tokenizer)
    special = set(tokenizer.all_special_ids)
    special |= {index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    special |= {getattr(model.config, name, None) for name in _PICTURE_FIELDS} - {None}
    num_logits = model.get_output_embeddings().weight.shape[0]
    unnamed = set(range(len(tokenizer), num_logits))  # rows that only round the vocabulary up
    suppressed = {index for index in special | unnamed if 0 <= index < num_logits} - set(ends)
    return SpecialTokens(
        ends, _turn_end(processor, ends), tuple(sorted(suppressed)), tuple(sorted(special | set(ends)))
    )


def _ends(model: Any, tokenizer: Any) -> tuple[int, ...]:
    configured = model.generation_config.eos_token_id
    listed = configured if isinstance(configured, (list, tuple)) else [configured]
    ends = {index for index in (tokenizer.eos_token_id, *listed) if index is not None}
    if not ends:
        raise ConfigError(f"the tokenizer of {type(model).__name__} has no end of sequence: set its eos_token")
    return tuple(sorted(ends))


def _turn_end(processor: Any, ends: tuple[int, ...]) -> int:
    """Return the end token that the chat template puts behind an answer; the tokenizer's own if it puts none."""
    tokenizer = processor.tokenizer
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "QUESTION"}]},
        {"role": "assistant", "content": [{"type": "text", "text": _MARK}]},
    ]
    behind = tokenizer(apply_template(processor, turns).rpartition(_MARK)[2], add_special_tokens=False)["input_ids"]
    own = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else ends[0]
    return next((token for token in behind if token in ends), own)
