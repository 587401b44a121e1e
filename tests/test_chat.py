"""One env as a conversation: every setting, seen to work."""

import cv2
import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_KIND
from hostile import ANSWERS, HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.errors import ConfigError
from vlm_gym.messages import to_hugging_face, to_openai, to_placeholders

PLUS, MINUS = '{"action": "+"}', '{"action": "-"}'


def line(options=None, arguments=None, count_tokens=None, **chat):
    """Start a conversation over the number line, at 0 with the target 5."""
    more = {} if count_tokens is None else {"count_tokens": count_tokens}
    session = ChatSession(
        gym.make("vlm_gym/NumberLine-v0", parser="json", **(arguments or {})), ChatSettings(**chat), **more
    )
    session.reset(options=options or {"position": 0, "target": 5})
    return session


def cards(task="Points24", hand=("2H", "3S", "4D", "5C"), arguments=None, **chat):
    session = ChatSession(gym.make(f"vlm_gym/{task}-v0", parser="json", **(arguments or {})), ChatSettings(**chat))
    session.reset(options={"cards": list(hand)})
    return session


def roles(session):
    return "".join(message.role[0] for message in session.messages())


def test_a_turn_is_one_question_with_the_picture():
    session = line()
    (question,) = session.messages()
    assert question == session.question
    assert question.role == "user"
    assert question.text == session.info["prompt"]
    assert question.picture is session.picture


def test_an_answer_is_played():
    session = line()
    shown = session.info
    turn = session.answer(PLUS)
    assert session.turns == [turn]
    assert turn.before is shown
    assert turn.answers == (PLUS,)
    assert turn.info["action"] == "+"
    assert turn.info is session.info
    assert (turn.reward, turn.is_over) == (0.0, False)
    assert "Current: 1." in session.info["observation_text"]


def test_an_episode_ends_and_another_begins():
    session = line({"position": 4, "target": 5}, history="all")
    assert session.answer(PLUS).is_terminated
    assert session.is_over
    with pytest.raises(gym.error.ResetNeeded, match="the episode has ended"):
        session.answer(PLUS)
    session.reset(seed=3)
    assert not session.is_over
    assert session.turns == []
    assert roles(session) == "u"


def test_turns_that_run_out_end_it_too():
    session = line()
    while not session.is_over:
        turn = session.answer(MINUS)
    assert (turn.is_truncated, turn.is_terminated, len(session.turns)) == (True, False, 10)


def test_before_a_reset_there_is_nothing_to_say():
    session = ChatSession(gym.make("vlm_gym/NumberLine-v0", parser="json"))
    assert not session.is_over
    for use in (session.messages, lambda: session.question, lambda: session.answer(PLUS)):
        with pytest.raises(gym.error.ResetNeeded):
            use()


@pytest.mark.parametrize("env", [lambda: gym.make("vlm_gym/NumberLine-v0"), lambda: gym.make("CartPole-v1")])
def test_what_is_no_text_play_is_refused(env):
    with pytest.raises(ConfigError, match="a chat needs a task of vlm_gym in text play"):
        ChatSession(env())


def test_an_answer_must_be_text():
    with pytest.raises(ConfigError, match="an answer must be a str, got 5"):
        line().answer(5)


def test_the_system_message_comes_first():
    session = line(system="You play.", history="all")
    session.answer(PLUS)
    assert roles(session) == "suau"
    assert session.messages()[0].text == "You play."


@pytest.mark.parametrize(("history", "expected"), [(0, ["u"] * 4), (2, ["u", "uau", "uauau", "uauau"])])
def test_past_turns_are_shown_again(history, expected):
    session = line(history=history)
    seen = []
    for _ in range(4):
        seen.append(roles(session))
        session.answer(PLUS)
    assert seen == expected


def test_all_turns_are_shown_again_as_they_were():
    session = line(history="all")
    questions = []
    for i in range(4):
        questions.append(session.question)
        session.answer(f"{PLUS} {i}")
    *past, question = session.messages()
    assert past[::2] == questions
    assert [answer.text for answer in past[1::2]] == [f"{PLUS} {i}" for i in range(4)]
    assert question == session.question
    assert len({message.picture.tobytes() for message in (*past[::2], question)}) == 5


def test_past_turns_can_do_without_their_pictures():
    session = line(history="all", history_pictures=False)
    for _ in range(3):
        session.answer(PLUS)
    *past, question = session.messages()
    assert all(message.picture is None for message in past)
    assert question.picture is not None
    assert past[2].text == session.turns[1].before["prompt"]


