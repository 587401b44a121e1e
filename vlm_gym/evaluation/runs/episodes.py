"""Episodes: which ones a task has, and how one is played and recorded."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from vlm_gym.chat import ChatSession, ChatTurn
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import UnplayableError, check_is
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.records import EpisodeRecord, Judgement, TurnRecord, turn_record
from vlm_gym.evaluation.runs.repeated import repeated_reply
from vlm_gym.evaluation.runs.requests import RequestLog, SentMessage
from vlm_gym.fields import kinds, truths
from vlm_gym.messages import Message, picture_name
from vlm_gym.parsers import AnswerText
from vlm_gym.rollout import Rollout

LABELS: Final = ("task_type", "game")  # keys of info that say what kind of episode it is, and which game was played
AGENT_STREAM: Final = 1  # with the seed alone an agent would draw the same numbers as the env

OnTurn = Callable[[TurnRecord, Message], object]
"""Takes a turn's record and a message with its picture, as soon as the turn has been played."""


def task_episodes(
    task: str,
    arguments: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
    *,
    first_seed: int,
    number: int | None,
    num_drawn: int,
) -> tuple[tuple[EpisodeSpec, ...], int | None]:
    """Return the episodes of one task, by seeds from the first on, and how many starts the task has.

    A task that has a list of its starts plays them in its order, the seed being a start's number, and each is named in
    its episode's options: so a run says what it plays, and plays nothing else where another copy of the games lies.

    Args:
        task: The registered id.
        arguments: Arguments of `gym.make`.
        options: Options of `reset`, the same for all episodes; None for the task's own starts.
        first_seed: Seed of the first episode; the next ones count up.
        number: How many episodes; None for all starts of the list, or, where starts are drawn, for `num_drawn`.
        num_drawn: See `number`.

    Returns:
        The episodes, and the length of the list of starts, or None where they are drawn.

    Raises:
        ConfigError: if the task cannot be built from its arguments.
        DataNotFoundError: if its games are not on this machine.
    """
    starts = None if options is not None else _starts_of(task, arguments)
    seeds = range(first_seed, first_seed + (number or (num_drawn if starts is None else len(starts))))
    if starts is None:
        return tuple(EpisodeSpec(task, seed, arguments, options) for seed in seeds), None
    return tuple(EpisodeSpec(task, seed, arguments, starts[seed % len(starts)]) for seed in seeds), len(starts)


def _starts_of(task: str, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], ...] | None:
    env = EpisodeSpec(task, 0, arguments).make()
    starts: tuple[dict[str, Any], ...] | None = env.get_wrapper_attr("starts")()
    env.close()
    return starts


async def run_episode(
    rollout: Rollout,
    agent: Agent,
    episode: EpisodeSpec,
    *,
    past: Sequence[TurnRecord] = (),
    stop_repeats: int | None = None,
    on_turn: OnTurn | None = None,
    on_picture: Callable[[Message], object] | None = None,
) -> EpisodeRecord:
    """Play one episode.

    Args:
        rollout: What drives it (`Rollout()`); the episode is started.
        agent: What answers. Its chance depends on the episode and the turn alone.
        episode: The start, and the name under which the episode is recorded.
        past: The turns that were played already: their answers are played again, and the episode goes on from there.
        stop_repeats: As in `Plan`.
        on_turn: Is called after each new turn.
        on_picture: Is called with the last picture, which no turn shows.

    Returns:
        The episode's record. An `UnplayableError` of the agent ends it as one that was stopped.

    Raises:
        AgentError: if the agent cannot answer.
        RunError: if the env does not do what `past` says it did.
    """
    rollout.start(episode)
    session = rollout.session
    start_value = session.task.optimal_value()
    turns = list(past)
    refusal: UnplayableError | None = None
    log = RequestLog()
    for turn in past:
        log.note(session.question, turn.picture)
        rollout.replay([turn])
    while not rollout.is_over:
        await asyncio.sleep(0)  # an agent that never waits would let nothing else run, nor any signal through
        try:
            turns.append(await _play(rollout, agent, log, _last(turns, stop_repeats), on_turn))
        except UnplayableError as error:
            refusal = error
            break
    if on_picture is not None:
        on_picture(Message("user", "", session.picture))
    record = _episode_record(episode, turns, start_value, session)
    if refusal is None:
        return record
    return replace(_stopped(record, refusal, session), final_request=log.request(session, record.final_picture))


