"""The driver: each of its steps is what the env and the evaluator say of the same answers."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_KIND
from hostile import HOSTILE

from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.models.agents import ScriptedAgent
from vlm_gym.evaluation.runs.episodes import run_episode
from vlm_gym.evaluation.runs.panels import get_panel, rows
from vlm_gym.messages import picture_name
from vlm_gym.parsers import PARSERS
from vlm_gym.parsers.json_answer import JsonParser
from vlm_gym.rollout import Rollout, Step
from vlm_gym.session_pool import SessionPool
from vlm_gym.wrappers import PotentialShaping

LINE = EpisodeSpec("vlm_gym/NumberLine-v0", 0, options={"position": 0, "target": 5})
PLUS = '{"action": "+"}'


def play(rollout, episode, rng=None):
    """Play a start with oracle's, random and unreadable answers; return the answers and the steps."""
    rng = rng or np.random.default_rng(0)
    answers, steps = [], [rollout.start(episode)]
    while not steps[-1].is_over:
        session = rollout.session
        action = session.task.oracle_action()
        if action is None or rng.random() < 0.2:
            action = session.task.actions.sample(rng)
        text = "I cannot see it." if rng.random() < 0.1 else session.parser.write(action, session.task.actions)
        answers.append(text)
        steps.append(rollout.answer(text))
    return answers, steps


def as_text(messages):
    return [(message.role, message.text, None if message.picture is None else message.picture.tobytes())
            for message in messages]  # fmt: skip


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_every_step_is_the_text_plays(task):
    episode = EpisodeSpec(task, 7)
    rollout, env = Rollout(), gym.make(gym.spec(task), parser="json", disable_env_checker=True)
    answers, steps = play(rollout, episode)
    picture, info = env.reset(seed=7)
    turns = [(picture, 0.0, False, False, info), *(env.step(answer) for answer in answers)]
    assert len(steps) == len(turns)
    for step, (picture, reward, is_terminated, is_truncated, info) in zip(steps, turns, strict=True):
        assert (step.reward, step.is_terminated, step.is_truncated) == (reward, is_terminated, is_truncated)
        assert step.info == info
        assert not step.is_late
        if step.is_over:
            assert step.news == ()
        else:
            (question,) = step.news
            assert (question.role, question.text) == ("user", info["prompt"])
            assert np.array_equal(question.picture, picture)
    assert np.array_equal(rollout.session.picture, turns[-1][0])


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_every_step_and_all_numbers_are_the_evaluators(task):
    episode = EpisodeSpec(task, 11)
    rollout = Rollout()
    answers, steps = play(rollout, episode, np.random.default_rng(1))
    agent = ScriptedAgent(answers)
    turns = []
    record = asyncio.run(run_episode(Rollout(), agent, episode, on_turn=lambda turn, _: turns.append(turn)))
    for before, step, turn in zip(steps[:-1], steps[1:], turns, strict=True):
        assert before.news[-1].text == turn.requests[0][-1].text
        assert picture_name(before.news[-1].picture) == turn.picture
        assert (step.reward, step.is_terminated, step.is_truncated) == (
            turn.reward,
            turn.is_terminated,
            turn.is_truncated,
        )
        assert [step.info[name] for name in ("action", "fault", "illegal", "progress", "rewards")] == [
            turn.action, turn.fault, turn.illegal, turn.progress, turn.rewards,
        ]  # fmt: skip
    assert rollout.metrics() == {
        "return": record.total_reward,
        "success": record.is_success,
        "progress": turns[-1].progress,
        "turns": record.num_turns,
        "faults": record.num_faults,
        "illegal": record.num_illegal,
        "truncated": record.is_truncated,
    }
    assert {type(value) for value in rollout.metrics().values()} == {float}


