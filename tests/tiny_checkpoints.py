"""Tiny checkpoints with random weights, of every architecture that the trainer loads, laid out as those on the hub."""

import json
from pathlib import Path
from typing import Any

import torch
from tiny_tokenizers import END, PAD, START, byte_fallback, byte_level, wrap
from transformers import (
    AutoModelForImageTextToText,
    CLIPVisionConfig,
    Gemma3Config,
    Gemma4Config,
    GenerationConfig,
    Idefics3Config,
    InternVLConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaNextConfig,
    MistralConfig,
    Qwen2_5_VLConfig,
    Qwen2VLConfig,
    Qwen3VLConfig,
    SmolVLMConfig,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.gemma4.image_processing_pil_gemma4 import Gemma4ImageProcessorPil
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

TURN = "<end_of_turn>"
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "initializer_range": 0.2,
}
SIDE = {"height": 56, "width": 56}


def chat_template(picture: str, *, user: str = "USER: ", model: str = "ASSISTANT:", end: str = END) -> str:
    """Return a template in which a picture is written `picture`."""
    return (
        "<s>{% for turn in messages %}{% if turn['role'] == 'user' %}" + user + "{% else %}" + model + " {% endif %}"
        "{% for part in turn['content'] %}{% if part['type'] == 'image' %}" + picture + "\n"
        "{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
        "{% if turn['role'] == 'user' %}\n{% else %}" + end + "{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}" + model + "{% endif %}"
    )  # fmt: skip


def save(directory: Path, config: Any, pictures: Any, tokenizer: Any, template: str, **settings: Any) -> None:
    """Write a checkpoint; `settings` are the processor's own."""
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config)
    for weight in model.parameters():
        if weight.ndim > 1 and not weight.any():  # Gemma 3's projector: nothing would pass through it
            torch.nn.init.normal_(weight, std=0.2)
    ends = [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(TURN)]
    model.generation_config = GenerationConfig(
        eos_token_id=[end for end in ends if end is not None], pad_token_id=tokenizer.pad_token_id
    )
    model.save_pretrained(directory)
    for part in (pictures, tokenizer):
        part.save_pretrained(directory)
    (directory / "chat_template.jinja").write_text(template, encoding="utf-8")
    (directory / "processor_config.json").write_text(json.dumps(settings), encoding="utf-8")


def llava(directory: Path) -> None:
    tokenizer = wrap(byte_fallback(PAD, START, END, "<image>"), image_token="<image>")
    config = LlavaConfig(
        vision_config=_clip(),
        text_config=LlamaConfig(**TEXT, **_ids(tokenizer)),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
    )
    pictures = CLIPImageProcessorPil(size=SIDE, crop_size=SIDE)
    save(directory, config, pictures, tokenizer, chat_template("<image>"), **_llava_settings())


def llava_next(directory: Path) -> None:
    tokenizer = wrap(byte_fallback(PAD, START, END, "<image>"), image_token="<image>")
    grid = [[56, 112], [112, 56], [112, 112]]
    config = LlavaNextConfig(
        vision_config=_clip(),
        text_config=MistralConfig(**TEXT, **_ids(tokenizer)),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
        image_grid_pinpoints=grid,
    )
    pictures = LlavaNextImageProcessorPil(size={"shortest_edge": 56}, crop_size=SIDE, image_grid_pinpoints=grid)
    save(directory, config, pictures, tokenizer, chat_template("<image>"), **_llava_settings())


def qwen2_vl(directory: Path) -> None:
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 14}
    _qwen(directory, Qwen2VLConfig, vision, Qwen2VLImageProcessorPil(**_qwen_pictures(14)))


def qwen2_5_vl(directory: Path) -> None:
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "patch_size": 14,
        "out_hidden_size": 32,
        "window_size": 56,
        "fullatt_block_indexes": [1],
    }
    _qwen(directory, Qwen2_5_VLConfig, vision, Qwen2VLImageProcessorPil(**_qwen_pictures(14)))


def qwen3_vl(directory: Path) -> None:
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "patch_size": 16,
        "out_hidden_size": 32,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }
    _qwen(directory, Qwen3VLConfig, vision, Qwen2VLImageProcessorPil(**_qwen_pictures(16)))


def idefics3(directory: Path) -> None:
    pictures = Idefics3ImageProcessorPil(size={"longest_edge": 112}, max_image_size={"longest_edge": 56})
    _idefics(directory, Idefics3Config, pictures)


def smolvlm(directory: Path) -> None:
    pictures = SmolVLMImageProcessorPil(size={"longest_edge": 112}, max_image_size={"longest_edge": 56})
    _idefics(directory, SmolVLMConfig, pictures)


def internvl(directory: Path) -> None:
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    tokenizer = wrap(byte_level(PAD, START, END, *named.values()), **named)
    config = InternVLConfig(
        vision_config={
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "image_size": [56, 56],
        },
        text_config={"model_type": "qwen2", **TEXT, **_ids(tokenizer)},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        tie_word_embeddings=False,
    )
    pictures = GotOcr2ImageProcessorPil(size=SIDE, crop_to_patches=True, min_patches=1, max_patches=4)
    save(directory, config, pictures, tokenizer, chat_template("<IMG_CONTEXT>"), image_seq_length=4)


