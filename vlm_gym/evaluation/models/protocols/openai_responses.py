"""OpenAI's responses API.

Source: the "Responses" part of OpenAI's API reference. Nothing is kept at the provider: each request has all messages.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vlm_gym.errors import ConfigError
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


class OpenAIResponses(EndpointProtocol):
    """Responses: messages are items of an input, and so are thoughts and the answer of an output.

    The answer is the text of the output's messages, refusals in so many words included; summaries of reasoning, or the
    reasoning itself where the server tells it, are the model's thoughts.
    """

    prefix = "responses"
    base_url = "https://api.openai.com/v1"
    key_env = "OPENAI_API_KEY"
    path = "/responses"
    answers = "output"
    has_seed = False
    own_fields = ("model", "input", "instructions", "stream", "background", "previous_response_id", "conversation")

    def check(self, settings: "EndpointSettings") -> None:
        """Raise ConfigError for a seed, and for a limit of tokens by another name."""
        super().check(settings)
        if settings.max_tokens_field != "max_tokens":
            raise ConfigError("responses: models take max_output_tokens, always: leave out --max-tokens-field")

    def sampling(self, settings: "EndpointSettings") -> dict[str, Any]:
        """Return temperature, top_p and max_output_tokens, and that the provider is not to keep the response."""
        fields = chosen(temperature=settings.temperature, top_p=settings.top_p, max_output_tokens=settings.max_tokens)
        return {**fields, "store": False, **settings.extra_body}

    def request(self, model: str, messages: Sequence[Message], picture_data: PictureData) -> dict[str, Any]:
        """Return model and input; pictures are data URLs."""
        return {"model": model, "input": [_item(message, picture_data) for message in messages]}

    def read(self, reply: Mapping[str, Any]) -> Said | None:
        """Read the items of an output."""
        if not are_parts(reply.get("output")):
            return None
        items = objects(reply["output"])
        messages = [item for item in items if item.get("type") == "message"]
        thoughts = [_thoughts(item) for item in items if item.get("type") == "reasoning"]
        usage = reply.get("usage")
        return Said(
            text=_text([message.get("content") for message in messages]),
            ending=_ending(reply),
            reasoning="\n\n".join(thought for thought in thoughts if thought),
            prompt_tokens=count(usage, "input_tokens"),
            completion_tokens=count(usage, "output_tokens"),
        )


def _item(message: Message, picture_data: PictureData) -> dict[str, Any]:
    text = sendable(message)
    if message.role == "assistant":
        return {"role": message.role, "content": [{"type": "output_text", "text": text}]}
    words = {"type": "input_text", "text": text}
    if message.picture is None:
        return {"role": message.role, "content": [words]}
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{picture_data(message)}", "detail": "auto"}
    return {"role": message.role, "content": [picture, words]}


def _ending(reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a response ended: its status, or, where it is incomplete, why."""
    details = reply.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else None
    return {"finish_reason": reason if isinstance(reason, str) and reason else reply.get("status")}


def _text(contents: Sequence[Any]) -> str | None:
    """Return what an output's messages say, in parts or as text; None if a content is none that a server sends."""
    told = [[{"text": content}] if isinstance(content, str) else content for content in contents]
    parts = [part for content in told for part in objects(content)]
    return "".join(map(_part_text, parts)) if all(map(are_parts, told)) else None


def _part_text(part: Mapping[str, Any]) -> str:
    return string(part.get("refusal" if part.get("type") == "refusal" else "text"))


def _thoughts(item: Mapping[str, Any]) -> str:
    """Return the reasoning of an item: its own text, or else its summary's parts."""
    texts = [string(part.get("text")) for part in objects(item.get("content")) or objects(item.get("summary"))]
    return "\n\n".join(text for text in texts if text)
