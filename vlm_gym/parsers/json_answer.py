r"""Answers in JSON, as models really write them: the parser of choice.

Where the action is looked for, the strongest form first; the first form that is there decides, also if it is faulty:

1. JSON objects, read tolerantly (objects.py). The last complete one that has the action's field counts. In it, the
   shallowest fields of that name count; they must agree, and so must the items of a list and of `{..}, {..}`. An object
   that breaks off counts only without a complete one, and only if its own action was already complete.
2. Tags, 3. boxes, 4. labelled lines (places.py). The last one counts, and no other may name another action.
5. The answer as a whole: "`hit`."

A weaker form *behind* the place that decides, which names another action, makes the answer ambiguous; before it, it is
reasoning. Thinking (`<think>`) is never looked into. Prose that only mentions an action holds none.

Objects, tags and boxes have an end, so a text cut anywhere never names another action than the whole. A line has none.
"""

import json
from collections.abc import Mapping
from typing import Final

from vlm_gym.actions import Vocabulary
from vlm_gym.errors import ConfigError
from vlm_gym.parsers.base import Fault, Parsed, Unparsed, shorten
from vlm_gym.parsers.choice import Choice, choose_object, plain
from vlm_gym.parsers.objects import MAX_TOKENS, Member, Scalar, TooMuchJsonError, find_objects
from vlm_gym.parsers.places import Places, boxes, labelled_lines, tags, whole
from vlm_gym.parsers.thinking import THINK_TAG, blank_out, set_apart
from vlm_gym.parsers.words import ambiguous, judge, judge_last, named_in, unescape

THOUGHTS: Final = ("thoughts", "thought", "reasoning", "thinking", "think", "rationale", "explanation")


class JsonParser:
    """Reads JSON and its relatives; writes one JSON object: the fields, then the thoughts, then the action."""

    def parse(self, text: str, actions: Vocabulary) -> Parsed | Unparsed:
        """Read an answer."""
        if not text.strip():
            return Unparsed(Fault.EMPTY)
        thinking = set_apart(text)
        if thinking.is_open:
            return Unparsed(Fault.CUT_OFF, shorten(text[-60:]))
        try:
            verdict, _, beside = _choose(thinking.answer, actions)
        except TooMuchJsonError:
            return Unparsed(Fault.NO_ACTION, f"more than {MAX_TOKENS} tokens of JSON")
        if isinstance(verdict, Unparsed):
            return verdict
        fields = {_field_name(member): _field_text(text, member) for member in beside}
        said = [block.strip() for block in thinking.blocks] + [fields.pop(name) for name in _thoughts_in(fields)]
        return Parsed(verdict.action, verdict.span, "\n".join(filter(None, said)), fields)

    def write(
        self, action: str, actions: Vocabulary, thoughts: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """Write an answer on one line."""
        answer = {name.strip().lower(): value for name, value in (fields or {}).items()}
        check_writable(action, actions, answer, reserved=(actions.key, *THOUGHTS))
        if thoughts:
            answer["thoughts"] = thoughts
        written = json.dumps(answer | {actions.key: action}, ensure_ascii=False)
        return written.replace("<", "\\u003c").replace("◁", "\\u25c1") if THINK_TAG.search(written) else written


def check_writable(action: str, actions: Vocabulary, fields: Mapping[str, str], reserved: tuple[str, ...]) -> None:
    """Raise ConfigError for what could not be read back."""
    if actions.read(action) is None:
        raise ConfigError(f"action must be one of the task's, got {action!r}")
    taken = {plain(name) for name in ("", *reserved)}
    for name in fields:
        if plain(name) in taken:
            raise ConfigError(f"a field cannot be called {name!r}, the name of another part of the answer")


def _choose(answer: str, actions: Vocabulary) -> Choice:
    """Find the place that decides, and read it."""
    objects = find_objects(answer)
    choice = choose_object(answer, objects, actions)
    if choice is not None and not answer[choice.end :].strip():
        return choice  # nothing stands behind it that could contradict
    prose = blank_out(answer, [(group.start, group.end) for group in objects if group.members])
    for places in (tags(prose, actions), boxes(prose), labelled_lines(prose, actions)):
        if choice is None:
            choice = _choose_place(prose, places, actions)
        else:
            choice = _contradict(choice, prose, places, actions)
    return choice or _choose_whole(answer, actions)


def _choose_place(prose: str, places: Places, actions: Vocabulary) -> Choice | None:
    if places.is_cut_off:
        return Choice(Unparsed(Fault.CUT_OFF, shorten(prose[-60:])), len(prose))
    if not places.ranges:
        return None
    return Choice(judge_last(prose, places.ranges, actions), places.ranges[-1].end)


def _contradict(choice: Choice, prose: str, places: Places, actions: Vocabulary) -> Choice:
    """Make a choice ambiguous if a weaker form behind it names another action."""
    if isinstance(choice.verdict, Unparsed):
        return choice
    behind = [place for place in places.ranges if place.start >= choice.end]
    named = dict.fromkeys((choice.verdict.action, *named_in(prose, behind, actions)))
    return choice if len(named) == 1 else Choice(ambiguous(named), choice.end)


def _choose_whole(answer: str, actions: Vocabulary) -> Choice:
    verdict = judge(answer, [whole(answer)], actions)
    if isinstance(verdict, Unparsed) and verdict.fault is Fault.UNKNOWN_ACTION:
        verdict = Unparsed(Fault.NO_ACTION, shorten(answer.strip()))
    return Choice(verdict, len(answer))


def _thoughts_in(fields: Mapping[str, str]) -> list[str]:
    """Return the name under which the fields hold thoughts, if there is one."""
    return [name for name in THOUGHTS if name in fields][:1]


def _field_name(member: Member) -> str:
    return unescape(member.name).strip().lower()


def _field_text(text: str, member: Member) -> str:
    written = text[member.value.start : member.value.end]
    return unescape(written) if isinstance(member.value, Scalar) else written
