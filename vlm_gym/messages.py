"""Messages with pictures, and the three dialects in which models and trainers read them."""

import hashlib
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, get_args

import numpy as np
from PIL import Image

from vlm_gym.errors import ConfigError, check_choice, check_is
from vlm_gym.render.canvas import Picture
from vlm_gym.render.encode import check_picture, png_bytes

Role = Literal["system", "user", "assistant"]

CHARACTERS_PER_TOKEN: Final = 4  # of English, in the tokenizers in use
PIXELS_PER_TOKEN: Final = 28 * 28  # Qwen2.5-VL's; LLaVA's and GPT's are of the same order
PLACEHOLDER: Final = "<image>"
NAME_LENGTH: Final = 32  # hex digits of a name: 128 bits
NUM_PNGS: Final = 256  # that are kept, of pictures that come again: a move that breaks a rule changes none
NO_ANSWER: Final = "(no answer)"  # chat templates refuse an empty message


@dataclass(frozen=True, eq=False)
class Message:
    """One message; a picture, (height, width, 3) uint8, stands before the text."""

    role: Role
    text: str
    picture: Picture | None = None

    def __post_init__(self) -> None:
        check_choice("role", self.role, get_args(Role))
        check_is("text", self.text, str, "a str")
        if self.picture is not None:
            check_picture(self.picture)

    @cached_property
    def picture_name(self) -> str:
        """The picture's name (`picture_name`); empty without a picture."""
        return "" if self.picture is None else picture_name(self.picture)

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG, encoded once however often it is sent; empty without a picture."""
        return b"" if self.picture is None else _png(self.picture_name, self.picture)

    @cached_property
    def picture_base64(self) -> str:
        """The picture's PNG in base64, written once too; empty without a picture."""
        return b64encode(self.png).decode("ascii")

    @property
    def picture_url(self) -> str:
        """The picture as data URL; empty without a picture."""
        return f"data:image/png;base64,{self.picture_base64}" if self.png else ""


def picture_name(picture: Picture) -> str:
    """Return the name of a picture, (height, width, 3) uint8, which follows from its pixels."""
    pixels = hashlib.sha256(repr(picture.shape).encode("ascii"))
    pixels.update(np.ascontiguousarray(picture).data)
    return pixels.hexdigest()[:NAME_LENGTH]


def estimate_tokens(message: Message) -> int:
    """Estimate a message's tokens from its characters and pixels; a trainer counts with its own tokenizer instead."""
    pixels = 0 if message.picture is None else message.picture.shape[0] * message.picture.shape[1]
    return len(message.text) // CHARACTERS_PER_TOKEN + pixels // PIXELS_PER_TOKEN + 1


def to_openai(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return messages for an OpenAI-compatible endpoint (chat completions), pictures as PNG data URLs."""
    return [_openai(message) for message in _checked(messages)]


def to_hugging_face(messages: Iterable[Message], special_tokens: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return messages for a Hugging Face chat template or TRL, pictures as `{"type": "image", "image": PIL image}`.

    A player may write what a tokenizer reads as a special token, the end of a message for example: those that are
    named are broken by a blank.
    """
    if isinstance(special_tokens, str) or not isinstance(special_tokens, Iterable):
        raise ConfigError(f"special_tokens must be a list of them, got {special_tokens!r}")
    tokens = tuple(special_tokens)
    for token in tokens:
        check_is("each of special_tokens", token, str, "a str")
    return [
        {
            "role": message.role,
            "content": [
                *([] if message.picture is None else [{"type": "image", "image": Image.fromarray(message.picture)}]),
                {"type": "text", "text": sendable(message, tokens)},
            ],
        }
        for message in _checked(messages)
    ]


def to_placeholders(messages: Iterable[Message]) -> tuple[list[dict[str, str]], list[Image.Image]]:
    """Return messages in which "<image>" stands for each picture, and the pictures in their order."""
    told, pictures = [], []
    for message in _checked(messages):
        text = sendable(message)
        if message.picture is not None:
            pictures.append(Image.fromarray(message.picture))
            text = f"{PLACEHOLDER}\n{text}"
        told.append({"role": message.role, "content": text})
    return told, pictures


def _checked(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return the messages.

    Raises:
        ConfigError: if they are something else.
    """
    check_is("messages", messages, Iterable, "a list of Messages, such as session.messages()")
    told = tuple(messages)
    for each in told:
        check_is("each message", each, Message, "a vlm_gym.Message, as in session.messages()")
    return told


_pngs: OrderedDict[str, bytes] = OrderedDict()


def _png(name: str, picture: Picture) -> bytes:
    """Return a picture as PNG, which may have been made for another message."""
    png = _pngs.pop(name, None) or png_bytes(picture)
    _pngs[name] = png
    if len(_pngs) > NUM_PNGS:
        _pngs.popitem(last=False)
    return png


def _openai(message: Message) -> dict[str, Any]:
    text = sendable(message)
    if message.picture is None:
        return {"role": message.role, "content": text}
    picture = {"type": "image_url", "image_url": {"url": message.picture_url}}
    return {"role": message.role, "content": [picture, {"type": "text", "text": text}]}


def sendable(message: Message, special_tokens: Iterable[str] = ()) -> str:
    """Return the text without what JSON, templates and servers refuse: lone surrogates, and nothing at all.

    A player's "<image>" would stand for a picture that is not there, so it counts as a special token everywhere.
    """
    text = message.text.encode("utf-8", "replace").decode("utf-8")
    for token in (PLACEHOLDER, *special_tokens):
        text = text.replace(token, f"{token[:1]} {token[1:]}")
    return text if text.strip() else NO_ANSWER
