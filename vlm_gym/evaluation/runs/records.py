"""What a run writes down: one record a turn, one an episode, both plain values that JSON holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vlm_gym.chat import ChatTurn
from vlm_gym.evaluation.models.agents import Reply
from vlm_gym.evaluation.runs.requests import SentMessage
from vlm_gym.parsers import AnswerText, Fault

NAMESPACE: Final = "vlm_gym/"


@dataclass(frozen=True)
class TurnRecord:
    """One turn.

    Attributes:
        episode: The episode's key.
        turn: Its number, from 1.
        picture: Name of what the player saw, a file pictures/NAME.png of the run.
        prompt: The task prompt (without what `ChatSettings` adds).
        observation_text: What the picture shows, in words.
        readings: What a right answer would name in its fields: the truth about the picture.
        answers: All answers of the turn; the last one counted, those before it were asked for again.
        span: Character range of the action in the last answer, or None.
        thoughts, fields: What else was read in it.
        action: What was played, or None.
        fault, illegal: None, or what was wrong, in words.
        reward, rewards: The turn's reward and its named terms.
        is_success, progress: As in the env's info, after the turn.
        is_terminated, is_truncated: How the episode ended with this turn, if it did.
        oracle_action: A best action at this turn, or None where nothing could succeed any more.
        value_before, value_after: Probability of success of the best play, before and after the turn; None without an
            oracle.
        regret: By how much the player's own choice lowered that probability, luck left out; None without an oracle.
        prompt_tokens, completion_tokens, cost, latency_s, num_requests, is_cut_off, is_cached: As in `Reply`; sums
            (and for the two flags "any") over the turn's answers.
        kinds: The kinds (`vlm_gym.fields.Kind`) of the fields in `readings`; earlier formats do not say.
        cut_off: Which answers ended at the token limit, by their place in `answers`; earlier formats do not say.
        requests: What was sent for each of the answers; earlier formats do not say. The rest of a request, the model
            and how it samples, is in run.json.
        replies: What came back, one for each of the answers, whose texts these are; earlier formats do not say.
    """

    episode: str
    turn: int
    picture: str
    prompt: str
    observation_text: str
    readings: Mapping[str, str]
    answers: tuple[str, ...]
    span: tuple[int, int] | None
    thoughts: str
    fields: Mapping[str, str]
    action: str | None
    fault: str | None
    illegal: str | None
    reward: float
    rewards: Mapping[str, float]
    is_success: bool
    progress: float
    is_terminated: bool
    is_truncated: bool
    oracle_action: str | None
    value_before: float | None
    value_after: float | None
    regret: float | None
    prompt_tokens: int
    completion_tokens: int
    cost: float
    latency_s: float
    num_requests: int
    is_cut_off: bool
    is_cached: bool
    cut_off: tuple[int, ...] = ()
    kinds: Mapping[str, str] | None = None
    requests: tuple[tuple[SentMessage, ...], ...] = ()
    replies: tuple[Reply, ...] = ()

    @property
    def fault_kind(self) -> str | None:
        """What kind of fault it is, a value of `Fault`: "no action" of "no action: 'I see'"; None if it is none."""
        return None if self.fault is None else self.fault.partition(":")[0]

    @property
    def is_repeated(self) -> bool:
        """Whether the model was not asked, since it gave the same unreadable answer to the same request before."""
        return any(reply.is_repeated for reply in self.replies)

    @property
    def is_last_cut_off(self) -> bool:
        """Whether the answer that counted ended at the token limit.

        The first formats say only whether one of a turn's answers did: of several, it was the last one if that is what
        was wrong with it.
        """
        if self.cut_off or not self.is_cut_off:
            return len(self.answers) - 1 in self.cut_off
        return len(self.answers) == 1 or self.fault_kind == Fault.CUT_OFF.value

    @property
    def said(self) -> tuple[str, ...]:
        """The answers as they are played again: each knows whether it was cut off, unless the first formats lost it."""
        if self.is_cut_off and not self.cut_off:
            return self.answers
        return tuple(AnswerText(text, is_cut_off=place in self.cut_off) for place, text in enumerate(self.answers))


@dataclass(frozen=True)
class Judgement:
    """What the oracle knows of a turn; fields as in `TurnRecord`."""

    readings: Mapping[str, str]
    kinds: Mapping[str, str]
    oracle_action: str | None
    value_before: float | None
    value_after: float | None
    regret: float | None


@dataclass(frozen=True)
class EpisodeRecord:
    """One finished episode.

    Attributes:
        episode: Its key.
        task, seed, arguments, options, repeat: As in `EpisodeSpec`.
        is_success: Whether it reached the goal.
        total_reward: The undiscounted return.
        num_turns, num_faults, num_illegal: Turns, and those of them without a readable action or with an illegal one.
        is_truncated: Whether it ran out of turns.
        start_value: Probability of success of the best play from its start; None without an oracle, as `regret`.
        regret: Sum of the turns' regrets, and where the turns ran out, the probability of success that was left then.
        final_picture: Name of the last picture, after the last turn.
        final_text: What it shows, in words.
        prompt_tokens, completion_tokens, cost, latency_s, num_requests: Sums over the turns.
        labels: What kind of episode it is, where a task has kinds, and which game was played, where games have names:
            {"task_type": "heat", "game": "pick_heat_then_place_in_recep-Egg-None-Fridge-10/trial_T20190909"}.
        stopped: Why it could not be played to its end: "context" if a request was too long for the model, "filter" if
            its content was not let through; None if it was. Then it has succeeded in nothing.
        stop_words: The reason in words, where it was stopped.
        final_prompt: The prompt that was not answered, where it was stopped.
        final_request: The request that was refused, where it was stopped; earlier formats do not say.
    """

    episode: str
    task: str
    seed: int
    arguments: Mapping[str, Any]
    options: Mapping[str, Any] | None
    repeat: int
    is_success: bool
    total_reward: float
    num_turns: int
    num_faults: int
    num_illegal: int
    is_truncated: bool
    start_value: float | None
    regret: float | None
    final_picture: str
    final_text: str
    prompt_tokens: int
    completion_tokens: int
    cost: float
    latency_s: float
    num_requests: int
    labels: Mapping[str, str]
    stopped: str | None = None
    stop_words: str = ""
    final_prompt: str = ""
    final_request: tuple[SentMessage, ...] = ()

    @property
    def is_unplayable(self) -> bool:
        """Whether it could not be played to its end."""
        return self.stopped is not None


def turn_record(
    episode: str,
    number: int,
    turn: ChatTurn,
    requests: Sequence[tuple[SentMessage, ...]],
    replies: Sequence[Reply],
    picture: str,
    judgement: Judgement,
) -> TurnRecord:
    """Put together what the env, the agent and the oracle say of a turn."""
    info, answer = turn.info, turn.info["answer"]
    return TurnRecord(
        episode=episode,
        turn=number,
        picture=picture,
        prompt=turn.before["prompt"],
        observation_text=turn.before["observation_text"],
        answers=turn.answers,
        span=answer["span"],
        thoughts=answer["thoughts"],
        fields=answer["fields"],
        action=info["action"],
        fault=info["fault"],
        illegal=info["illegal"],
        reward=turn.reward,
        rewards=info["rewards"],
        is_success=info["is_success"],
        progress=info["progress"],
        is_terminated=turn.is_terminated,
        is_truncated=turn.is_truncated,
        prompt_tokens=sum(reply.prompt_tokens for reply in replies),
        completion_tokens=sum(reply.completion_tokens for reply in replies),
        cost=sum(reply.cost for reply in replies),
        latency_s=sum(reply.latency_s for reply in replies),
        num_requests=sum(reply.num_requests for reply in replies),
        is_cut_off=any(reply.is_cut_off for reply in replies),
        is_cached=any(reply.is_cached for reply in replies),
        cut_off=tuple(place for place, reply in enumerate(replies) if reply.is_cut_off),
        requests=tuple(requests),
        replies=tuple(replies),
        **vars(judgement),
    )


def short_name(task: str, seed: int) -> str:
    """Return an episode's name for people: TASK:SEED."""
    return f"{task.removeprefix(NAMESPACE)}:{seed}"
