"""Rollouts: whose prompt, whose picture, which episode; and the way back to the very same place."""

import asyncio
import json

import gymnasium as gym
import numpy as np
import pytest
import torch
from at_hand import ONE_OF_EACH_KIND
from toy_policy import ANY_TASK, Probe, probe_rollout

from baselines.models.policy import Answer, Prompt
from baselines.rollout import TRAINING_SEEDS, Sampling, Seat, collect, make_rollout, training_episodes
from baselines.settings import ChatConfig, TaskConfig
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.agents import ScriptedAgent
from vlm_gym.evaluation.runs.episodes import run_episode
from vlm_gym.evaluation.runs.panels import FIRST_SEED, get_panel
from vlm_gym.rollout import Rollout
from vlm_gym.session_pool import SessionPool

# The tiny model sees small pictures of every task, of homes too.
pytestmark = pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")


def say(text):
    """Return a text as an answer of one token for each character."""
    return Answer(tuple(map(ord, text)), text, tuple((i, i + 1) for i in range(len(text))))


def as_text(prompt):
    return [
        (message.role, message.text, None if message.picture is None else message.picture.tobytes())
        for message in prompt.messages
    ]


def any_start(number):
    return number, None


def make_seat(task="NumberLine-v0", starts=any_start, chat=None, **arguments):
    """Return a seat; `starts` gives the seed and the options of each episode, None where there are no more."""
    config = TaskConfig(task, {"image_size": 84, **arguments})

    def episode_of(number):
        start = starts(number)
        return None if start is None else config.episode(*start)

    return Seat(make_rollout(ChatSettings(**(chat or {}))), episode_of)


class Scripted:
    """Answers with the oracle's action of the env whose prompt is asked, and remembers every prompt."""

    def __init__(self, seats, text=None):
        self.seats, self.text, self.asked = seats, text, []

    def generate(self, prompts, *, max_new_tokens, temperature, generator):
        self.asked.append(prompts)
        tasks = [seat.rollout.session.task for seat in self.seats]
        return [say(self.text or json.dumps({"action": task.oracle_action()})) for task in tasks]


def test_after_an_autoreset_the_prompt_is_the_new_episodes():
    """Defect of the published code: it is built from the previous episode's info."""
    seat = make_seat(chat={"question": "{observation_text}"}, starts=any_start)
    oracle = Scripted([seat])
    turns, episodes = collect(oracle, [seat], 12, Sampling(64, 1.0), torch.Generator())
    assert len(episodes) > 2
    twin = gym.make(ANY_TASK, parser="json", image_size=84)
    number = 0
    picture, info = twin.reset(seed=0)
    for (turn,) in turns:
        assert turn.prompt.question.text == info["observation_text"]
        assert np.array_equal(turn.prompt.question.picture, picture)
        picture, _, is_terminated, is_truncated, info = twin.step(turn.answer.text)
        assert turn.following.question.text == info["observation_text"]
        if is_terminated or is_truncated:
            number += 1
            picture, info = twin.reset(seed=number)
    assert seat.prompt.question.text == info["observation_text"]
    assert all(episode.is_success and episode.total > 0 for episode in episodes)


def test_each_seat_keeps_its_own_prompt_and_picture():
    chat = {"question": "{observation_text}"}
    seats = [make_seat(chat=chat, starts=lambda _, seed=seed: (seed, None)) for seed in range(4)]
    before = [seat.prompt for seat in seats]
    ((*turns,),), _ = collect(Scripted(seats), seats, 1, Sampling(64, 1.0), torch.Generator())
    assert [turn.prompt.question.text for turn in turns] == [prompt.question.text for prompt in before]
    assert len({turn.prompt.question.text for turn in turns}) > 1


def test_the_action_is_marked_where_the_parser_read_it():
    seat = make_seat()
    turn, _ = seat.play(say('{"thoughts": "+ or -?", "action": "+"}'))
    marked = [char for char, is_action in zip(turn.answer.text, turn.is_action, strict=True) if is_action]
    assert marked == ["+"]
    assert turn.is_action.index(True) == turn.answer.text.rindex("+")


