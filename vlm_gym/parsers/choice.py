"""Which object of an answer counts, and which of its fields hold the action (the rules stand in json_answer.py)."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple

from vlm_gym.actions import Vocabulary
from vlm_gym.parsers.base import Fault, Parsed, Unparsed, shorten
from vlm_gym.parsers.context import is_corrected, is_given, is_put_apart, words_before
from vlm_gym.parsers.names import is_put_aside, is_synonym, plain
from vlm_gym.parsers.objects import Group, Member, Scalar
from vlm_gym.parsers.places import MAX_PLACES
from vlm_gym.parsers.words import Range, ambiguous, judge

MAX_DEPTH: Final = 16  # fields further in are not looked at
_OF_CALLS: Final = frozenset(
    {"arguments", "args", "parameters", "params", "input", "tool input", "function", "tool calls"}
)
REMARK: Final = "remark"
"""The field of what stands beside an action without a name."""
_NAMES_OF_ACTIONS: Final = ("name", "value", "move", "command", "token", "choice")  # in {"action": {"name": "hit"}}
_PLACEHOLDER: Final = re.compile(
    r"[\s\"'{\[(<]*(?:\.{3}|…|_{3,}|<[^<>]{0,80}>|(?:your|the|an?|insert|chosen|one of)\s(?:\w+\s){0,3}?"
    r"(?:action|formula|answer|move|command|choice)s?(?:\shere)?)[\s\"'}\])>.]*",
    re.IGNORECASE,
)

IsName = Callable[[str], bool]


class Choice(NamedTuple):
    """The verdict on the place that decides, where that place ends, and the fields beside the action."""

    verdict: Parsed | Unparsed
    end: int
    beside: tuple[Member, ...] = ()


class _Offer(NamedTuple):
    """An object with a field for the action: the words there, the verdict on them, the fields beside.

    `is_own` says that the field has the action's own name.
    """

    group: Group
    words: tuple[str, ...]
    verdict: Parsed | Unparsed
    beside: tuple[Member, ...]
    is_own: bool


def choose_object(text: str, objects: Sequence[Group], actions: Vocabulary) -> tuple[Choice | None, Choice | None]:
    """Return the verdict on the objects that count, or None if none of them has to do with an action.

    The second one counts if no weaker form of an answer is there either: the verdict on objects that only show a form,
    or that the prose speaks against, or what the last object holds beside an action.
    """
    broken = next((group for group in reversed(objects) if not group.is_complete), None)
    whole = [group for group in objects if group.is_complete][-MAX_PLACES:]
    offers = [offer for group in whole for offer in _offer(text, group, actions)]
    offers = [offer for offer in offers if offer.is_own] or offers
    if offers:
        return _choose_offer(text, offers, broken, actions)
    if broken:
        return _choose_broken(text, broken, actions), None
    return None, _without_action(text, objects[-1], actions) if objects else None


def fields_around(text: str, objects: Sequence[Group], actions: Vocabulary) -> Iterator[Member]:
    """Return the fields of the outermost objects, wherever the action stands; what goes around a call is none."""
    for group in objects:
        if not _OF_CALLS.isdisjoint(plain(member.name) for member in group.members):
            continue
        for member in group.members:
            is_field = member.name and member.value.is_complete and isinstance(member.value, Scalar)
            if is_field and not is_synonym(member.name, actions.key) and not is_put_aside(member.name):
                written = text[member.value.start : member.value.end]
                if not _PLACEHOLDER.fullmatch(written):
                    yield member


def _choose_offer(
    text: str, offers: Sequence[_Offer], broken: Group | None, actions: Vocabulary
) -> tuple[Choice | None, Choice | None]:
    given = _given(text, offers)
    if broken and broken.start >= offers[-1].group.end and not _is_loop(text, given, broken):
        return (_cut_off(text, broken) if given else _choose_broken(text, broken, actions)), None
    if given:
        return _choose_row(_last_row(text, given)), None
    last = offers[-1]
    refused = Unparsed(Fault.NO_ACTION, shorten(text[max(0, last.group.start - 40) : last.group.end + 40].strip()))
    return None, Choice(last.verdict if _has_placeholder(last) else refused, last.group.end, last.beside)


def _given(text: str, offers: Sequence[_Offer]) -> list[_Offer]:
    """Leave out forms and what the prose speaks against; of "A or B?" both."""
    are_given = [_is_given(text, offer) for offer in offers]
    for i, (before, after) in enumerate(pairwise(offers)):
        if text[before.group.end : after.group.start].strip(" ,").casefold() in ("or", "/", "oder", "ou", "或"):
            are_given[i] = are_given[i + 1] = are_given[i] and are_given[i + 1]
    return [offer for offer, is_one in zip(offers, are_given, strict=True) if is_one]


def _is_given(text: str, offer: _Offer) -> bool:
    start, end = offer.group.start, offer.group.end
    return not _is_form(text, offer) and not is_put_apart(text, start) and is_given(text, start, end)


def _last_row(text: str, offers: Sequence[_Offer]) -> Sequence[_Offer]:
    """Return the objects of the last row: those behind the last correction in prose."""
    first = 0
    for i, (before, after) in enumerate(pairwise(offers), start=1):
        if is_corrected(text[before.group.end : after.group.start]):
            first = i
    return offers[first:]


def _choose_row(row: Sequence[_Offer]) -> Choice:
    """Judge a row, which is a plan unless all of it says the same; a form that lists the actions may lead it."""
    while len(row) > 1 and _is_ambiguous(row[0]) and isinstance(row[-1].verdict, Parsed):
        row = row[1:]
    last = row[-1]
    named = dict.fromkeys(offer.verdict.action for offer in row if isinstance(offer.verdict, Parsed))
    if len(named) > 1:
        return Choice(ambiguous(named), last.group.end, last.beside)
    unread = [offer for offer in row if isinstance(offer.verdict, Unparsed)]
    return Choice((unread or row)[-1].verdict, last.group.end, last.beside)


def _is_ambiguous(offer: _Offer) -> bool:
    return isinstance(offer.verdict, Unparsed) and offer.verdict.fault is Fault.AMBIGUOUS


def _has_placeholder(offer: _Offer) -> bool:
    return isinstance(offer.verdict, Unparsed) and all(map(_PLACEHOLDER.fullmatch, offer.words))


def _is_form(text: str, offer: _Offer) -> bool:
    """Whether an object only shows the form of an answer: its action, or a field in mid-sentence, is a placeholder."""
    if _has_placeholder(offer):
        return True
    line = words_before(text, offer.group.start).rstrip()
    values = (text[member.value.start : member.value.end] for member in offer.beside)
    return line[-1:].isalpha() and any(map(_PLACEHOLDER.fullmatch, values))


def _is_loop(text: str, given: Sequence[_Offer], broken: Group) -> bool:
    """Whether the text breaks off in one more copy of what it said twice before, word for word."""
    if len(given) < 2:
        return False
    first, second = (text[offer.group.start : offer.group.end] for offer in given[-2:])
    return first == second and second.startswith(text[broken.start :].rstrip())


def _offer(text: str, group: Group, actions: Vocabulary) -> Iterator[_Offer]:
    """Judge an object's shallowest fields for the action, its own name before synonyms.

    An object as value stands for the fields in it; what is put aside ("rejected", "options") is not looked into.
    """
    own = plain(actions.key)
    names: tuple[tuple[bool, IsName], ...] = (
        (True, lambda name: plain(name) == own),
        (False, partial(is_synonym, key=actions.key)),
    )
    groups = [group]
    unread: tuple[bool, list[Scalar | Group], tuple[Member, ...]] | None = None
    for _ in range(MAX_DEPTH):
        for is_own, is_name in names:
            values = [(inner, value) for inner in groups for value in _values(inner, is_name)]
            places = [place for _, value in values for place in _places(value)]
            if places:
                lone = [place for inner in groups for place in _lone(inner, is_name)]
                yield _judged(text, group, places, _beside(values[-1][0], is_name), actions, is_own, lone)
                return
            if values and unread is None:
                unread = is_own, [value for _, value in values], _beside(group, is_name)
        groups = [
            member.value
            for inner in groups
            for member in inner.members
            if isinstance(member.value, Group) and not is_put_aside(member.name)
        ]
    if unread:
        is_own, objects, beside = unread
        places = [place for value in objects for place in _named(value)] or [Range(objects[0].start, objects[0].end)]
        yield _judged(text, group, places, beside, actions, is_own)


def _judged(
    text: str,
    group: Group,
    places: Sequence[Range],
    beside: tuple[Member, ...],
    actions: Vocabulary,
    is_own: bool,
    lone: Sequence[Range] = (),
) -> _Offer:
    words = tuple(text[slice(*place)] for place in places)
    verdict = judge(text, places, actions)
    if lone and isinstance(verdict, Parsed):
        verdict = _judge_remark(verdict, ", ".join(text[slice(*place)] for place in lone), actions)
    return _Offer(group, words, verdict, beside, is_own)


def _judge_remark(verdict: Parsed, remark: str, actions: Vocabulary) -> Parsed | Unparsed:
    """Judge an action with texts beside it that have no name: as with an aside, or in a row."""
    for words in (f"{verdict.action} ({remark})", f"{verdict.action}, {remark}"):
        other = judge(words, [Range(0, len(words))], actions)
        if isinstance(other, Parsed) and other.action == verdict.action:
            return verdict
    return other if isinstance(other, Unparsed) else ambiguous((verdict.action, other.action))


def _choose_broken(text: str, group: Group, actions: Vocabulary) -> Choice:
    """Judge the object that the text breaks off in by its own field, if that one is complete and prose leaves it so."""
    own = plain(actions.key)
    values = _values(group, lambda name: plain(name) == own)
    places = [place for value in values for place in _places(value)]
    is_left = is_given(text, group.start, group.end) and not is_put_apart(text, group.start)
    if not (places and is_left and all(value.is_complete for value in values)):
        return _cut_off(text, group)
    return Choice(judge(text, places, actions), group.end, _beside(group, lambda name: plain(name) == own))


def _cut_off(text: str, group: Group) -> Choice:
    fault = Unparsed(Fault.CUT_OFF, shorten(text[max(group.start, group.end - 60) : group.end]))
    return Choice(fault, group.end, _beside(group, lambda _: False))


def _without_action(text: str, group: Group, actions: Vocabulary) -> Choice | None:
    """Return what an object says that has no field for an action."""
    beside = _beside(group, partial(is_synonym, key=actions.key))
    fault = Unparsed(Fault.NO_ACTION, shorten(text[group.start : group.end]))
    return Choice(fault, group.end, beside) if beside else None


def _values(group: Group, is_name: IsName) -> list[Scalar | Group]:
    return [member.value for member in group.members if member.name and is_name(member.name)]


def _places(value: Scalar | Group) -> list[Range]:
    """Return where a field's value names actions: the text itself, or each item of a list; nowhere in an object."""
    if isinstance(value, Scalar):
        return [Range(value.start, value.end)]
    if value.is_object:
        return []
    items = [
        member.value for member in value.members if not (isinstance(member.value, Group) and member.value.is_object)
    ]
    if not value.members:
        return [Range(value.start, value.end)]
    return [Range(item.start, item.end) for item in items]


