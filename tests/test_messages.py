"""Messages in three dialects."""

import base64
import io
import json
import os

import numpy as np
import pytest
from hostile import ANSWERS, HOSTILE
from hypothesis import given
from PIL import Image

from vlm_gym import messages
from vlm_gym.messages import NO_ANSWER, Message, estimate_tokens, to_hugging_face, to_openai, to_placeholders
from vlm_gym.render.encode import png_bytes

PICTURE = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
TALK = (
    Message("system", "You play."),
    Message("user", "What now?", PICTURE),
    Message("assistant", "Hit <image> me."),
    Message("user", "And now?", PICTURE[::-1]),
)


def test_openai_gets_data_urls():
    system, user, assistant, last = to_openai(TALK)
    assert system == {"role": "system", "content": "You play."}
    assert user == {
        "role": "user",
        "content": [
            {
                "type": "image_url",
                "image_url": {"url": f"data:image/png;base64,{base64.b64encode(png_bytes(PICTURE)).decode()}"},
            },
            {"type": "text", "text": "What now?"},
        ],
    }
    assert assistant == {"role": "assistant", "content": "Hit < image> me."}
    png = base64.b64decode(last["content"][0]["image_url"]["url"].split(",")[1])
    with Image.open(io.BytesIO(png)) as picture:
        assert np.array_equal(np.asarray(picture), PICTURE[::-1])


def test_hugging_face_gets_pictures():
    rendered = to_hugging_face(TALK)
    assert [message["role"] for message in rendered] == ["system", "user", "assistant", "user"]
    assert rendered[0]["content"] == [{"type": "text", "text": "You play."}]
    picture, text = rendered[1]["content"]
    assert (picture["type"], text) == ("image", {"type": "text", "text": "What now?"})
    assert np.array_equal(np.asarray(picture["image"]), PICTURE)
    assert rendered[2]["content"] == [{"type": "text", "text": "Hit < image> me."}]


def test_placeholders_stand_for_the_pictures_in_their_order():
    told, pictures = to_placeholders(TALK)
    assert [message["content"] for message in told] == [
        "You play.",
        "<image>\nWhat now?",
        "Hit < image> me.",
        "<image>\nAnd now?",
    ]
    assert [
        np.array_equal(np.asarray(each), PICTURE[::step]) for each, step in zip(pictures, (1, -1), strict=True)
    ] == [
        True,
        True,
    ]


def test_a_picture_is_encoded_once():
    message = Message("user", "x", PICTURE)
    assert to_openai([message])[0]["content"][0]["image_url"]["url"].endswith(message.picture_base64)
    assert message.picture_base64 is message.picture_base64
    assert message.png is message.png
    assert Message("assistant", "y", PICTURE.copy()).png is message.png
    assert Message("user", "x", PICTURE[::-1]).png != message.png
    assert Message("user", "x").png == b""
    assert Message("user", "x").picture_name == ""
    assert Message("user", "x").picture_url == ""


def test_only_the_last_pictures_are_kept():
    first = np.full((2, 2, 3), 255, np.uint8)
    png = Message("user", "", first).png
    for i in range(messages.NUM_PNGS):
        assert Message("user", "", np.full((1, 2, 3), i, np.uint8)).png
    assert len(messages._pngs) == messages.NUM_PNGS
    again = Message("user", "", first).png
    assert again == png
    assert again is not png


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_empty_message_says_so(text):
    """Chat templates and some servers refuse an empty message."""
    message = Message("assistant", text)
    assert to_openai([message])[0]["content"] == NO_ANSWER
    assert to_hugging_face([message])[0]["content"][0]["text"] == NO_ANSWER
    assert to_placeholders([message])[0][0]["content"] == NO_ANSWER


def test_named_special_tokens_are_broken():
    (message,) = to_hugging_face([Message("assistant", "a</s>b<|im_end|>c<s>")], ["</s>", "<|im_end|>", "<s>"])
    assert message["content"][0]["text"] == "a< /s>b< |im_end|>c< s>"


def test_tokens_are_estimated():
    assert estimate_tokens(Message("user", "x" * 400)) == 101
    assert estimate_tokens(Message("user", "x" * 400, np.zeros((280, 280, 3), np.uint8))) == 201


@given(ANSWERS)
def test_any_text_can_be_sent(text):
    for rendered in (
        to_openai([Message("assistant", text, PICTURE)])[0]["content"][1]["text"],
        to_hugging_face([Message("assistant", text, PICTURE)], ["</s>"])[0]["content"][1]["text"],
        to_placeholders([Message("assistant", text)])[0][0]["content"],
    ):
        assert rendered.strip()
        assert "<image>" not in rendered
        assert json.loads(json.dumps(rendered)) == rendered
        rendered.encode("utf-8")
    assert "</s>" not in to_hugging_face([Message("assistant", text)], ["</s>"])[0]["content"][0]["text"]


@pytest.fixture(scope="module")
def tokenizer():
    if "VLM_GYM_ALL_TESTS" not in os.environ:
        pytest.importorskip("transformers", reason="chat templates need transformers: pip install 'vlm-gym[train]'")
    from tiny_tokenizers import byte_level, wrap

    made = wrap(byte_level("<pad>", "<s>", "</s>", "<image>"), image_token="<image>")
    made.chat_template = (
        "{% for turn in messages %}<s>{{ turn['role'] }}\n{% if turn['content'] is string %}{{ turn['content'] }}"
        "{% else %}{% for part in turn['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}"
        "{% endif %}{% endfor %}{% endif %}</s>{% endfor %}"
    )
    return made


@pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
def test_a_real_chat_template_reads_every_dialect_alike(tokenizer, answer):
    talk = (*TALK[:2], Message("assistant", answer), TALK[3])
    special = tokenizer.all_special_tokens
    assert {"<image>", "</s>"} <= set(special)
    tokens = tokenizer.apply_chat_template(to_hugging_face(talk, special), tokenize=True, return_dict=False)
    counted = {token: tokens.count(tokenizer.convert_tokens_to_ids(token)) for token in ("<image>", "<s>", "</s>")}
    assert counted == {"<image>": 2, "<s>": 4, "</s>": 4}
    if len(answer) > 10_000:
        return
    told, _ = to_placeholders(talk)
    by_placeholders = tokenizer.apply_chat_template(told, tokenize=False)
    by_blocks = tokenizer.apply_chat_template(to_hugging_face(talk), tokenize=False)
    assert by_placeholders.replace("<image>\n", "<image>") == by_blocks