def test_an_unread_answer_is_a_fault_and_all_of_it_pays():
    """Defects of the published code: a random move is played, its reward is credited to unrelated text."""
    seat = make_seat()
    turn, _ = seat.play(say("hm"))
    assert turn.is_fault
    assert turn.reward == -1.0
    assert turn.is_action == (True, True)


def test_an_illegal_move_is_counted():
    seat = make_seat(starts=lambda _: (0, {"position": 0, "target": 3}))
    turn, _ = seat.play(say('{"action": "-"}'))
    assert turn.is_illegal
    assert not turn.is_fault


def test_the_turn_limit_truncates_and_does_not_terminate():
    seat = make_seat()
    turns = [seat.play(say("hm")) for _ in range(10)]
    (last, episode) = turns[-1]
    assert (last.is_terminated, last.is_truncated, last.is_last) == (False, True, True)
    assert (episode.num_turns, episode.num_faults, episode.total) == (10, 10, -10.0)


def test_no_training_seed_is_one_of_evaluation_and_no_two_seats_share_one():
    """The published "4 seeds" are four ranks that share gradients; here every rank has episodes of its own."""
    seeds = [
        training_episodes(TaskConfig(), run, rank, seat)(episode).seed
        for run in range(3)
        for rank in range(3)
        for seat in range(8)
        for episode in range(8)
    ]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= TRAINING_SEEDS > FIRST_SEED + 10**6
    assert max(episode.seed for episode in get_panel("cards-v0").episodes) < TRAINING_SEEDS


@pytest.mark.parametrize("task", ["NumberLine-v0", "EZPoints-v0", "Points24-v0", "Blackjack-v0", "Household-v0"])
@pytest.mark.parametrize("num_turns", [1, 7])
@pytest.mark.parametrize("told", [{}, {"history": 2, "system": "Play.", "tell_mistakes": True}], ids=["plain", "told"])
def test_a_seat_comes_back_to_exactly_the_same_place(task, num_turns, told):
    episodes = training_episodes(TaskConfig(task, {"image_size": 84}), 0, 0, 0)
    chat = ChatSettings(**told)
    seat, twin = (Seat(make_rollout(chat), episodes) for _ in range(2))
    rng = np.random.default_rng(0)

    def answer(seat):
        actions = seat.rollout.session.task.actions
        return say(json.dumps({"action": actions.sample(rng)})) if rng.random() < 0.9 else say("hm")

    for _ in range(num_turns):
        seat.play(answer(seat))
    state = json.loads(json.dumps(seat.state()))
    twin.restore(state)
    assert twin.state() == seat.state()
    for _ in range(12):
        assert as_text(twin.prompt) == as_text(seat.prompt)
        said = answer(seat)
        (one, its_episode), (other, other_episode) = seat.play(said), twin.play(said)
        assert (one.reward, one.is_last, its_episode) == (other.reward, other.is_last, other_episode)


def test_a_place_of_another_game_is_refused():
    seat = make_seat(starts=lambda _: (0, {"position": 0, "target": 3}))
    seat.play(say('{"action": "-"}'))
    other = make_seat(starts=lambda _: (0, {"position": 2, "target": 0}))
    with pytest.raises(ConfigError, match="the checkpoint's episodes go otherwise here"):
        other.restore(seat.state())


def test_a_place_behind_the_end_of_an_episode_is_refused():
    """The sum of the rewards alone is the same, if it ends here before the last answers."""
    seat = make_seat(starts=lambda _: (0, {"position": 0, "target": 2}))
    seat.play(say('{"action": "+"}'))
    state = seat.state()
    other = make_seat(starts=lambda _: (0, {"position": 1, "target": 2}))
    _, episode = make_seat(starts=lambda _: (0, {"position": 1, "target": 2})).play(say('{"action": "+"}'))
    with pytest.raises(ConfigError, match="the checkpoint's episodes go otherwise here"):
        other.restore({**state, "episode": list(episode)})


