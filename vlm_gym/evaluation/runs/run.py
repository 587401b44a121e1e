"""A run: plays the episodes of a plan, many at once, and writes every turn down as soon as it is played."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final, get_args

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, RunError, check_choice, check_int, check_is
from vlm_gym.evaluation.models.agents import Agent
from vlm_gym.evaluation.runs.limits import Limits
from vlm_gym.evaluation.runs.plan import Plan, describe, differences
from vlm_gym.evaluation.runs.played import Unplayable
from vlm_gym.evaluation.runs.players import LocalPlayer, Player
from vlm_gym.evaluation.runs.run_folder import RunWriter, has_turns, is_empty, read_run
from vlm_gym.evaluation.runs.sitting import OnCheck, OnProgress, Progress, Sitting

CONCURRENCY: Final = 16
MAX_CONCURRENCY: Final = 10_000


async def evaluate(
    folder: Path,
    plan: Plan,
    agent: Agent | Player,
    *,
    concurrency: int = CONCURRENCY,
    limits: Limits | None = None,
    is_resumed: bool = False,
    only: Collection[str] | None = None,
    unplayable: Unplayable = "failure",
    on_progress: OnProgress | None = None,
    on_check: OnCheck | None = None,
) -> Progress:
    """Play the episodes of a plan and write them to a run's folder.

    The records depend on the plan and the agent alone, not on `concurrency`, nor on where a run was interrupted; their
    order and latency do. Cancelling the task that awaits this ends the run at once and keeps all turns but those in
    flight.

    Args:
        folder: The run's folder; it must be new, unless the run is resumed.
        plan: What is played.
        agent: What plays; it is not closed. A `Player` plays elsewhere than in this process.
        concurrency: Episodes in play at the same time.
        limits: Budgets. When one is used up, turns in flight are finished and no other is begun.
        is_resumed: Go on with the run that is in the folder, if there is one: finished episodes are kept,
            half-played ones are played again up to where they stopped, with the answers that were given.
        only: Keys of the episodes to play in this sitting, others being left for later; None for all.
        unplayable: What an episode is that cannot be played to its end, since a request of it is refused for its
            content: a "failure", finished; or "missing", to be played when the run is resumed.
        on_progress: Is called after each turn, episode and failure.
        on_check: If given, a first request is sent before anything is played (`preflight`), and this is called with
            each thing that it shows and that is worth knowing, in a sentence.

    Returns:
        Where the run stands at the end. An `AgentError` ends its episode alone, which stays unfinished.

    Raises:
        RunError: if the folder holds another run, cannot be written, or does not play as it was recorded.
        AgentRefusedError: if the agent will never answer, or does not count the tokens that are limited; all turns
            so far are kept.
        ConfigError: if an argument is wrong.
    """
    check_int("concurrency", concurrency, 1, MAX_CONCURRENCY)
    check_choice("unplayable", unplayable, get_args(Unplayable))
    check_is("folder", folder, str | Path, "a path")
    folder = Path(folder)
    if not isinstance(plan, Plan):
        raise ConfigError(f"plan must be a Plan, such as Plan(get_panel('cards-v0').episodes), got {plan!r}")
    if isinstance(agent, str):
        raise ConfigError(f"agent must be an Agent, got its name: give make_agent({agent!r})")
    if isinstance(agent, type) or not isinstance(agent, Agent | Player):
        raise ConfigError(f"agent must be an Agent, such as make_agent('oracle'), got {agent!r}")
    check_is("limits", limits, Limits | None, "Limits or None")
    check_is("only", only, Collection | None, "the keys of some episodes, or None")
    check_is("is_resumed", is_resumed, bool, "True or False")
    for name, function in (("on_progress", on_progress), ("on_check", on_check)):
        check_is(name, function, Callable | None, "a function or None")
    player = LocalPlayer(agent, plan) if isinstance(agent, Agent) else agent
    try:
        run = describe(plan, await player.describe())
        check_folder(folder, run, is_resumed=is_resumed)
        with RunWriter(folder, run) as writer:
            sitting = Sitting(_chosen(plan, only), player, writer, limits or Limits(), unplayable, on_progress)
            await sitting.play(concurrency, on_check)
        return sitting.progress()
    finally:
        if player is not agent:
            await player.close()


def check_folder(folder: Path, run: dict[str, Any], *, is_resumed: bool) -> None:
    """Raise RunError unless this run may be written to this folder: no other run has a turn there."""
    if is_empty(folder):
        return
    there = read_run(folder)
    if not has_turns(folder):
        return
    if not is_resumed:
        raise RunError(f"{folder} holds a run already: add --resume to go on with it, or choose another --out")
    differing = differences(there, run)
    if differing:
        listed = "\n  ".join(differing)
        raise RunError(
            f"{folder} holds a run of other settings: choose another --out, or settings as there:\n  {listed}"
        )


def _chosen(plan: Plan, only: Collection[str] | None) -> tuple[EpisodeSpec, ...]:
    """Return the episodes of a sitting.

    Raises:
        ConfigError: if one that is asked for is not in the plan.
    """
    own = plan.own_episodes
    if only is None:
        return own
    unknown = set(only) - {episode.key for episode in own}
    if unknown:
        raise ConfigError(f"only: expected keys of episodes of the plan, got {min(unknown)!r}")
    return tuple(episode for episode in own if episode.key in only)
