r"""Answers in JSON, as models really write them: the parser of choice.

Where the action is looked for, the strongest form first; the first form that is there decides, also if it is faulty:

1. JSON objects, read tolerantly (objects.py). An object that the prose around it refuses, tries or shows as a form does
   not count (context.py). A row of objects is a plan, and must say the same in each; behind a correction in prose a new
   row begins, and the last row counts. An object that stands open behind the last makes the answer cut off; one that
   breaks off counts only without a whole one, and only if its own action was already complete. In an object the
   shallowest fields of that name count; they and the items of a list must agree.
2. Arguments of a tool call, 3. tags (elements.py), 4. boxes, 5. labelled lines, 6. sentences such as `The action is
   "hit".` (places.py). The last one counts, and no other may name another action.
7. The answer as a whole: "`hit`."

A weaker form *behind* the place that decides, which names another action, makes the answer ambiguous, and so does prose
that takes it back; before it, it is reasoning. Only the player's own turn is read, without its thinking (marks.py).
Prose that only mentions an action holds none.

Objects, tags and boxes have an end, so a text cut anywhere never names another action than the whole. A line has none:
where the text is known to be cut off (`AnswerText`), a line or a word at its end is not read.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

from vlm_gym.actions import Vocabulary
from vlm_gym.errors import ConfigError
from vlm_gym.parsers.base import Fault, Parsed, Unparsed, cut_off, is_cut_off, is_finished, opening, shorten
from vlm_gym.parsers.choice import Choice, choose_object, fields_around
from vlm_gym.parsers.context import breaks_off, goes_on, is_taken_back
from vlm_gym.parsers.elements import arguments, other_arguments, tags
from vlm_gym.parsers.escaped import unwrap, with_quotes
from vlm_gym.parsers.marks import Apart, blank_out, marks_in, set_apart
from vlm_gym.parsers.names import plain
from vlm_gym.parsers.objects import MAX_TOKENS, Group, Member, Scalar, TooMuchJsonError, find_objects
from vlm_gym.parsers.places import Places, boxes, given_places, labelled_lines, sentences, whole
from vlm_gym.parsers.words import ambiguous, judge, judge_last, named_in, unescape

THOUGHTS: Final = ("thoughts", "thought", "reasoning", "thinking", "think", "rationale", "explanation")

_MARK_SIGNS: Final = re.compile(r"[<\[◁]")
_NEXT_TURN: Final = re.compile(
    r"^[ \t#*\[]{0,6}(?:USER|User|HUMAN|Human|Instruction)(?:[ ]\d)?\b[ *\]]{0,3}(?::|(?<=\])\s)"
    r"|<(?:tool_(?:response|result|output)|function_(?:results?|response))\b[^<>\n]{0,80}>"
    r"|^(?:user|human|User|Human)[ \t]*$|(?<=[}>] )(?:USER|HUMAN):|(?<=[}>])\#{2,4}[ ]Instruction:",
    re.MULTILINE,
)
_FORMS: Final[tuple[Callable[[str, Vocabulary], Places], ...]] = (
    arguments, partial(tags, has_synonyms=True), lambda text, _: boxes(text), labelled_lines, sentences
)  # fmt: skip


class Reading(NamedTuple):
    """A text's verdict, and what it says besides."""

    verdict: Parsed | Unparsed
    fields: Mapping[str, str]


