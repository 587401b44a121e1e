"""The built-in tiny VLM: a Llava of half a million parameters, its tokenizer made in process.

It is an ordinary transformers model, so the code that trains it is the code that trains one of 7B. Two settings decide
whether it learns at all: white must become 0 in the picture, and the initial weights must be large.
"""

from pathlib import Path
from typing import Final

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPVisionConfig,
    GenerationConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

PICTURE_SIZE: Final = 84  # pixels a side, the smallest that the tasks draw: what is drawn so is not resampled
PATCH_SIZE: Final = 21
INITIAL_DEVIATION: Final = 0.08  # with 0.02, the default, it stays at chance
PAD, END, IMAGE = "<pad>", "</s>", "<image>"

WORDS_FILE: Final = Path(__file__).with_name("tiny_words.txt")
"""Texts of the kind that the tasks use, one a line: each of their words, numbers and signs is one token."""
PHRASES: Final = (
    *('{"', '": "', '", "', '"}', '{"action": "', '", "action": "'),
    *('{"thoughts": "', '", "thoughts": "', "Cards:", " of clubs", " of diamonds", " of hearts", " of spades"),
    *(". Target:", ". Formula:", "(empty)", " (empty)"),
    *("You are at", ". You are at", "You are in the middle of the room", ". You are in the middle of the room"),
    *(
        ". You carry",
        ". In the room:",
        ". Seen so far:",
        ". Here:",
        ". Elsewhere:",
        ". In place:",
        ". Not looked into:",
        ". Not possible now:",
    ),
    *(" with nothing", " (closed)", " (open)"),
)
"""What is one token too, though it is several words."""
_WORD: Final = r" ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]|\s"

_TEMPLATE: Final = (
    "{% for turn in messages %}{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% if turn['role'] == 'assistant' %}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}\n{% endif %}"
)


def build_tiny(
    seed: int = 0, num_layers: int = 2, added_share: float = 1.0
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """Return the tiny model with random weights, which `seed` decides, and its processor.

    `num_layers` are those of its language model. `added_share` of their initial weights is left in what each adds to
    the words, which drown in it otherwise: with an eighth it learns sooner to compare words that it never saw together.
    """
    processor = _processor()
    tokenizer = processor.tokenizer
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            image_size=PICTURE_SIZE,
            patch_size=PATCH_SIZE,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            initializer_range=INITIAL_DEVIATION,
        ),
        text_config=LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=num_layers,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=2048,
            initializer_range=INITIAL_DEVIATION,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        ),
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=(PICTURE_SIZE // PATCH_SIZE) ** 2,
        tie_word_embeddings=True,
        initializer_range=INITIAL_DEVIATION,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlavaForConditionalGeneration(config)
    with torch.no_grad():
        for layer in model.model.language_model.layers:
            layer.self_attn.o_proj.weight.mul_(added_share)
            layer.mlp.down_proj.weight.mul_(added_share)
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    return model.eval(), processor


def _processor() -> LlavaProcessor:
    pictures = CLIPImageProcessorPil(
        size={"height": PICTURE_SIZE, "width": PICTURE_SIZE},
        crop_size={"height": PICTURE_SIZE, "width": PICTURE_SIZE},
        do_center_crop=False,
        image_mean=[1.0] * 3,  # the pictures are mostly white, which becomes 0
        image_std=[0.25] * 3,
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=_tokenizer(),
        patch_size=PATCH_SIZE,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,  # the class token, which "default" leaves out
        image_token=IMAGE,
        chat_template=_TEMPLATE,
    )


def _tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of whole words: it writes any text, those of WORDS_FILE in few tokens, the others in bytes."""
    cut = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORD), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    texts = WORDS_FILE.read_text(encoding="utf-8").splitlines()
    words = [word for text in texts for word, _ in cut.pre_tokenize_str(text)]
    names = dict.fromkeys((PAD, END, IMAGE, *sorted(pre_tokenizers.ByteLevel.alphabet()), *words))
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[], ignore_merges=True))  # a word is there or in single bytes
    tokenizer.pre_tokenizer = cut
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(phrase, normalized=False) for phrase in PHRASES])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens={"image_token": IMAGE},
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
