"""LLaVA-1.6-mistral-7B, Qwen2.5-VL-7B and -3B and Qwen3-VL-8B with random weights: real shapes, nothing downloaded.

The shapes are those of llava-hf/llava-v1.6-mistral-7b-hf, Qwen/Qwen2.5-VL-7B-Instruct and -3B-Instruct, and
Qwen/Qwen3-VL-8B-Instruct. Pictures are cut as they cut them: one of 300 x 300 pixels is 1,176, 121 and 81 tokens.
Only the words are stand-ins: a tokenizer of the same size, trained in process on the prompt, so that a prompt has about
a token a word.
"""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForImageTextToText,
    GenerationConfig,
    LlavaNextConfig,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen3VLConfig,
)
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from vlm_gym.evaluation.models.processors import load_processor

PAD, START, END = "<pad>", "<s>", "</s>"
NUM_WORDS: Final = 1000  # of the tokenizer that are learnt; the others are fillers, which can be sampled
PINPOINTS: Final = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
SMALL_TEXT: Final = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL_QWEN: Final = {**SMALL_TEXT, "num_key_value_heads": 2, "max_position_embeddings": 4096}
SMALL_VISION: Final = {"depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 2, "out_hidden_size": 64}
TEMPLATE: Final = (
    "{% for turn in messages %}{% for part in turn['content'] %}{% if part['type'] == 'image' %}PICTURE\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% if turn['role'] == 'assistant' %}</s>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}\n{% endif %}"
)


def build(name: str, device: torch.device, dtype: torch.dtype, *, is_tiny: bool, texts: Sequence[str]) -> Any:
    """Return a model with random weights and its processor; tiny ones are narrow and shallow, and see the same."""
    config, pictures, tokenizer, settings, template = MODELS[name](is_tiny, texts)
    with torch.device(device):
        model = AutoModelForImageTextToText.from_config(config, dtype=dtype)
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    with tempfile.TemporaryDirectory() as folder:
        for part in (config, pictures, tokenizer):
            part.save_pretrained(folder)
        (Path(folder) / "chat_template.jinja").write_text(template, encoding="utf-8")
        (Path(folder) / "processor_config.json").write_text(json.dumps(settings), encoding="utf-8")
        processor = load_processor(folder)
    return model.eval(), processor


def _llava(is_tiny: bool, texts: Sequence[str]) -> tuple[Any, Any, Any, Mapping[str, Any], str]:
    tokenizer = _tokenizer(texts, 2000 if is_tiny else 32_000, ["<image>"], image_token="<image>")
    text = {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "rope_theta": 1e6,
    }
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
    small = {**SMALL_TEXT, "num_key_value_heads": 2}
    config = LlavaNextConfig(
        text_config={
            "model_type": "mistral",
            "max_position_embeddings": 32768,
            "sliding_window": None,
            **(small if is_tiny else text),
            **_ids(tokenizer, 64),
        },
        vision_config={
            "model_type": "clip_vision_model",
            "image_size": 336,
            "patch_size": 14,
            **(SMALL_TEXT if is_tiny else vision),
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=PINPOINTS,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        tie_word_embeddings=False,
    )
    side = {"height": 336, "width": 336}
    pictures = LlavaNextImageProcessorPil(size={"shortest_edge": 336}, crop_size=side, image_grid_pinpoints=PINPOINTS)
    settings = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return config, pictures, tokenizer, settings, TEMPLATE.replace("PICTURE", "<image>")


def _qwen2_5_3b(is_tiny: bool, texts: Sequence[str]) -> tuple[Any, Any, Any, Mapping[str, Any], str]:
    smaller = {
        "hidden_size": 2048,
        "intermediate_size": 11008,
        "num_hidden_layers": 36,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
    }
    return _qwen2_5(is_tiny, texts, smaller, spare=271, is_tied=True)


def _qwen2_5(
    is_tiny: bool,
    texts: Sequence[str],
    changes: Mapping[str, int] = MappingProxyType({}),
    spare: int = 399,
    *,
    is_tied: bool = False,
) -> tuple[Any, Any, Any, Mapping[str, Any], str]:
    text = {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 128_000,
        **changes,
    }
    vision = {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "out_hidden_size": text["hidden_size"],
        "fullatt_block_indexes": [7, 15, 23, 31],
    }
    small = {**SMALL_VISION, "fullatt_block_indexes": [1]}
    shape = {"window_size": 112, "patch_size": 14, **(small if is_tiny else vision)}
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 6, 6] if is_tiny else [16, 24, 24]}
    sizes = {"shortest_edge": 3136, "longest_edge": 12_845_056}
    pictures = Qwen2VLImageProcessorPil(patch_size=14, size=sizes)
    own = {**(SMALL_QWEN if is_tiny else text), "rope_parameters": rope}
    num_tokens = 2000 if is_tiny else 151_665
    return _qwen(Qwen2_5_VLConfig, own, shape, pictures, num_tokens, spare, texts, is_tied=is_tied)