def test_a_place_of_an_earlier_version_is_refused():
    seat = make_seat()
    with pytest.raises(ConfigError, match="the checkpoint is of an earlier version"):
        seat.restore({"number": 0, "answers": [], "are_cut_off": [], "episode": [False, 0.0, 0, 0, 0, 0]})


@pytest.mark.parametrize("told", [
    {}, {"system": "You play."}, {"history": 2}, {"history": "all", "history_pictures": False},
    {"show": "text"}, {"show": "both", "history": "all"}, {"tell_mistakes": True}, {"picture_size": 128},
    {"question": "{prompt} Now!", "history": 1, "token_budget": 900},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("on_fault", ["charge", "ask"])
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_training_is_told_what_the_evaluator_sends(task, told, on_fault):
    """An agent of the evaluator gives the same answers, and is sent the same messages."""
    config = ChatConfig(**told)
    episode = EpisodeSpec(task, 5, {"image_size": 84, "on_fault": on_fault})
    seat = Seat(make_rollout(config.settings), lambda _: episode)
    rng, answers, prompts = np.random.default_rng(2), [], []
    for number in range(5):
        actions = seat.rollout.session.task.actions
        answers.append("hm" if number == 1 else seat.rollout.session.parser.write(actions.sample(rng), actions))
        turn, ended = seat.play(say(answers[-1]))
        prompts.append(turn.prompt)
        if ended:
            break
    sent = []

    class Listening(ScriptedAgent):
        async def answer(self, session, rng):
            sent.append(Prompt(session.messages()))
            return await super().answer(session, rng)

    rollout = Rollout(pool=SessionPool(config.settings))
    asyncio.run(run_episode(rollout, Listening(answers), episode))
    assert [as_text(prompt) for prompt in prompts] == [as_text(prompt) for prompt in sent[: len(prompts)]]


def test_a_rollout_stops_when_it_is_told():
    seat = make_seat()
    assert collect(Scripted([seat]), [seat], 5, Sampling(64, 1.0), torch.Generator(), lambda: True) is None


def test_a_finished_seat_is_done():
    seat = make_seat(starts=lambda number: (0, {"position": 0, "target": 1}) if number == 0 else None)
    _, episode = seat.play(say('{"action": "+"}'))
    assert seat.is_done
    assert episode.is_success


def test_any_task_can_be_played():
    seat = Seat(probe_rollout(lambda: Probe(lambda *_: 1.0)), lambda number: EpisodeSpec(ANY_TASK, number))
    turn, episode = seat.play(say("left"))
    assert (turn.reward, episode.total) == (1.0, 1.0)


def test_shaping_pays_turns_and_leaves_scores_alone():
    """The potential of a formula that can still make 12 is 1, and 0 after a press that spoils it."""
    task = TaskConfig("EZPoints-v0", {"image_size": 84})
    seat, twin = (
        Seat(make_rollout(shaping=0.5, gamma=0.9), lambda _: task.episode(0, {"cards": ("2H", "6S")})) for _ in range(2)
    )
    played = [seat.play(say(json.dumps({"action": action}))) for action in ("2", "+")]
    assert [turn.reward for turn, _ in played] == pytest.approx([0.5 * (0.9 - 1), 0.5 * (0 - 1)])
    twin.restore(seat.state())
    assert twin.prompt.question.text == seat.prompt.question.text
    played = [seat.play(say(json.dumps({"action": action}))) for action in ("6", "=")]
    assert [turn.reward for turn, _ in played] == [0, -1]
    assert played[-1][1].total == -1


@pytest.mark.parametrize("show", ["text", "picture", "both"])
def test_turns_that_are_told_in_text_are_not_drawn(show):
    rollout = make_rollout(ChatSettings(show=show))
    rollout.start(TaskConfig("NumberLine-v0").episode(0))
    rollout.answer('{"action": "+"}')
    assert bool(rollout.session.picture.size) == (show != "text")
    assert (rollout.messages()[-1].picture is None) == (show == "text")