@pytest.mark.parametrize("on_fault", ["charge", "random", "end", "ask"])
@pytest.mark.parametrize("settings", [
    ChatSettings(), ChatSettings(system="You play.", tell_mistakes=True), ChatSettings(max_reasks=2),
    ChatSettings(show="both", picture_size=320),
], ids=["plain", "told", "reasks", "both"])  # fmt: skip
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_the_news_are_what_a_growing_conversation_gains(task, settings, on_fault):
    rollout = Rollout(settings, append_only=True)
    episode = EpisodeSpec(task, 3, {"on_fault": on_fault, "image_size": 300})
    sent = list(rollout.start(episode).news)
    assert as_text(rollout.messages()) == as_text(sent)
    rng = np.random.default_rng(5)
    for number in range(6):
        if rollout.is_over:
            break
        actions = rollout.session.task.actions
        text = "no answer" if number % 2 else rollout.session.parser.write(actions.sample(rng), actions)
        step = rollout.answer(text)
        assert as_text(rollout.messages()[: len(sent)]) == as_text(sent)
        answer, *news = rollout.messages()[len(sent) :]
        assert (answer.role, answer.text) == ("assistant", text)
        assert as_text(news) == as_text(step.news)
        assert (step.news == ()) == step.is_over
        sent += [answer, *news]


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_growing_conversation_is_a_whole_history(task):
    """Where nothing is asked for again, all turns of the other kind of user are the same messages."""
    growing, whole = Rollout(append_only=True), Rollout(ChatSettings(history="all"))
    answers, _ = play(growing, EpisodeSpec(task, 2))
    whole.start(EpisodeSpec(task, 2))
    for answer in answers[:-1]:
        whole.answer(answer)
    *said, _ = growing.messages()
    assert as_text(said) == as_text(whole.messages())


@pytest.mark.parametrize("wrong", [
    {"history": 2}, {"history": "all"}, {"token_budget": 500}, {"history_pictures": False},
], ids=str)  # fmt: skip
def test_what_a_growing_conversation_cannot_leave_out_is_refused(wrong):
    ((name, value),) = wrong.items()
    for make in (
        lambda: Rollout(ChatSettings(**wrong), append_only=True),
        lambda: Rollout(pool=SessionPool(ChatSettings(**wrong)), append_only=True),
    ):
        with pytest.raises(ConfigError, match=f"{name}={value!r} means nothing with append_only=True"):
            make()
    Rollout(ChatSettings(**wrong)).close()


def test_with_a_history_the_whole_request_is_the_chats():
    rollout = Rollout(ChatSettings(history=1, system="S"))
    assert as_text(rollout.start(LINE).news) == as_text(rollout.messages())
    step = rollout.answer(PLUS)
    assert step.news == (rollout.session.question,)
    assert [message.role for message in rollout.messages()] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_late_answer_does_nothing_and_says_so(task):
    rollout = Rollout(append_only=True)
    _, steps = play(rollout, EpisodeSpec(task, 1))
    numbers, said = rollout.metrics(), rollout.messages()
    for late in (rollout.answer(PLUS), rollout.answer(""), rollout.act("+"), rollout.act(None, None)):
        last = steps[-1]
        assert vars(late) == vars(Step((), 0.0, last.is_terminated, last.is_truncated, last.info, is_late=True))
        assert late.is_over
    assert (rollout.metrics(), rollout.messages()) == (numbers, said)
    assert not rollout.start(EpisodeSpec(task, 1)).is_late


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_an_action_is_played_as_its_answer_is(task, parser):
    acting, answering = Rollout(parser=parser), Rollout(parser=parser)
    try:
        for rollout in (acting, answering):
            rollout.start(EpisodeSpec(task, 4))
    except ConfigError as error:
        pytest.skip(str(error))  # the paper's parser cannot read the actions of all tasks
    action = acting.session.task.oracle_action() or acting.session.task.actions.sample(np.random.default_rng(0))
    acted = acting.act(action, "I think so.")
    task_actions = answering.session.task.actions
    answered = answering.answer(answering.session.parser.write(action, task_actions, "I think so."))
    assert acted.info == answered.info
    assert acted.info["fault"] is None
    assert acted.reward == answered.reward


@pytest.mark.parametrize("parser", ["json", "tagged"])
@pytest.mark.parametrize(
    "named", [*HOSTILE, "fly", 7, None, True, 1.5, float("nan"), 10**6000, ["+", "-"], {"action": "+"}, b"+"],
    ids=lambda named: repr(named)[:12] if not isinstance(named, int) else "int",
)  # fmt: skip
@pytest.mark.parametrize("task", ["vlm_gym/NumberLine-v0", "vlm_gym/Points24Formula-v0", "vlm_gym/Household-v0"])
def test_whatever_a_tool_call_names_is_a_turn(task, named, parser):
    rollout = Rollout(parser=parser)
    rollout.start(EpisodeSpec(task, 0))
    step = rollout.act(named, named)
    assert step.turn is not None
    assert step.info["fault"] or step.info["illegal"]