class JsonParser:
    """Reads JSON and its relatives; writes one JSON object: the fields, then the thoughts, then the action."""

    closers: str = "}｝"

    def describe(self, fields: Mapping[str, str], key: str) -> str:
        """Ask for one JSON object."""
        lines = [f'  "{name}": "<{description}>"' for name, description in {**fields, key: f"your {key}"}.items()]
        return f"{opening('with one JSON object in this form', fields)}\n{{\n" + ",\n".join(lines) + "\n}"

    def parse(self, text: str, actions: Vocabulary) -> Parsed | Unparsed:
        """Read an answer."""
        if not text.strip():
            return Unparsed(Fault.EMPTY)
        apart = set_apart(text)
        if apart.is_open:
            return unfinished_thinking(text, apart)
        try:
            verdict, fields = read_turn(apart.answer, actions, is_cut_off=is_cut_off(text) and not apart.has_ended)
        except TooMuchJsonError:
            return Unparsed(Fault.NO_ACTION, f"more than {MAX_TOKENS} tokens of JSON")
        named = dict(fields)
        said = [block.strip() for block in apart.blocks] + [named.pop(name) for name in _thoughts_in(named)]
        thoughts = "\n".join(filter(None, said))
        if isinstance(verdict, Unparsed):
            return Unparsed(verdict.fault, verdict.detail, thoughts, named)
        return Parsed(verdict.action, verdict.span, thoughts, named)

    def write(
        self, action: str, actions: Vocabulary, thoughts: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """Write an answer on one line."""
        answer = {name.strip().lower(): value for name, value in (fields or {}).items()}
        check_writable(action, actions, answer, reserved=(actions.key, *THOUGHTS))
        if thoughts:
            answer["thoughts"] = thoughts
        written = json.dumps(answer | {actions.key: action}, ensure_ascii=False)
        for start, end in reversed(marks_in(written)):
            escaped = _MARK_SIGNS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", written[start:end])
            written = f"{written[:start]}{escaped}{written[end:]}"
        return written

    def fill_in(self, action: str, actions: Vocabulary, thoughts: str, fields: Mapping[str, str]) -> str:
        """Write an answer with all that `describe` asks for."""
        return self.write(action, actions, thoughts, fields)

    def is_complete(self, text: str) -> bool:
        """Whether a JSON object is complete, outside of thinking."""
        apart = set_apart(text)
        if apart.is_open:
            return False
        try:
            return any(group.is_complete for group in find_objects(apart.answer))
        except TooMuchJsonError:
            return False


def check_writable(action: str, actions: Vocabulary, fields: Mapping[str, str], reserved: tuple[str, ...]) -> None:
    """Raise ConfigError for what could not be read back."""
    if actions.read(action) is None:
        raise ConfigError(f"action must be one of the task's, got {action!r}")
    taken = {plain(name) for name in ("", *reserved)}
    for name in fields:
        if plain(name) in taken:
            raise ConfigError(f"a field cannot be called {name!r}, the name of another part of the answer")


def unfinished_thinking(text: str, apart: Apart) -> Unparsed:
    """Return the fault of an answer that never comes out of its thinking: cut off, unless it is known to have ended."""
    thoughts = "\n".join(filter(None, (block.strip() for block in apart.blocks)))
    if apart.has_ended or is_finished(text):
        return Unparsed(Fault.NO_ACTION, f"thinking without an end: {shorten(text[-40:])}"[:80], thoughts)
    return Unparsed(Fault.CUT_OFF, shorten(text[-60:]), thoughts)


def read_turn(answer: str, actions: Vocabulary, *, is_cut_off: bool) -> Reading:
    """Read the player's turn. What a label gives to the user behind a whole answer is made up."""
    next_turn = next((label for label in _NEXT_TURN.finditer(answer) if answer[: label.start()].strip()), None)
    if next_turn:
        first = _read(answer[: next_turn.start()], actions, is_cut_off=False)
        if isinstance(first.verdict, Parsed):
            return first
    return _read(answer, actions, is_cut_off=is_cut_off)


def _read(answer: str, actions: Vocabulary, *, is_cut_off: bool) -> Reading:
    choice, text, objects = _choose(answer, actions, is_cut_off=is_cut_off)
    members = (*fields_around(text, objects, actions), *choice.beside)  # those beside the action count before others
    fields = {_field_name(member): _field_text(text, member) for member in members}
    verdict = choice.verdict
    if is_cut_off and isinstance(verdict, Unparsed) and verdict.fault is Fault.NO_ACTION:
        verdict = cut_off(answer)
    return Reading(verdict, {**other_arguments(text, actions), **fields})


def _choose(answer: str, actions: Vocabulary, *, is_cut_off: bool) -> tuple[Choice, str, list[Group]]:
    """Find the place that decides and read it; return with it the text of its positions, and the objects in it."""
    text = answer = with_quotes(answer)
    objects = find_objects(answer)
    choice, fallback = choose_object(answer, objects, actions)
    if '\\"' in answer and not _is_decided(choice):
        unwrapped = unwrap(answer, is_whole=not objects)
        inner = find_objects(unwrapped)
        found, _ = choose_object(unwrapped, inner, actions)
        if found:
            text, objects, choice = unwrapped, inner, found
    behind = text[choice.end :].strip() if choice else ""
    if choice is not None and not behind:
        return choice, text, objects  # nothing stands behind it that could contradict
    prose = blank_out(text, [(group.start, group.end) for group in objects if group.has_names])
    if choice is None:
        chosen_places = (_choose_place(prose, places(prose, actions), actions, is_cut_off) for places in _FORMS)
        choice = next(filter(None, chosen_places), None)
    if choice is None:
        chosen = _choose_whole(prose if fallback else answer, actions, is_cut_off)
        is_read = isinstance(chosen.verdict, Parsed) or chosen.verdict.fault is Fault.AMBIGUOUS
        return chosen if is_read or fallback is None else fallback, text, objects
    checked = _check_behind(choice, prose[choice.end :], actions, is_cut_off)
    if isinstance(checked.verdict, Parsed) and (breaks_off(text[checked.end :]) or _is_open_list(text, objects)):
        checked = checked._replace(verdict=cut_off(text))
    return checked, text, objects


def _is_open_list(text: str, objects: list[Group]) -> bool:
    """Whether the text ends in a comma, in a list of objects that was not closed."""
    return text.rstrip().endswith(",") and text[: objects[0].start].rstrip().endswith("[") if objects else False


def _is_decided(choice: Choice | None) -> bool:
    if choice is None:
        return False
    return isinstance(choice.verdict, Parsed) or choice.verdict.fault is not Fault.UNKNOWN_ACTION


def _choose_place(prose: str, places: Places, actions: Vocabulary, is_cut_off: bool) -> Choice | None:
    if places.is_cut_off:
        return Choice(cut_off(prose), len(prose))
    given = given_places(prose, places.ranges)
    if not given:
        named = named_in(prose, places.ranges, actions)  # "If so box{hit}, if not box{stand}"
        return Choice(ambiguous(named), places.ranges[-1].end) if len(named) > 1 else None
    end = given[-1].end
    if is_cut_off and not prose[end:].strip(" \t"):
        return Choice(cut_off(prose), len(prose))
    return Choice(judge_last(prose, given, actions), end)


def _check_behind(choice: Choice, behind: str, actions: Vocabulary, is_cut_off: bool) -> Choice:
    """Make a choice ambiguous if something behind it names another action, or takes it back."""
    if isinstance(choice.verdict, Unparsed):
        return choice
    forms = [places(behind, actions) for places in _FORMS]
    if any(places.is_cut_off for places in forms):
        return choice._replace(verdict=cut_off(behind))
    named = named_in(behind, (place for places in forms for place in given_places(behind, places.ranges)), actions)
    if set(named) - {choice.verdict.action}:
        return choice._replace(verdict=ambiguous(dict.fromkeys((choice.verdict.action, *named))))
    if not named and is_taken_back(behind):
        return choice._replace(verdict=Unparsed(Fault.AMBIGUOUS, shorten(f"{choice.verdict.action}; {behind.strip()}")))
    if not named and is_cut_off and goes_on(behind):
        return choice._replace(verdict=cut_off(behind))
    return choice


def _choose_whole(answer: str, actions: Vocabulary, is_cut_off: bool) -> Choice:
    verdict = judge(answer, [whole(answer)], actions)
    if isinstance(verdict, Parsed) and is_cut_off:
        verdict = cut_off(answer)
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