def _qwen3(is_tiny: bool, texts: Sequence[str]) -> tuple[Any, Any, Any, Mapping[str, Any], str]:
    text = {
        "hidden_size": 4096,
        "intermediate_size": 12288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 262_144,
    }
    vision = {
        "depth": 27,
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_heads": 16,
        "out_hidden_size": 4096,
        "deepstack_visual_indexes": [8, 16, 24],
    }
    small = {**SMALL_VISION, "deepstack_visual_indexes": [0]}
    shape = {"patch_size": 16, "num_position_embeddings": 2304, **(small if is_tiny else vision)}
    rope = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [4, 6, 6] if is_tiny else [24, 20, 20]}
    sizes = {"shortest_edge": 65_536, "longest_edge": 16_777_216}
    own = {**({**SMALL_QWEN, "head_dim": 32} if is_tiny else text), "rope_parameters": rope}
    pictures = Qwen2VLImageProcessorPil(
        patch_size=16, size=sizes, image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.5, 0.5]
    )
    return _qwen(Qwen3VLConfig, own, shape, pictures, 2000 if is_tiny else 151_669, 267, texts)


def _qwen(
    config_class: Any,
    text: Mapping[str, Any],
    vision: Mapping[str, Any],
    pictures: Any,
    num_tokens: int,
    spare: int,
    texts: Sequence[str],
    *,
    is_tied: bool = False,
) -> tuple[Any, Any, Any, Mapping[str, Any], str]:
    special = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    named = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
    tokenizer = _tokenizer(texts, num_tokens, special, **named)
    start, end, image, video = tokenizer.convert_tokens_to_ids(special)
    config = config_class(
        text_config={**text, **_ids(tokenizer, spare)},
        vision_config=dict(vision),
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
        tie_word_embeddings=is_tied,
    )
    template = TEMPLATE.replace("PICTURE", "<|vision_start|><|image_pad|><|vision_end|>")
    return config, pictures, tokenizer, {}, template


MODELS: Final[Mapping[str, Callable[[bool, Sequence[str]], Any]]] = {
    "llava-1.6-7b": _llava,
    "qwen2.5-vl-7b": _qwen2_5,
    "qwen2.5-vl-3b": _qwen2_5_3b,
    "qwen3-vl-8b": _qwen3,
}


def _tokenizer(texts: Sequence[str], num_tokens: int, special: Sequence[str], **named: str) -> PreTrainedTokenizerFast:
    """Train byte-level BPE on texts, and fill it up to its size with words that no text has but a sampler may draw."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=NUM_WORDS,
        special_tokens=[PAD, START, END, *special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    description = json.loads(tokenizer.to_str())
    vocabulary = description["model"]["vocab"]
    vocabulary.update({f"Filler{index}": index for index in range(len(vocabulary), num_tokens)})
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(description)),
        pad_token=PAD,
        bos_token=START,
        eos_token=END,
        extra_special_tokens=named,
        clean_up_tokenization_spaces=False,
    )


def _ids(tokenizer: PreTrainedTokenizerFast, spare: int) -> dict[str, Any]:
    """Return the vocabulary, which is `spare` rows larger than the tokenizer's."""
    return {
        "vocab_size": len(tokenizer) + spare,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