def test_a_number_in_a_tool_call_is_the_action_of_that_name():
    rollout = Rollout()
    rollout.start(EpisodeSpec("vlm_gym/Points24-v0", 0, options={"cards": ["10H", "3S", "4D", "5C"]}))
    step = rollout.act(10)
    assert (step.info["action"], step.info["illegal"]) == ("10", None)


def test_an_answer_that_is_asked_for_again_is_no_turn():
    rollout = Rollout(ChatSettings(max_reasks=1))
    rollout.start(LINE)
    step = rollout.answer("?")
    assert (step.turn, step.reward, step.is_over) == (None, 0.0, False)
    assert step.news == rollout.messages()[-1:]
    assert "could not be read" in step.news[0].text
    assert rollout.metrics()["turns"] == 0.0
    assert rollout.answer(PLUS).turn.answers == ("?", PLUS)


class Recorded(NamedTuple):
    said: tuple[str, ...]
    action: str | None
    reward: float


@pytest.mark.parametrize("settings", [ChatSettings(), ChatSettings(max_reasks=1)], ids=["plain", "reasks"])
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_recorded_turns_play_again_from_where_the_episode_stands(task, settings):
    rollout, again = Rollout(settings, append_only=True), Rollout(settings, append_only=True)
    episode = EpisodeSpec(task, 6)
    play(rollout, episode)
    turns = [Recorded(turn.answers, turn.info["action"], turn.reward) for turn in rollout.session.turns]
    again.start(episode)
    again.replay(turns[:2])
    again.replay(turns[2:])
    assert again.is_over
    assert again.metrics() == rollout.metrics()
    assert as_text(again.messages()) == as_text(rollout.messages())
    assert np.array_equal(again.session.picture, rollout.session.picture)
    again.start(episode)
    with pytest.raises(RunError, match=rf"turn {len(turns) + 1} of .* got no turn"):
        again.replay([*turns, turns[-1]])


@pytest.mark.parametrize("changed", [{"action": "-"}, {"reward": 0.25}, {"said": ('{"action": "-"}',)}, {"said": ()}])
def test_a_turn_that_goes_otherwise_than_recorded_is_told(changed):
    rollout = Rollout()
    rollout.start(LINE)
    with pytest.raises(RunError, match=r"turn 2 of .*NumberLine-v0.* does not play as it was recorded: expected"):
        rollout.replay([Recorded((PLUS,), "+", 0.0), Recorded((PLUS,), "+", 0.0)._replace(**changed)])


def test_an_env_is_used_again_by_its_task_and_arguments():
    built = []
    with Rollout() as rollout:
        for episode in (LINE, EpisodeSpec("vlm_gym/Blackjack-v0", 0), EpisodeSpec(LINE.task, 5), LINE,
                        EpisodeSpec(LINE.task, 5, {"max_position": 7})):  # fmt: skip
            rollout.start(episode)
            assert rollout.episode == episode
            built.append(rollout.session.env)
    first, cards, second, third, longer = built
    assert first is second is third
    assert len({id(env) for env in (first, cards, longer)}) == 3


def test_an_episode_that_cannot_begin_leaves_nothing_behind():
    rollout = Rollout()
    play(rollout, LINE)
    env = rollout.session.env
    with pytest.raises(ConfigError, match="a key of options"):
        rollout.start(EpisodeSpec(LINE.task, 0, options={"positon": 0}))
    assert not rollout.is_over
    with pytest.raises(gym.error.ResetNeeded):
        rollout.metrics()
    rollout.start(LINE)
    assert rollout.session.env is not env
    assert rollout.metrics()["turns"] == 0.0


def test_a_parser_of_ones_own_reads_the_answers():
    class Shouting(JsonParser):
        def parse(self, text, actions):
            return super().parse(text.lower(), actions)

    with Rollout(parser=Shouting()) as rollout:
        rollout.start(LINE)
        assert rollout.answer('{"ACTION": "+"}').info["action"] == "+"


def test_the_parser_is_the_episodes_where_none_is_named():
    episode = EpisodeSpec(LINE.task, 0, {"parser": "tagged"}, LINE.options)
    with Rollout() as own, Rollout(parser="json") as named:
        own.start(episode)
        named.start(episode)
        assert own.answer("<answer>+</answer>").info["action"] == "+"
        assert "JSON" in named.session.info["prompt"]


