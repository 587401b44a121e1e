"""The figures of a run: of each task, of each kind of episode, and over all tasks."""

from collections.abc import Mapping
from dataclasses import dataclass

from vlm_gym.evaluation.runs.played import Unplayable
from vlm_gym.evaluation.scores.perception import Perception
from vlm_gym.evaluation.scores.repeats import Repeats
from vlm_gym.evaluation.scores.statistics import Bounds, Estimate


@dataclass(frozen=True)
class Scores:
    """The figures of a group of episodes. Of all tasks together, shares and means give every task the same weight.

    Attributes:
        name: The task without "vlm_gym/" (and its arguments, if it has any); "overall" for all tasks.
        task: The task's id; None for all tasks.
        label: The kind of episode, such as "heat"; None for all kinds.
        num_episodes: Finished episodes.
        num_planned: Episodes that were to be played; None for a kind of episodes, of which nobody has counted them.
        num_unplayable: Episodes that could not be played to their end, since a request was refused for its content.
        bounds: The success if all missing episodes failed, and if all succeeded; None if none is missing.
        num_starts: How many different starts they have; episodes with the same start are one cluster in all intervals.
        success: Share of successes, with Wilson's interval.
        mean_return: Mean undiscounted return, with a bootstrap interval; None for all tasks, whose returns have no
            common scale.
        floor: What uniformly random actions succeed at, for the task in general; None where it is not known.
        is_floor_exact: Whether the floor was computed, not measured.
        ceiling: What the best play succeeds at, exactly, from the starts of these very episodes; None where a task has
            no oracle, as `regret`.
        searcher: What a good player succeeds at that knows only what it has seen, as measured for the task in general;
            None where nothing is hidden, or it is not known.
        score: The success on the scale on which the floor is 0 and the ceiling 1. Its interval takes both, and which of
            the starts cannot be won, for given; with luck a score may exceed 1.
        num_turns: Turns of all episodes.
        fault_kinds: How many of them had a fault, by its kind (`vlm_gym.parsers.Fault`).
        fault_rate, illegal_rate: Share of turns without a readable action, and with an illegal one.
        empty_rate: Share of turns whose answer had no text.
        cut_off_rate: Share of turns whose answer, the one that counted, ended at the token limit.
        repeated_rate: Share of turns for which the model was not asked, since it would have said the same again.
        truncation_rate: Share of episodes that ran out of turns.
        turns: Mean number of turns.
        regret: Mean probability of success that an episode's choices gave away, and turns that ran out, luck left out.
        regret_per_turn: What the choice of a turn gave away, on average.
        prompt_tokens, completion_tokens, cost, num_requests: Sums.
        latency_s: Mean of a turn, in seconds.
        perception: What the answers name in the pictures, in numbers of turns and episodes, also for all tasks; None
            where they name nothing.
        repeats: What several attempts at each start tell; None where no start was played twice.
    """

    name: str
    task: str | None
    label: str | None
    num_episodes: int
    num_planned: int | None
    num_unplayable: int
    bounds: Bounds | None
    num_starts: int
    success: Estimate
    mean_return: Estimate | None
    floor: float | None
    is_floor_exact: bool
    ceiling: float | None
    searcher: float | None
    score: Estimate | None
    num_turns: int
    fault_kinds: Mapping[str, int]
    fault_rate: float
    illegal_rate: float
    empty_rate: float
    cut_off_rate: float
    repeated_rate: float
    truncation_rate: float
    turns: float
    regret: float | None
    regret_per_turn: float | None
    prompt_tokens: int
    completion_tokens: int
    cost: float
    num_requests: int
    latency_s: float
    perception: Perception | None
    repeats: Repeats | None


@dataclass(frozen=True)
class RunSummary:
    """What a run scored.

    Attributes:
        run: The folder's name.
        agent: The agent's name.
        panel: The panel's name; None for a run of chosen tasks.
        fingerprint: The panel's fingerprint.
        num_first: If only so many episodes of each task were played, their number.
        num_planned: Episodes that the run was to play; it is complete with as many finished ones. In a
            run that a person plays without a panel, those that are finished.
        num_episodes: Finished episodes.
        unplayable: What the episodes are that could not be played to their end: "failure", finished ones that failed;
            or "missing".
        unscored_tasks: Tasks without any finished episode; in `overall` they count for its bounds alone.
        overall: All tasks, each weighing the same.
        tasks: Each task.
        labels: Each kind of episode of the tasks that have kinds.
    """

    run: str
    agent: str
    panel: str | None
    fingerprint: str | None
    num_first: int | None
    num_planned: int
    num_episodes: int
    unplayable: Unplayable
    unscored_tasks: tuple[str, ...]
    overall: Scores
    tasks: tuple[Scores, ...]
    labels: tuple[Scores, ...]
