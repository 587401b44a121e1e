"""A first request, before anything is played: what would fail in every episode is found once, and said in words."""

from typing import Final, NamedTuple

from vlm_gym.chat import ChatSession
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentError, AgentRefusedError, UnplayableError
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.models.endpoint_errors import PassingFailureError
from vlm_gym.evaluation.runs.episodes import turn_rng
from vlm_gym.messages import estimate_tokens
from vlm_gym.rollout import Rollout

FILLER: Final = "This is no answer yet. " * 10  # as long as a short thought, and no action
MAX_ANSWERS: Final = 1000
ROOM: Final = (
    "--max-tokens N leaves more room for it, --show text sends no picture, and a server may have a larger context "
    "(llama.cpp: --ctx-size, vLLM: --max-model-len)"
)


class Telling(NamedTuple):
    """How an episode's longest request comes about.

    Attributes:
        num_tokens: How long it is, as far as can be said here.
        num_answers: After so many answers without an action.
    """

    num_tokens: int
    num_answers: int


async def preflight(rollout: Rollout, agent: Agent, episode: EpisodeSpec) -> list[str]:
    """Ask an agent for the answer to the longest request that an episode may need; return what is worth knowing.

    With no history shown that is the request of the first turn, which the agent need not be asked for again.

    Args:
        rollout: What drives the episode, which is started.
        agent: What is asked (`Agent.check`).
        episode: The one with the longest request.

    Raises:
        AgentRefusedError: if it is not answered, and neither would others be.
    """
    num_answers = longest_telling(rollout, episode).num_answers
    _tell(rollout, episode, num_answers)
    num_messages = len(rollout.messages())
    try:
        return _notes(await _check(rollout.session, agent, episode))
    except UnplayableError as error:
        if error.kind != "context":
            return [f"a first request was not answered for its content: {error}"]
        if not num_answers:
            raise _nothing_fits(error) from error
        too_long = error
    _tell(rollout, episode, 0)
    try:
        reply = await _check(rollout.session, agent, episode)
    except UnplayableError as error:
        raise _nothing_fits(error) from error
    return [_too_long(num_messages, too_long), *_notes(reply)]


def longest_telling(rollout: Rollout, episode: EpisodeSpec) -> Telling:
    """Return how an episode's longest request comes about: at its end, if past turns are shown."""
    lengths: list[int] = []
    _tell(rollout, episode, 0)
    settings = rollout.session.settings
    shows_past = settings.history != 0 or settings.max_reasks > 0
    while not lengths or (shows_past and not rollout.is_over and len(lengths) < MAX_ANSWERS):
        if lengths:
            rollout.answer(FILLER)
        if not rollout.is_over:
            lengths.append(sum(map(estimate_tokens, rollout.messages())))
    return Telling(max(lengths), lengths.index(max(lengths)))


async def _check(session: ChatSession, agent: Agent, episode: EpisodeSpec) -> Reply | None:
    try:
        return await agent.check(session, turn_rng(episode, 1))
    except (AgentRefusedError, UnplayableError):
        raise
    except AgentError as error:
        if isinstance(error.__cause__, PassingFailureError) and error.__cause__.is_filtered:
            raise UnplayableError(str(error), "filter") from error
        raise AgentRefusedError(f"a first request is not answered, so nothing was played: {error}") from error


def _tell(rollout: Rollout, episode: EpisodeSpec, num_answers: int) -> None:
    """Start an episode and give so many answers."""
    rollout.start(episode)
    for _ in range(num_answers):
        rollout.answer(FILLER)


def _nothing_fits(error: UnplayableError) -> AgentRefusedError:
    return AgentRefusedError(f"not even an episode's first request fits, so nothing was played: {error}. {ROOM}")


def _too_long(num_messages: int, error: UnplayableError) -> str:
    return (
        f"a request with all turns that an episode may have to show, {num_messages} messages, does not fit: {error}. "
        "--unplayable says what episodes are that come so far; --token-budget N or --history K leaves out the oldest "
        "turns instead"
    )


def _notes(reply: Reply | None) -> list[str]:
    if reply is None:
        return []
    notes = []
    if reply.is_cut_off:
        notes.append("the first answer was cut off at the token limit: see --max-tokens")
    if not reply.text.strip():
        notes.append(
            "the first answer is empty: a model that reasons first came to none (see --max-tokens), or its server "
            "takes all it writes for reasoning"
        )
    return notes
