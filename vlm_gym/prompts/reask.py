"""What a player is told whose answer could not be read, when it is asked for again: what is missing, and no more.

No action is guessed and none is offered that the question does not name: it says what the form lacks and which actions
the task has, never which of them are possible now or might have been meant.
"""

import re
from typing import Final

from vlm_gym.actions import NamedVocabulary, Vocabulary
from vlm_gym.parsers.base import Fault, Parser, Unparsed
from vlm_gym.prompts.answer import one_of

MAX_LISTED: Final = 24  # actions; where there are more, they are said to be in the question
_TAG: Final = re.compile(r"<(\w+)>your ")
_ARGUMENT: Final = re.compile(r"^- (\w+): your ", re.MULTILINE)


def reask(answer: Unparsed, parser: Parser, actions: Vocabulary, question: str) -> str:
    """Say what an answer without a readable action lacks, and which actions the question has named."""
    return f"Your last answer could not be read: {_missing(answer, parser, actions.key)}. {_actions(actions, question)}"


def _missing(answer: Unparsed, parser: Parser, key: str) -> str:
    place = _place(parser, key)
    if answer.fault is Fault.EMPTY:
        return f"it is empty, and has no {place}"
    if answer.fault is Fault.CUT_OFF:
        return f"it breaks off before the end of its {place}, so be brief"
    if answer.fault is Fault.AMBIGUOUS:
        return f"it names more than one {key} ({answer.detail}), or takes back what it named"
    if answer.fault is Fault.UNKNOWN_ACTION:
        return f"its {place} says {answer.detail.partition('; nearest:')[0]}, which is no {key} of this task"
    return f"it has no {place}"


def _place(parser: Parser, key: str) -> str:
    """Return where the action stands, as the parser asks for it: 'field "action"'."""
    form = parser.describe({}, key)
    tag = _TAG.search(form)
    if f'"{key}":' in form:
        return f'field "{key}"'
    if tag:
        return f"<{tag[1]}> tag"
    argument = _ARGUMENT.search(form)
    return f'argument "{argument[1]}"' if argument else f"{key} in the form that the question asks for"


def _actions(actions: Vocabulary, question: str) -> str:
    names = actions.names if isinstance(actions, NamedVocabulary) else ()
    if not names or any(name not in question for name in names):
        return f"The question says what the {actions.key} may be."
    if len(names) > MAX_LISTED:
        return f"The {actions.key} is one of those that the question names."
    return f"The {actions.key} is {one_of(names)}."