def test_rollouts_that_share_a_pool_never_share_a_session():
    pool = SessionPool(ChatSettings(system="S"))
    one, other = Rollout(pool=pool), Rollout(pool=pool)
    one.start(LINE)
    other.start(LINE)
    mine = one.session
    assert mine is not other.session
    one.close()
    third = Rollout(pool=pool)
    assert third.start(LINE).news[0].text == "S"
    assert third.session is mine
    with pytest.raises(ConfigError, match="a pool has its own settings, parser and count_tokens"):
        Rollout(ChatSettings(), pool=pool)


def test_a_pool_may_wrap_what_it_makes():
    """As the trainer does it: the wrapper's reward is the step's, and what is told stays the same."""
    pool = SessionPool(ChatSettings(), wrap=lambda env: PotentialShaping(env, gamma=0.5))
    with Rollout(pool=pool) as shaped, Rollout() as plain:
        assert as_text(shaped.start(LINE).news) == as_text(plain.start(LINE).news)
        one, other = shaped.answer(PLUS), plain.answer(PLUS)
        assert one.reward == one.info["rewards"]["shaping"] + other.reward == -0.5
        assert as_text(one.news) == as_text(other.news)


def test_what_is_not_sent_is_not_counted():
    counted = []
    settings = ChatSettings(history="all", token_budget=900, max_reasks=1)
    with Rollout(settings, count_tokens=lambda message: counted.append(message) or 1) as rollout:
        rollout.start(LINE)
        counted.clear()
        for text in (PLUS, "?", PLUS):
            rollout.answer(text)
            assert rollout.session.last_message is rollout.messages()[-1]
        assert len(counted) == 3 + 5 + 5  # each request once, when it is asked for


def test_tokens_are_counted_as_the_trainer_counts_them():
    rollout = Rollout(ChatSettings(history="all", token_budget=3), count_tokens=lambda message: 1)
    rollout.start(LINE)
    for _ in range(3):
        rollout.answer(PLUS)
    assert len(rollout.messages()) == 3


@pytest.mark.parametrize("is_shared", [False, True])
def test_sixteen_play_at_once_in_threads(is_shared):
    episodes = [EpisodeSpec(task, seed) for seed in range(2) for task in ONE_OF_EACH_KIND][:64]
    pool = SessionPool(ChatSettings(), "json") if is_shared else None

    def score(episode):
        with Rollout(pool=pool) as rollout:
            play(rollout, episode)
            return rollout.metrics()

    alone = [score(episode) for episode in episodes]
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(score, episodes)) == alone


def test_before_the_first_start_there_is_nothing():
    rollout = Rollout()
    assert not rollout.is_over
    for use in (rollout.messages, rollout.metrics, lambda: rollout.answer(PLUS), lambda: rollout.act("+")):
        with pytest.raises(gym.error.ResetNeeded, match=r"expected start\(\)"):
            use()
    rollout.close()


def test_an_answer_must_be_text():
    rollout = Rollout()
    rollout.start(LINE)
    with pytest.raises(ConfigError, match="an answer must be a str, got 5"):
        rollout.answer(5)


ROUND = [
    LINE,
    EpisodeSpec("vlm_gym/NumberLine-v0", 3, {"max_position": 9, "theme": {"suits": "black"}}, {}, 2),
    EpisodeSpec("vlm_gym/Household-v0", 5, {}, {"task_type": "put"}),
]


@pytest.mark.parametrize("episode", ROUND, ids=lambda episode: str(episode.options))
def test_a_row_is_flat_and_says_the_same_episode(episode):
    row = episode.to_row()
    assert {name: type(value) for name, value in row.items()} == {
        "task": str, "seed": int, "arguments": str, "options": str, "repeat": int,
    }  # fmt: skip
    assert EpisodeSpec.from_row(row) == episode
    assert EpisodeSpec.from_row(json.loads(json.dumps(row))).key == episode.key
    assert EpisodeSpec.from_row({**row, "prompt": "what TRL adds", "split": None}) == episode


def test_a_row_may_hold_mappings_and_leave_out_what_is_empty():
    assert EpisodeSpec.from_row({"task": "vlm_gym/NumberLine-v0", "seed": 1}) == EpisodeSpec(LINE.task, 1)
    assert type(EpisodeSpec.from_row({"task": LINE.task, "seed": np.int64(1)}).seed) is int
    plain = {"task": LINE.task, "seed": 0, "arguments": None, "options": {"position": 0, "target": 5}, "repeat": None}
    assert EpisodeSpec.from_row(plain) == LINE
    with Rollout() as rollout:
        assert as_text(rollout.start(plain).news) == as_text(rollout.start(LINE.to_row()).news)


