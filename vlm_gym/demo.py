"""`make demo`: what random and perfect play score on every card task, and what the tasks look like."""

import argparse
import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import gymnasium as gym

from vlm_gym.chat import ChatSession
from vlm_gym.errors import MissingDependencyError
from vlm_gym.evaluation.agents import Agent, OracleAgent, RandomAgent
from vlm_gym.evaluation.episodes import EpisodeSpec, run_episode
from vlm_gym.evaluation.statistics import percent, wilson_interval
from vlm_gym.registration import TASKS
from vlm_gym.render.canvas import Picture
from vlm_gym.render.household.palette import HOME_THEMES
from vlm_gym.render.sheet import contact_sheet
from vlm_gym.render.theme import THEMES

DEMO_STARTS: Final[dict[str, dict[str, Any]]] = {
    "vlm_gym/NumberLine-v0": {"position": 0, "target": 4},
    "vlm_gym/EZPoints-v0": {"cards": ["7C", "5H"]},
    "vlm_gym/Points24-v0": {"cards": ["QH", "4S", "8D", "KC"]},
    "vlm_gym/EZPointsFormula-v0": {"cards": ["3D", "4S"]},
    "vlm_gym/Points24Formula-v0": {"cards": ["3C", "8H", "AS", "6D"]},
    "vlm_gym/Blackjack-v0": {"player": ["10H", "6S"], "dealer": ["9C", "QD"]},
    "vlm_gym/Household-v0": {"task_type": "heat"},
    "vlm_gym/Household-Unseen-v0": {"task_type": "look"},
}
"""The tasks of the demo, each with the start that the contact sheet shows."""
AGENTS: Final[dict[str, Agent]] = {"random": RandomAgent(), "oracle": OracleAgent()}
FIRST_SEED: Final = 0
NUM_EPISODES: Final = 200
SHEET_TURNS: Final = 5
CARDS_TASK: Final = "vlm_gym/Points24-v0"
HOME_TASK: Final = "vlm_gym/Household-v0"
TASK_COLUMNS: Final = 4
THEME_COLUMNS: Final = 5


class Score(NamedTuple):
    """What one agent did in one task."""

    num_successes: int
    num_episodes: int
    mean_turns: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Play the panel, print the table, write the contact sheet."""
    parser = argparse.ArgumentParser(prog="python -m vlm_gym.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder of the picture (%(default)s)")
    parser.add_argument(
        "--episodes", type=int, default=NUM_EPISODES, help="episodes of each agent in each task (%(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
    except ImportError as error:
        raise MissingDependencyError("the demo shows its progress with rich: pip install 'vlm-gym[demo]'") from error
    console = Console()
    num_episodes = len(DEMO_STARTS) * len(AGENTS) * options.episodes
    with Progress(
        *Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn(), console=console
    ) as bar:
        playing = bar.add_task("playing", total=num_episodes)
        scores = {
            (task, name): _play(task, agent, options.episodes, lambda: bar.advance(playing))
            for task in DEMO_STARTS
            for name, agent in AGENTS.items()
        }
    console.print(_table(scores))
    options.out.mkdir(parents=True, exist_ok=True)
    tasks, themes = options.out / "tasks.png", options.out / "themes.png"
    contact_sheet([_frame(task) for task in DEMO_STARTS], list(DEMO_STARTS), TASK_COLUMNS).save(tasks)
    looks = [(CARDS_TASK, name) for name in THEMES] + [(HOME_TASK, name) for name in HOME_THEMES]
    contact_sheet([_frame(task, theme=name) for task, name in looks], [name for _, name in looks], THEME_COLUMNS).save(
        themes
    )
    console.print(f"The tasks: {tasks}\nThe themes: {themes}")


def _play(task: str, agent: Agent, num_episodes: int, on_episode: Callable[[], object]) -> Score:
    session = ChatSession(gym.make(task, parser="json", disable_env_checker=True))
    num_successes, turns = 0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + num_episodes):
        episode = asyncio.run(run_episode(session, agent, EpisodeSpec(task, seed)))
        num_successes, turns = num_successes + episode.is_success, turns + episode.num_turns
        on_episode()
    return Score(num_successes, num_episodes, turns / num_episodes)


def _table(scores: Mapping[tuple[str, str], Score]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), title="success in %, with Wilson's 95 % interval")
    table.caption = "floor (random) and ceiling are exact, but for ~; turns are the oracle's"
    table.add_column("task", no_wrap=True)
    for column in ("floor", *AGENTS, "ceiling", "turns"):
        table.add_column(column, justify="right", no_wrap=True)
    for task in DEMO_STARTS:
        entry = TASKS[task]
        measured = [_with_interval(scores[task, name]) for name in AGENTS]
        turns = f"{scores[task, 'oracle'].mean_turns:.1f}"
        floor = ("~" if entry.is_random_measured else "") + percent(entry.random_success or 0.0)
        ceiling = percent(entry.best_success)
        table.add_row(_short(task), floor, *measured, ceiling, turns)
    return table


def _short(task: str) -> str:
    """Return an id without what all ids share, so that the table fits 80 columns."""
    return task.removeprefix("vlm_gym/").removesuffix("-v0")


def _with_interval(score: Score) -> str:
    low, high = wilson_interval(score.num_successes, score.num_episodes)
    return f"{100 * score.num_successes / score.num_episodes:.1f} ({100 * low:.0f}-{100 * high:.0f})"


def _frame(task: str, **arguments: Any) -> Picture:
    """Return a picture from the middle of an episode, so that there is something to see."""
    if TASKS[task].is_text_only:
        arguments["attempts"] = 2
    env: gym.Env[Picture, str] = gym.make(task, parser="json", disable_env_checker=True, **arguments)
    picture, _ = env.reset(seed=FIRST_SEED, options=DEMO_STARTS[task])
    if TASKS[task].is_text_only:
        return env.step(" + ".join(map(str, env.get_wrapper_attr("numbers")())))[0]
    for _ in range(SHEET_TURNS):
        after, _, is_terminated, is_truncated, _ = env.step(
            env.get_wrapper_attr("answer")(env.get_wrapper_attr("oracle_action")())
        )
        if is_terminated or is_truncated:
            break
        picture = after
    return picture


if __name__ == "__main__":
    main()
