"""The built-in tiny VLM: a Llava of half a million parameters, its tokenizer made in process.

It is an ordinary transformers model, so the code that trains it is the code that trains one of 7B. Two settings decide
whether it learns at all: white must become 0 in the picture, and the initial weights must be large.
"""

from typing import Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
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

# What the tokenizer learns its words from: prompts and answers of the kind that the tasks use.
TEXTS: Final = (
    'You are playing. The picture shows a number line, a target number and your current number. Answer in JSON.',
    '{"current number": "3", "target number": "0", "thoughts": "3 is more than 0, so subtract 1.", "action": "-"}',
    '{"current number": "2", "target number": "5", "thoughts": "2 is less than 5, so add 1.", "action": "+"}',
    'You are playing a card game. The picture shows the cards, the target 12 or 24 and the formula written so far.',
    '{"cards": "2, 6", "formula": "2*", "thoughts": "The formula needs 6 next.", "action": "6"}',
    '{"cards": "2, 6", "formula": "2*6", "thoughts": "It is finished, so the action is =.", "action": "="}',
    '{"cards": "10, 7, 7, 10", "formula": "(7-10/7)*", "thoughts": "A 10 is left.", "action": "10"}',
    'You are playing Blackjack. The picture shows the dealer\'s card and your cards.',
    '{"your total": "17", "dealer\'s card": "6", "thoughts": "17 is high, so stand.", "action": "stand"}',
    '{"your total": "11", "dealer\'s card": "A", "thoughts": "11 is low, so hit.", "action": "hit"}',
    '{"cards": "A, J, Q, K", "formula": "(empty)", "action": "="} {"cards": "9, 3", "formula": "3 +", "action": "8"}',
    '{"dealer": "10", "hand": "A, 7, 7", "total": "15", "action": "hit"} '
    '{"dealer": "A", "hand": "K, J", "total": "20"}',
    '{"place": "You are in the middle of the room.", "hand": "nothing", "action": "open drawer 1"}',
    '{"place": "You are at cabinet 2 (open) with cup 3, plate 1.", "hand": "apple 1", "action": "close cabinet 2"}',
    '{"place": "You are at fridge 1 (closed).", "hand": "clean mug 1", "action": "move mug 1 to fridge 1"}',
    'You are in a room. Your task is to put a clean apple in the fridge. Admissible actions:',
    '{"thoughts": "I need to find the apple first.", "action": "go to cabinet 1"}',
    '{"thoughts": "The apple is here.", "action": "take apple 1 from countertop 1"}',
    '{"thoughts": "I put it in.", "action": "put apple 1 in/on fridge 1", "action": "open drawer 2"}',
)  # fmt: skip
NUM_TOKENS: Final = 512

_TEMPLATE: Final = (
    "{% for turn in messages %}{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% if turn['role'] == 'assistant' %}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}\n{% endif %}"
)


def build_tiny(seed: int = 0) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """Return the tiny model with random weights, which `seed` decides, and its processor."""
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
            num_hidden_layers=2,
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
    """Train byte-level BPE with a token for each digit on TEXTS: it can write any text, and these in few tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=NUM_TOKENS,
        special_tokens=[PAD, END, IMAGE],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens={"image_token": IMAGE},
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