def turn_rng(episode: EpisodeSpec, number: int) -> np.random.Generator:
    """Return an agent's chance in an episode's turn of this number, from 1."""
    return np.random.default_rng((AGENT_STREAM, episode.seed, episode.repeat, number))


async def _play(
    rollout: Rollout, agent: Agent, log: RequestLog, last: Sequence[TurnRecord], on_turn: OnTurn | None
) -> TurnRecord:
    """Play one turn, answers that are asked for again included; `last` are the turns that it may repeat."""
    episode, session = rollout.episode, rollout.session
    task, number = session.task, len(session.turns) + 1
    question, picture = session.question, session.picture
    rng = turn_rng(episode, number)
    readings, oracle_action, value = task.readings(), task.oracle_action(), task.optimal_value()
    action_values = task.action_values()
    # the question's picture may have been encoded already, but it may also be enlarged
    shown = question if question.picture is picture else Message("user", "", picture)
    name = shown.picture_name
    turn: ChatTurn | None = None
    requests: list[tuple[SentMessage, ...]] = []
    replies: list[Reply] = []
    while turn is None:
        requests.append(log.request(session, name))
        said = repeated_reply(last, requests)
        replies.append(await _answer(agent, session, rng) if said is None else said)
        turn = rollout.answer(AnswerText(replies[-1].text, is_cut_off=replies[-1].is_cut_off)).turn
    after = task.optimal_value()
    regret = _regret(value, action_values.get(turn.info["action"] or "", after))
    judgement = Judgement(truths(readings), kinds(readings), oracle_action, value, after, regret)
    record = turn_record(episode.key, number, turn, requests, replies, name, judgement)
    if on_turn is not None:
        on_turn(record, shown)
    return record


async def _answer(agent: Agent, session: ChatSession, rng: np.random.Generator) -> Reply:
    """Return what an agent answers.

    Raises:
        ConfigError: if its `answer` is not the coroutine function that returns a `Reply`.
    """
    answering = agent.answer(session, rng)
    name = f"{type(agent).__name__}.answer"
    check_is(name, answering, Awaitable, "a coroutine function, `async def answer(self, session, rng)`")
    reply = await answering
    check_is(f"what {name} returns", reply, Reply, "a Reply, such as Reply(text)")
    return reply


def _last(turns: Sequence[TurnRecord], number: int | None) -> Sequence[TurnRecord]:
    """Return the last turns, as many as that; none if there are not so many."""
    return () if number is None or len(turns) < number else turns[len(turns) - number :]


def _regret(before: float | None, after: float | None) -> float | None:
    """Return how much of the probability of success is gone; None where nobody knows."""
    return None if before is None or after is None else max(0.0, before - after)


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum; None if one is not known."""
    known = tuple(values)
    return None if None in known else sum(value for value in known if value is not None)


def _episode_record(
    episode: EpisodeSpec, turns: Sequence[TurnRecord], start_value: float | None, session: ChatSession
) -> EpisodeRecord:
    last = turns[-1] if turns else None
    is_out_of_turns = last is not None and last.is_truncated and not last.is_terminated
    return EpisodeRecord(
        episode=episode.key,
        task=episode.task,
        seed=episode.seed,
        arguments=episode.arguments,
        options=episode.options,
        repeat=episode.repeat,
        is_success=last is not None and last.is_success,
        total_reward=sum(turn.reward for turn in turns),
        num_turns=len(turns),
        num_faults=sum(turn.fault is not None for turn in turns),
        num_illegal=sum(turn.illegal is not None for turn in turns),
        is_truncated=is_out_of_turns,
        start_value=start_value,
        regret=_sum([*(turn.regret for turn in turns), last.value_after if last and is_out_of_turns else 0.0]),
        final_picture=picture_name(session.picture),
        final_text=session.info["observation_text"],
        prompt_tokens=sum(turn.prompt_tokens for turn in turns),
        completion_tokens=sum(turn.completion_tokens for turn in turns),
        cost=sum(turn.cost for turn in turns),
        latency_s=sum(turn.latency_s for turn in turns),
        num_requests=sum(turn.num_requests for turn in turns),
        labels={name: session.info[name] for name in LABELS if name in session.info},
    )


def _stopped(record: EpisodeRecord, refusal: UnplayableError, session: ChatSession) -> EpisodeRecord:
    """Return the record of an episode that a refusal stopped: all that was left to win is given away."""
    return replace(
        record,
        is_success=False,
        regret=_sum((record.regret, session.task.optimal_value())),
        stopped=refusal.kind,
        stop_words=str(refusal),
        final_prompt=session.info["prompt"],
    )
