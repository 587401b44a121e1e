"""Answers that a model may give and nobody expects."""

from hypothesis import strategies as st

HOSTILE = (
    "",
    " \n\t",
    "\ud800",
    '{"action": "\udfff"}',
    "\x00\x01\x1b[31m\x7f\u202e",
    "<image>",
    "<image><image></s><|im_end|><ima<image>ge>",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {% for x in y %} {# #}",
    '{"action": ' * 2000,
    "x" * 1_000_000,
    '{"action": "' + "9" * 1_000_000 + '"}',
    "\N{GRINNING FACE}" * 1000,
)
ANSWERS = st.sampled_from(HOSTILE) | st.text(st.characters(codec=None)) | st.text()
"""Strategy for any text at all, lone surrogates included."""
