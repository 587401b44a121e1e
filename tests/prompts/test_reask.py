"""Asking again says what is missing, whatever the task and the format, and gives nothing away."""

import gymnasium as gym
import pytest
from at_hand import ONE_OF_EACH_KIND

from vlm_gym.actions import NamedVocabulary
from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.errors import ConfigError
from vlm_gym.parsers import PARSERS, AnswerText
from vlm_gym.prompts.reask import MAX_LISTED

CUT_OFF = AnswerText('{"thoughts": "I am', is_cut_off=True)
PLACES = {"json": 'field "{}"', "paper": 'field "{}"', "tagged": "<answer> tag", "tool": 'argument "action"'}


def asked_again(task, text, parser="json", **settings):
    session = ChatSession(gym.make(task, parser=parser), ChatSettings(max_reasks=1, **settings))
    session.reset(seed=5)
    assert session.answer(text) is None
    return session, session.messages()[-1].text


@pytest.mark.parametrize("parser", PLACES)
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_it_says_where_the_action_is_missing(parser, task):
    try:
        session, told = asked_again(task, "I see a picture.", parser)
    except ConfigError as error:
        pytest.skip(f"{task} is not played with {parser}: {error}")
    key = session.task.actions.key
    place = PLACES[parser].format(key)
    missing, _, rest = told.partition(". ")
    assert missing == f"Your last answer could not be read: it has no {place}"
    assert rest.startswith((f"The {key} is ", f"The question says what the {key} may be."))
    assert told.endswith("Please answer again.")


def test_every_parser_has_a_place():
    assert set(PLACES) == {name for name in PARSERS if PARSERS[name].__class__.__module__.startswith("vlm_gym.")}


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
@pytest.mark.parametrize("text", ["", "hm", '{"action": "fly away", "formula": "x"}', CUT_OFF, '{"thoughts": "yes"}'])
def test_it_names_all_actions_that_the_question_names_and_no_others(task, text):
    session, told = asked_again(task, text)
    actions, answer = session.task.actions, told.partition("Please answer again.")[0]
    assert "nearest" not in told
    if isinstance(actions, NamedVocabulary) and len(actions.names) <= MAX_LISTED:
        assert all(f'"{name}"' in answer for name in actions.names)
        assert all(name in session.question.text for name in actions.names)
    for reading in session.task.readings():
        assert str(reading.truth) not in answer or str(reading.truth) in session.question.text or len(reading.truth) < 3


def test_a_question_that_names_no_action_is_told_no_more():
    _, told = asked_again("vlm_gym/Household-v0", '{"action": "go to fridge"}')
    assert "fridge 1" not in told.partition(". The action is")[0]  # what may have been meant is not told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("  ", 'it is empty, and has no field "action".'),
        (CUT_OFF, 'it breaks off before the end of its field "action", so be brief.'),
        ('{"action": "jump"}', """its field "action" says 'jump', which is no action of this task."""),
        ('{"action": "hit or stand"}', "it names more than one action ('hit, stand'), or takes back what it named."),
    ],
)
def test_each_fault_is_told_in_its_words(text, told):
    _, asked = asked_again("vlm_gym/Blackjack-v0", text)
    assert asked == f'Your last answer could not be read: {told} The action is "stand" or "hit". Please answer again.'