def _named(value: Scalar | Group) -> list[Range]:
    """Return where an object as the value of the action's field names one."""
    members = value.members if isinstance(value, Group) else []
    for wanted in _NAMES_OF_ACTIONS:
        found = [member.value for member in members if plain(member.name) == wanted]
        if found:
            return [place for item in found for place in _places(item)]
    return []


def _lone(group: Group, is_name: IsName) -> list[Range]:
    """Return the texts without a name that stand beside the action: behind it, or before all names."""
    found, is_beside = [], True
    for name, value in group.members:
        if name:
            is_beside = is_name(name)
        elif is_beside and isinstance(value, Scalar):
            found.append(Range(value.start, value.end))
    return found


def _beside(group: Group, is_name: IsName) -> tuple[Member, ...]:
    """Return the fields beside the action; what has no name belongs to the field before it, or is a remark."""
    beside = [Member(REMARK, Scalar(*place, is_complete=True)) for place in _lone(group, is_name)]
    is_beside = False
    for member in group.members:
        if member.name:
            is_beside = member.value.is_complete and not is_name(member.name)
            beside += [member] * is_beside
        elif is_beside:
            name, value = beside.pop()
            beside.append(Member(name, Scalar(value.start, member.value.end, is_complete=True)))
    return tuple(beside)
