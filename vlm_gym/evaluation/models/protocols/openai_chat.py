"""OpenAI's chat completions, which most servers speak: vLLM, SGLang, Ollama, llama.cpp, and the commercial ones.

Source: the "Chat Completions" part of OpenAI's API reference, and the servers that docs/endpoints.md lists.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.evaluation.models.protocols.base import (
    EndpointProtocol,
    PictureData,
    Said,
    are_parts,
    chosen,
    count,
    objects,
    string,
)
from vlm_gym.messages import Message, sendable

if TYPE_CHECKING:
    from vlm_gym.evaluation.models.endpoint_settings import EndpointSettings

THOUGHT_TYPES: Final = ("thinking", "redacted_thinking", "reasoning", "reasoning_content", "thought")
TEXT_TYPES: Final = ("text", "output_text", "refusal")


class OpenAIChat(EndpointProtocol):
    """Chat completions.

    The answer is the message's `content`: a text, parts of text, or nothing, when the model spent all its tokens on
    reasoning (which servers tell in a field of its own) or refused in so many words (`refusal`).
    """

    prefix = "openai"
    base_url = "https://api.openai.com/v1"
    key_env = "OPENAI_API_KEY"
    path = "/chat/completions"
    answers = "choices"

    def sampling(self, settings: "EndpointSettings") -> dict[str, Any]:
        """Return temperature, top_p, and the limit of tokens in the field that the server wants."""
        limit = {settings.max_tokens_field: settings.max_tokens}
        return {**chosen(temperature=settings.temperature, top_p=settings.top_p, **limit), **settings.extra_body}

    def request(self, model: str, messages: Sequence[Message], picture_data: PictureData) -> dict[str, Any]:
        """Return model and messages; pictures are data URLs."""
        return {"model": model, "messages": [_message(message, picture_data) for message in messages]}

    def read(self, reply: Mapping[str, Any]) -> Said | None:
        """Read the choice with the lowest index."""
        choices = objects(reply.get("choices"))
        if not choices:
            return None
        choice = min(choices, key=_index)
        messages = objects([choice.get("message")])
        message = messages[0] if messages else {}
        usage = reply.get("usage")
        return Said(
            text=_text(message) if messages else None,
            ending=choice,
            parts=(choice, message),
            reasoning=_reasoning(message),
            prompt_tokens=count(usage, "prompt_tokens"),
            completion_tokens=count(usage, "completion_tokens"),
            is_piece="delta" in choice or str(reply.get("object", "")).endswith(".chunk"),
        )


def _message(message: Message, picture_data: PictureData) -> dict[str, Any]:
    text = sendable(message)
    if message.picture is None:
        return {"role": message.role, "content": text}
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture_data(message)}"}}
    return {"role": message.role, "content": [picture, {"type": "text", "text": text}]}


def _index(choice: Mapping[str, Any]) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def _text(message: Mapping[str, Any]) -> str | None:
    """Return what a message says, which may be nothing; None if its content is none that a server sends."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if content is None:
        return string(message.get("refusal"))
    parts = content if isinstance(content, list) else [content]
    return "".join(map(_part_text, parts)) if are_parts(parts) else None


def _part_text(part: Any) -> str:
    if isinstance(part, dict):
        kind = part.get("type", "text")
        part = (part.get("text") or part.get("refusal")) if kind in TEXT_TYPES else None
    return string(part)


def _reasoning(message: Mapping[str, Any]) -> str:
    """Return a model's thoughts, of the field or the parts in which servers tell them."""
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(message.get(name), str) and message[name]:
            return str(message[name])
    thoughts = [part for part in objects(message.get("content")) if part.get("type") in THOUGHT_TYPES]
    return "".join(_thought(part.get("thinking", part.get("text"))) for part in thoughts)


def _thought(value: Any) -> str:
    return "".join(map(_part_text, value)) if isinstance(value, list) else string(value)