@pytest.mark.parametrize(
    ("budget", "expected"), [(1, "su"), (3, "su"), (4, "suau"), (5, "suau"), (6, "suauau"), (99, "suauauau")]
)
def test_the_oldest_turns_are_left_out_beyond_the_budget(budget, expected):
    session = line(history="all", system="S", token_budget=budget, count_tokens=lambda message: 1)
    for i in range(3):
        session.answer(f"{PLUS} {i}")
    assert roles(session) == expected
    if len(expected) > 2:
        assert session.messages()[-2].text == f"{PLUS} 2"


def test_tokens_are_estimated_from_text_and_pixels():
    session = line(history="all", token_budget=2 * (300 * 300 // 784))
    session.answer(PLUS)
    assert roles(session) == "u"
    roomy = line(history="all", token_budget=1000)
    roomy.answer(PLUS)
    assert roles(roomy) == "uau"


@pytest.mark.parametrize(("size", "side"), [(None, 300), (200, 300), (300, 300), (640, 640)])
def test_small_pictures_are_enlarged(size, side):
    session = line(picture_size=size)
    picture = session.question.picture
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8
    assert session.picture.shape == (300, 300, 3)
    back = cv2.resize(picture, (300, 300), interpolation=cv2.INTER_AREA)
    assert np.abs(back.astype(int) - session.picture).mean() < 2


@pytest.mark.parametrize("include_text", [False, True])
@pytest.mark.parametrize("show", ["picture", "text", "both"])
def test_a_turn_shows_picture_words_or_both(show, include_text):
    session = line(arguments={"include_text": include_text}, show=show)
    question = session.question
    assert (question.picture is None) == (show == "text")
    words = question.text.count(f"The picture in words: {session.info['observation_text']}")
    assert words == int(show != "picture" or include_text)
    assert question.text.endswith(session.info["prompt"])


def test_mistakes_are_told_in_tasks_that_do_not_tell_them():
    session = cards(tell_mistakes=True)
    assert "last answer" not in session.question.text
    session.answer("I do not know")
    assert session.question.text.startswith("Your last answer could not be read (no action")
    session.answer('{"action": "10"}')
    assert session.question.text.startswith("Your last answer broke a rule: ")
    session.answer('{"action": "2"}')
    assert session.question.text == session.info["prompt"]
    silent = cards()
    silent.answer("I do not know")
    assert silent.question.text == silent.info["prompt"]


@pytest.mark.parametrize(
    ("task", "arguments"),
    [("Points24", {"on_fault": "ask"}), ("Points24Formula", {"attempts": 3}), ("Points24", {})],
)
def test_a_mistake_is_told_once(task, arguments):
    session = cards(task, arguments=arguments, tell_mistakes=True)
    session.answer("no idea")
    assert session.question.text.count("Your last answer could not be read") == 1


def test_a_household_tells_its_mistakes_itself():
    session = ChatSession(gym.make("vlm_gym/Household-v0", parser="json"), ChatSettings(tell_mistakes=True))
    session.reset(seed=0)
    session.answer("no idea")
    assert session.question.text.count("Your last answer") == 1


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_question_of_ones_own_stands_for_the_prompt(task):
    session = ChatSession(
        gym.make(gym.spec(task), parser="json"),
        ChatSettings(question="{observation_text} You may: {admissible_actions}.", show="both", tell_mistakes=True),
    )
    session.reset(seed=0)
    info = session.info
    expected = f"{info['observation_text']} You may: {', '.join(info['admissible_actions'])}."
    assert session.question.text == expected
    assert session.question.picture is session.picture
    turn = session.answer("no idea")
    if not turn.is_over:
        assert session.question.text.startswith(f"Your last answer could not be read ({turn.info['fault']}).\n\n")
        assert session.question.text.count("Your last answer") == 1


def test_a_question_may_hold_the_tasks_prompt_and_braces():
    session = line(question="{{}} {prompt}", show="both")
    words = session.info["observation_text"]
    assert session.question.text == f"The picture in words: {words}\n\n{{}} {session.info['prompt']}"


@pytest.mark.parametrize("question", ["{gaol}", "{goal", "{0}", "{}", "{prompt.x}", "{prompt:d}", "{rewards[fault}"])
def test_a_question_that_cannot_be_filled_in_is_told(question):
    with pytest.raises(ConfigError, match=r"must be text with keys of info in braces, .* Keys are prompt"):
        line(question=question)


def test_settings_are_written_as_before_where_nothing_new_is_said():
    assert list(ChatSettings().to_plain()) == [
        "system", "show", "history", "history_pictures", "token_budget", "picture_size", "tell_mistakes", "max_reasks"
    ]  # fmt: skip
    assert ChatSettings(**ChatSettings(question="?").to_plain()) == ChatSettings(question="?")


def test_unreadable_answers_are_asked_for_again():
    session = line(max_reasks=2)
    assert session.answer("hm") is None
    assert session.turns == []
    question, answer, mistake = session.messages()
    assert answer.text == "hm"
    assert mistake.text == (
        'Your last answer could not be read: it has no field "action". The action is "-" or "+". Please answer again.'
    )
    assert mistake.picture is None
    assert session.answer("still?") is None
    assert roles(session) == "uauau"
    turn = session.answer(PLUS)
    assert turn.answers == ("hm", "still?", PLUS)
    assert turn.info["fault"] is None
    assert question is not session.question


def test_the_last_answer_counts_whatever_it_is():
    session = line(max_reasks=2, history="all")
    assert [session.answer(text) for text in "ab"] == [None, None]
    turn = session.answer("c")
    assert turn.answers == ("a", "b", "c")
    assert turn.info["fault"] is not None
    assert [message.text for message in session.messages()][1:2] == ["c"]
    assert session.answer("d") is None


def test_moves_that_break_a_rule_are_asked_for_again():
    session = cards(max_reasks=1)
    assert session.answer('{"action": "10"}') is None
    assert session.messages()[-1].text.startswith("Your last answer broke a rule: '10' is not possible now.")
    turn = session.answer('{"action": "2"}')
    assert turn.info["illegal"] is None
    assert turn.answers == ('{"action": "10"}', '{"action": "2"}')
    assert session.answer('{"action": "3"}') is None
    assert session.answer('{"action": "3"}').info["illegal"] is not None


def test_formulas_are_not_checked_before_they_are_played():
    session = cards("Points24Formula", max_reasks=1)
    assert session.answer("no formula") is None
    assert session.answer('{"formula": "9*9"}').info["illegal"] is not None
    assert cards("Points24Formula", max_reasks=1).answer('{"formula": "9*9"}').info["illegal"] is not None


def test_a_session_keeps_no_more_pictures_than_it_shows():
    for history, num_kept in ((0, 0), (2, 2), ("all", 6)):
        session = line({"position": 0, "target": 5}, {"max_position": 8}, history=history)
        for _ in range(3):
            session.answer(PLUS)
            session.answer(MINUS)
        assert sum(message.picture is not None for message in session._past) == num_kept


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"system": 5}, "system must be a str or None, got 5"),
        ({"question": ["+"]}, "question must be a str or None, got ['+']"),
        (
            {"show": "pictures"},
            "show must be one of 'picture', 'text', 'both'; got 'pictures'. Did you mean 'picture'?",
        ),
        ({"history": -1}, "history, if not 'all', must be an int from 0 to 10000, got -1"),
        ({"history": "everything"}, "history, if not 'all', must be an int"),
        ({"history": True}, "history, if not 'all', must be an int"),
        ({"history_pictures": 1}, "history_pictures must be True or False, got 1"),
        ({"tell_mistakes": None}, "tell_mistakes must be True or False, got None"),
        ({"token_budget": 0}, "token_budget must be an int from 1"),
        ({"picture_size": 5000}, "picture_size must be an int from 1 to 4096, got 5000"),
        ({"max_reasks": 11}, "max_reasks must be an int from 0 to 10, got 11"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(wrong, message):
    with pytest.raises(ConfigError) as caught:
        ChatSettings(**wrong)
    assert message in str(caught.value)


def check_renderings(session):
    """Write the conversation in all three dialects, and see that pictures and turns are in step."""
    messages = session.messages()
    num_pictures = sum(message.picture is not None for message in messages)
    told, pictures = to_placeholders(messages)
    assert sum(message["content"].count("<image>") for message in told) == len(pictures) == num_pictures
    for rendering in (to_openai(messages), to_hugging_face(messages), told):
        assert [message["role"] for message in rendering] == [message.role for message in messages]
    assert str(to_openai(messages)).encode("utf-8")


@pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")
@settings(max_examples=40)
@given(st.data())
def test_no_answer_breaks_a_conversation(data):
    task = data.draw(st.sampled_from(ONE_OF_EACH_KIND))
    chat = ChatSettings(
        history=data.draw(st.sampled_from([0, 1, "all"])),
        tell_mistakes=data.draw(st.booleans()),
        max_reasks=data.draw(st.integers(0, 2)),
        show=data.draw(st.sampled_from(["picture", "text", "both"])),
    )
    session = ChatSession(gym.make(task, parser="json", image_size=84), chat)
    session.reset(seed=0)
    for _ in range(5):
        if session.is_over:
            break
        session.answer(data.draw(ANSWERS))
        check_renderings(session)


@pytest.mark.parametrize("parser", ["json", "tagged", "paper"])
def test_every_hostile_answer_is_survived(parser):
    session = ChatSession(
        gym.make("vlm_gym/NumberLine-v0", parser=parser), ChatSettings(history="all", tell_mistakes=True)
    )
    session.reset(seed=0)
    for answer in HOSTILE:
        if session.is_over:
            session.reset()
        session.answer(answer)
        check_renderings(session)
