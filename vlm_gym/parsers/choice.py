"""Which object of an answer counts, and which of its fields hold the action (the rules stand in json_answer.py)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from vlm_gym.actions import Vocabulary
from vlm_gym.parsers.base import Fault, Parsed, Unparsed, shorten
from vlm_gym.parsers.objects import Group, Member, Scalar
from vlm_gym.parsers.places import SYNONYMS
from vlm_gym.parsers.words import Range, judge

MAX_DEPTH: Final = 16  # fields further in are not looked at
_JOINTS: Final = frozenset({",", "，", "or", "and", "|"})
_LONGEST_JOINT: Final = 12  # characters between two objects of one list, white space included


class Choice(NamedTuple):
    """The verdict on the place that decides, where that place ends, and the fields beside the action."""

    verdict: Parsed | Unparsed
    end: int
    beside: tuple[Member, ...] = ()


def choose_object(text: str, objects: Sequence[Group], actions: Vocabulary) -> Choice | None:
    """Return the verdict on the object that counts; None if no object has to do with an action."""
    lists = _joined(text, objects)
    for names in (frozenset({plain(actions.key)}), frozenset(SYNONYMS)):
        for groups in reversed(lists):
            choice = _choose_field(text, groups, names, actions)
            if choice:
                return choice
    broken = [group for group in objects if not group.is_complete]
    return _choose_broken(text, broken[-1], actions) if broken else None


@lru_cache(maxsize=256)
def plain(name: str) -> str:
    """Return the form in which two names are compared: "Final_Answer" and "final answer" are one."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _joined(text: str, objects: Sequence[Group]) -> list[list[Group]]:
    """Put complete objects that only a comma or an "or" separates into one list."""
    lists: list[list[Group]] = []
    end = -1
    for group in objects:
        if not group.is_complete:
            continue
        between = text[end : group.start] if 0 <= group.start - end <= _LONGEST_JOINT else ""
        if lists and between.strip().casefold() in _JOINTS:
            lists[-1].append(group)
        else:
            lists.append([group])
        end = group.end
    return lists


def _choose_field(text: str, groups: list[Group], names: frozenset[str], actions: Vocabulary) -> Choice | None:
    """Judge the shallowest fields of these names; an object as value stands for the fields in it."""
    end = groups[-1].end
    unreadable: Range | None = None
    for _ in range(MAX_DEPTH):
        values = [(group, value) for group in groups for value in _values(group, names)]
        places = [place for _, value in values for place in _places(value)]
        if places:
            return Choice(judge(text, places, actions), end, _beside(values[-1][0], names))
        if values and unreadable is None:
            unreadable = Range(values[0][1].start, values[0][1].end)
        groups = [member.value for group in groups for member in group.members if isinstance(member.value, Group)]
    return Choice(judge(text, [unreadable], actions), end) if unreadable else None


def _choose_broken(text: str, group: Group, actions: Vocabulary) -> Choice:
    """Judge the object that the text breaks off in by its own field, if that one is complete."""
    names = frozenset({plain(actions.key)})
    values = _values(group, names)
    places = [place for value in values for place in _places(value)]
    if not places or not all(value.is_complete for value in values):
        return Choice(Unparsed(Fault.CUT_OFF, shorten(text[max(group.start, group.end - 60) : group.end])), group.end)
    return Choice(judge(text, places, actions), group.end, _beside(group, names))


def _values(group: Group, names: frozenset[str]) -> list[Scalar | Group]:
    return [member.value for member in group.members if plain(member.name) in names]


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


def _beside(group: Group, names: frozenset[str]) -> tuple[Member, ...]:
    return tuple(m for m in group.members if m.value.is_complete and m.name and plain(m.name) not in names)
