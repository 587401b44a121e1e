"""Answers as calls of a tool, for frameworks whose models call functions: the prompt asks for no JSON.

How a call is spelt is the model's own matter, and frameworks read it themselves (`Rollout.act` takes what they read).
Where one comes as text it is read as any answer (json_answer.py), and written as Qwen's and Hermes' templates do.
"""

from collections.abc import Mapping
from typing import Final

from vlm_gym.actions import Vocabulary
from vlm_gym.parsers.base import Parsed, Unparsed, opening, told_before
from vlm_gym.parsers.json_answer import JsonParser

TOOL: Final = "act"
ARGUMENT: Final = "action"  # of the tool, whatever the task's field is called
_OPEN: Final = "<tool_call>"
_CLOSE: Final = "</tool_call>"
_JSON: Final = JsonParser()


class ToolParser:
    """Reads and writes calls of the tool `act`, whose arguments are the thoughts and the action."""

    closers: str = f">{JsonParser.closers}"

    def describe(self, fields: Mapping[str, str], key: str) -> str:
        """Ask for a call: what the picture shows belongs into the thoughts."""
        form = f'with one call of the tool "{TOOL}", with {"these arguments" if fields else "this argument"}'
        thoughts = [f"- thoughts: {'; '.join(fields.values())}"] if fields else []
        return "\n".join((opening(form, fields), *thoughts, f"- {ARGUMENT}: your {key}"))

    def parse(self, text: str, actions: Vocabulary) -> Parsed | Unparsed:
        """Read an answer."""
        return _JSON.parse(text, actions)

    def write(
        self, action: str, actions: Vocabulary, thoughts: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """Write a call; fields are further arguments."""
        before, _, after = _JSON.write(action, actions, thoughts, fields).rpartition(f'"{actions.key}": ')
        arguments = f'{before}"{ARGUMENT}": {after}'
        return f'{_OPEN}\n{{"name": "{TOOL}", "arguments": {arguments}}}\n{_CLOSE}'

    def fill_in(self, action: str, actions: Vocabulary, thoughts: str, fields: Mapping[str, str]) -> str:
        """Write a call as `describe` asks for it."""
        return self.write(action, actions, told_before(thoughts, fields))

    def is_complete(self, text: str) -> bool:
        """Whether a call is complete, with the end of its tag if it has one."""
        has_end = _OPEN not in text or text.rstrip().endswith(_CLOSE)
        return has_end and _JSON.is_complete(text)