def gemma3(directory: Path) -> None:
    named = {"boi_token": "<boi>", "eoi_token": "<eoi>", "image_token": "<soft>"}
    tokenizer = wrap(byte_fallback(PAD, START, END, TURN, *named.values()), **named)
    vision = {**_siglip(), "vision_use_head": False}
    config = Gemma3Config(
        vision_config=vision,
        text_config={**TEXT, **_ids(tokenizer), "head_dim": 16, "sliding_window": 24, "sliding_window_pattern": 2},
        mm_tokens_per_image=4,
        boi_token_index=tokenizer.convert_tokens_to_ids("<boi>"),
        eoi_token_index=tokenizer.convert_tokens_to_ids("<eoi>"),
        image_token_index=tokenizer.convert_tokens_to_ids("<soft>"),
        initializer_range=0.2,
    )
    template = chat_template("<boi>", user="<start>user\n", model="<start>model\n", end=TURN)
    save(directory, config, Gemma3ImageProcessorPil(size=SIDE), tokenizer, template, image_seq_length=4)


def gemma4(directory: Path) -> None:
    named = {
        "boi_token": "<boi>",
        "eoi_token": "<eoi>",
        "image_token": "<soft>",
        "audio_token": "<audio>",
        "boa_token": "<boa>",
        "eoa_token": "<eoa>",
    }
    tokenizer = wrap(byte_fallback(PAD, START, END, TURN, *named.values(), "<|video|>"), **named)
    index = tokenizer.convert_tokens_to_ids
    config = Gemma4Config(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "patch_size": 4,
            "position_embedding_size": 64,
        },
        text_config={
            **TEXT,
            **_ids(tokenizer),
            "head_dim": 16,
            "global_head_dim": 16,
            "sliding_window": 512,
            "num_hidden_layers": 4,
            "num_kv_shared_layers": 2,  # as in the small Gemma 4 models
            "layer_types": ["sliding_attention", "full_attention"] * 2,
            "hidden_size_per_layer_input": 8,
            "vocab_size_per_layer_input": len(tokenizer),
            "final_logit_softcapping": 30.0,
            "use_bidirectional_attention": "vision",
        },
        boi_token_id=index("<boi>"),
        eoi_token_id=index("<eoi>"),
        image_token_id=index("<soft>"),
        audio_token_id=index("<audio>"),
        boa_token_id=index("<boa>"),
        eoa_token_index=index("<eoa>"),
        video_token_id=index("<|video|>"),
    )
    pictures = Gemma4ImageProcessorPil(patch_size=4, max_soft_tokens=70)
    template = chat_template("<soft>", user="<start>user\n", model="<start>model\n", end=TURN)
    save(directory, config, pictures, tokenizer, template)


CHECKPOINTS = {
    builder.__name__: builder
    for builder in (
        llava, llava_next, qwen2_vl, qwen2_5_vl, qwen3_vl, smolvlm, idefics3, internvl, gemma3, gemma4,
    )
}  # fmt: skip


def _clip() -> CLIPVisionConfig:
    return CLIPVisionConfig(
        image_size=56,
        patch_size=14,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
    )


def _siglip() -> dict[str, Any]:
    return {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
    }


def _llava_settings() -> dict[str, Any]:
    return {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}


def _ids(tokenizer: Any) -> dict[str, Any]:
    """Return the text model's vocabulary, which is a little larger than the tokenizer's, as often on the hub."""
    return {
        "vocab_size": len(tokenizer) + 5,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


def _qwen_pictures(patch_size: int) -> dict[str, Any]:
    return {
        "patch_size": patch_size,
        "size": {"shortest_edge": (2 * patch_size) ** 2, "longest_edge": (6 * patch_size) ** 2},
    }


def _qwen(directory: Path, config_class: Any, vision: dict[str, Any], pictures: Any) -> None:
    special = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    tokenizer = wrap(byte_level(PAD, START, END, *special), image_token="<|image_pad|>", video_token="<|video_pad|>")
    start, end, image, video = tokenizer.convert_tokens_to_ids(list(special))
    config = config_class(
        vision_config=vision,
        text_config={
            **TEXT,
            **_ids(tokenizer),
            "head_dim": 16,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        },
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    template = chat_template("<|vision_start|><|image_pad|><|vision_end|>")
    save(directory, config, pictures, tokenizer, template)


def _idefics(directory: Path, config_class: Any, pictures: Any) -> None:
    named = {
        "image_token": "<image>",
        "fake_image_token": "<fake_token_around_image>",
        "global_image_token": "<global-img>",
        "end_of_utterance_token": "<end_of_utterance>",
    }
    tiles = [f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2)]
    tokenizer = wrap(byte_level(PAD, START, END, *named.values(), *tiles), **named)
    config = config_class(
        vision_config=_siglip(),
        text_config={"model_type": "llama", **TEXT, **_ids(tokenizer)},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )
    save(directory, config, pictures, tokenizer, chat_template("<image>"), image_seq_len=4)
