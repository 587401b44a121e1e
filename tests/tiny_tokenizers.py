"""Four families of tokenizers, made in process."""

import json

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

PAD, START, END = "<pad>", "<s>", "</s>"
TEXTS = (
    'You are playing. Answer with one JSON object. {"current number": "3", "thoughts": "add 1", "action": "+"}',
    '{"cards": "2, 6", "formula": "(2+6)*3", "thoughts": "multiply", "action": "="} USER: ASSISTANT: user model',
)


def byte_level(*special: str) -> Tokenizer:
    """Return byte-level BPE, as of GPT-2 and Qwen."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(vocab_size=320, special_tokens=[*special], initial_alphabet=alphabet, show_progress=False),
    )
    return tokenizer


def byte_fallback(*special: str) -> Tokenizer:
    """Return BPE with ▁ for a blank and bytes for what it has no token for, as of Llama and Gemma."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(vocab_size=420, special_tokens=[*special, "<unk>", *byte_tokens], show_progress=False),
    )
    return _with_plain_bytes(tokenizer, special)


def unigram(*special: str) -> Tokenizer:
    """Return a Unigram model, as of T5."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.UnigramTrainer(
            vocab_size=120, special_tokens=[*special, "<unk>"], unk_token="<unk>", show_progress=False
        ),
    )
    return tokenizer


def word_piece(*special: str) -> Tokenizer:
    """Return WordPiece, as of BERT: it lower-cases, and glues pieces of words together."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    tokenizer.train_from_iterator(
        [text.lower() for text in TEXTS],
        trainers.WordPieceTrainer(vocab_size=150, special_tokens=[*special, "[UNK]"], show_progress=False),
    )
    return tokenizer


def _with_plain_bytes(tokenizer: Tokenizer, special: tuple[str, ...]) -> Tokenizer:
    """Make the byte tokens ordinary ones again: the trainer takes only special tokens beside what it learns."""
    description = json.loads(tokenizer.to_str())
    description["added_tokens"] = [token for token in description["added_tokens"] if token["content"] in special]
    return Tokenizer.from_str(json.dumps(description))


def wrap(tokenizer: Tokenizer, **named: str) -> PreTrainedTokenizerFast:
    """Return a transformers tokenizer; `named` are the special tokens that an architecture looks for by name."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=START,
        eos_token=END,
        extra_special_tokens=named,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