@pytest.mark.parametrize(("wrong", "message"), [
    ({"task": None}, "column 'task' must be a registered id such as 'vlm_gym/NumberLine-v0', got None"),
    ({"seed": None}, "column 'seed' must be an int >= 0, got None"),
    ({"seed": "1"}, "column 'seed' must be an int >= 0, got '1'"),
    ({"seed": True}, "column 'seed' must be an int >= 0, got True"),
    ({"seed": -1}, "column 'seed' must be an int >= 0, got -1"),
    ({"repeat": 0.5}, "column 'repeat' must be an int >= 0, got 0.5"),
    ({"options": "{"}, "column 'options' must be a mapping written as JSON, got '{'"),
    ({"options": "[1]"}, r"column 'options' must be a mapping of names to values, or its JSON; got '\[1\]'"),
    ({"arguments": 3}, "column 'arguments' must be a mapping of names to values, or its JSON; got 3"),
    ({"arguments": {1: 2}}, "column 'arguments' must be a mapping of names"),
])  # fmt: skip
def test_a_wrong_row_is_told_by_its_column(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Rollout().start({**LINE.to_row(), **wrong})


def test_a_row_must_be_one():
    with pytest.raises(ConfigError, match="an episode's row must be a mapping of columns, got 'vlm_gym/NumberLine-v0'"):
        Rollout().start("vlm_gym/NumberLine-v0")


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object()], ids=["a set", "nan", "an object"])
def test_what_json_cannot_say_is_no_row(value):
    with pytest.raises(ConfigError, match="options of a row must be plain values that JSON holds"):
        EpisodeSpec(LINE.task, 0, options={"position": value}).to_row()
    with pytest.raises(ConfigError, match="an episode's arguments must be plain values"):
        Rollout().start(EpisodeSpec(LINE.task, 0, {"max_position": value}))


def test_an_unknown_task_is_told_with_its_nearest_name():
    with pytest.raises(ConfigError, match="Did you mean 'NumberLine-v0'"):
        Rollout().start({"task": "vlm_gym/NumberLin-v0", "seed": 0})


def test_the_rows_of_a_panel_are_its_episodes():
    for first in (None, 2):
        panel = get_panel("cards-v0") if first is None else get_panel("cards-v0").first(first)
        for named in ("cards-v0", get_panel("cards-v0")):
            assert tuple(map(EpisodeSpec.from_row, rows(named, first))) == panel.episodes
    with pytest.raises(ConfigError, match="there is no panel 'card-v0'"):
        rows("card-v0")


def test_a_data_set_gives_the_rows_back():
    """Of nested columns `datasets` would fill with None what one row has and another has not."""
    datasets = pytest.importorskip("datasets")
    listed = [episode.to_row() for episode in ROUND]
    assert [EpisodeSpec.from_row(row) for row in datasets.Dataset.from_list(listed)] == ROUND


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"task": 3}, "task must be a registered id"),
        ({"seed": "x"}, "seed must be an int >= 0, got 'x'"),
        ({"seed": -1}, "seed must be an int >= 0"),
        ({"repeat": True}, "repeat must be an int >= 0"),
        ({"options": [1]}, r"options must be a dict or None, got \[1\]"),
        ({"arguments": "x"}, "arguments must be a mapping"),
        ({"arguments": {"id": "x"}}, "arguments must be those of the task, by their names, got 'id' among them"),
        ({"arguments": {"task": "vlm_gym/Blackjack-v0"}}, "by their names, got 'task' among them"),
        ({"arguments": {"disable_env_checker": True}}, "by their names, got 'disable_env_checker' among them"),
        ({"arguments": {1: 2}}, "by their names, got 1 among them"),
    ],
)
def test_an_episode_is_checked_where_it_is_made(values, message):
    with pytest.raises(ConfigError, match=message):
        EpisodeSpec(**{"task": "vlm_gym/NumberLine-v0", "seed": 1, **values})


def test_settings_must_be_settings():
    with pytest.raises(ConfigError, match="settings must be ChatSettings or None, got 'x'"):
        Rollout("x")
