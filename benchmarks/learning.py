"""Writes what a folder of training runs reached: a page with a table for each configuration, and a figure.

    python -m benchmarks.learning out/learning --page docs/learning.md --figure docs/figures/learning.png

A run lies in a folder that is called after its configuration and its seed, tiny-household-7. Runs that have not ended
are left out, so that the page can be made while others still go on.
"""

import argparse
import os
import platform
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from baselines.config import FILE_NAME, build
from baselines.evaluate import bounds_of
from baselines.lessons import FOLDER as SFT
from baselines.progress import METRICS, read_metrics
from baselines.settings import TrainConfig, full_id
from vlm_gym.evaluation.scores.statistics import percent

INTRODUCTION = """\
# What the tiny model learns

`make bench-learning` (`baselines/runs/learning.sh`) makes this page from the records of its runs: one process and one
CPU thread each. All is measured on episodes that training never sees, sampled at the temperature of training and
greedily; brackets are Wilson's 95 % intervals. CPU-s are all of a run, its evaluations included, and of SFT alone; they
were taken while other programs ran. Machine: {machine}; the last run ended on {date}.

"""
CAPTION = """\
Left: the loss of SFT, and in thick points (greedy) and dashes (sampled) how often the learner succeeded where it played
in between. Right: success over the updates of PPO, where there is PPO; dotted, the best play.
"""
TEACHES = {
    "random": "the form of an answer and its readings of the picture, with actions at random",
    "legal": "the form of an answer and its readings of the picture, with legal actions at random",
    "oracle": "the oracle's actions",
    "searcher": "the actions of the searcher, who knows no more than the player",
}
PARTS = {"": "", "shown/": ", problems that SFT was shown", "held_out/": ", problems held out of SFT"}
WIDTH = 120  # of a line of the page
GREEDY, SAMPLED = {"marker": "o", "markersize": 3}, {"linewidth": 0.8, "linestyle": "--"}


@dataclass(frozen=True)
class LearntRun:
    """A run that has ended: its settings, what was measured after updates, and what was recorded in SFT."""

    config: TrainConfig
    updates: Sequence[Mapping[str, Any]]
    steps: Sequence[Mapping[str, Any]]

    @property
    def measured(self) -> list[Mapping[str, Any]]:
        """The evaluations."""
        return [line for line in self.updates if "greedy/success" in line]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of the runs")
    parser.add_argument("--page", type=Path, required=True)
    parser.add_argument("--figure", type=Path, required=True)
    options = parser.parse_args()
    groups = read_runs(options.out)
    if not groups:
        raise SystemExit(f"benchmarks.learning: expected runs that have ended in {options.out}, found none")
    introduction = INTRODUCTION.format(machine=machine(), date=last_day(options.out))
    figure = f"![Loss of SFT, and success over updates]({options.figure.relative_to(options.page.parent)})\n\n{CAPTION}"
    sections = [section(name, runs) for name, runs in groups.items()]
    options.page.write_text(introduction + figure + "\n" + "\n".join(sections), encoding="utf-8")
    draw(groups, options.figure)


def read_runs(folder: Path) -> dict[str, list[LearntRun]]:
    """Return the runs that have ended by the name of their configuration, in the order of their seeds."""
    found = defaultdict(list)
    for path in folder.glob(f"*/{FILE_NAME}"):
        config = build(TrainConfig, yaml.safe_load(path.read_text()))
        run = LearntRun(config, read_metrics(path.parent), read_metrics(path.parent / SFT, "step"))
        if run.measured and run.measured[-1]["update"] == config.ppo.updates:
            found[path.parent.name.rpartition("-")[0]].append(run)
    return {name: sorted(found[name], key=lambda run: run.config.seed) for name in sorted(found)}


def machine() -> str:
    """Return the processor of this machine and how many cores it has."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()} ({os.cpu_count()} cores)"


def last_day(folder: Path) -> date:
    """Return the day on which the last of the runs ended."""
    return date.fromtimestamp(max(path.stat().st_mtime for path in folder.glob(f"*/{METRICS}")))


def section(name: str, runs: Sequence[LearntRun]) -> str:
    """Return what was learnt from what, and a table with a row for each run and each task that was evaluated."""
    config = runs[0].config
    has_ppo = config.ppo.updates > 0
    columns = ["seed", "episodes of", "SFT, sampled", "SFT, greedy"]
    columns += ["PPO, sampled", "PPO, greedy"] if has_ppo else []
    columns += ["episodes", *(["turns of PPO"] if has_ppo else []), "CPU-s", "of SFT"]
    lines = [f"## {config.task.id}: `{name}`", "", *textwrap.wrap(told(config), WIDTH), ""]
    lines += [f"* {bounds}" for bounds in all_bounds(config)]
    lines += ["", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(cells)} |" for run in runs for cells in rows(run)]
    return "\n".join(lines) + "\n"


def told(config: TrainConfig) -> str:
    """Return in words what the model saw, what it was taught, and what it found out."""
    shown = {"picture": "in pictures", "text": "in words, without a picture", "both": "in pictures and in words"}
    again = {0: "", 1: ", with the last turn shown again", "all": ", with all turns shown again"}
    history = again.get(config.chat.history, f", with the last {config.chat.history} turns shown again")
    taught = f"SFT ({config.sft.steps:,} steps of {config.sft.batch}) shows {TEACHES[config.sft.actions]}"
    taught += ", with the whole plan as the thought" if config.sft.has_plan else ""
    few = config.sft.later_turns < 1
    taught += f" (of the turns after an episode's first, {100 * config.sft.later_turns:g} %)" if few else ""
    taught += ", and corrects the learner" if config.sft.learner_episodes else ""
    taught += f"; {100 * config.sft.held_out:g} % of all problems are held out" if config.sft.held_out else ""
    found = f"PPO goes on for {config.ppo.updates} updates" if config.ppo.updates else "There is no PPO"
    metric = config.evaluation.metric.replace("_", " ")
    return f"Told {shown[config.chat.show]}{history}. {taught}. {found}. The figures are {metric} in %."


def all_bounds(config: TrainConfig) -> Iterator[str]:
    """Yield between what the scores of each evaluated task lie."""
    for task in config.evaluated_tasks:
        bounds = bounds_of(task.full_id, config.evaluation.metric)
        known = "an unknown share" if bounds.floor is None else percent(bounds.floor)
        yield f"{task.id}: random play reaches {known}, the best {percent(bounds.ceiling)}"


def rows(run: LearntRun) -> Iterator[list[str]]:
    """Yield the cells of each evaluated task, and where problems were held out of each part of it."""
    start, end = run.measured[0], run.measured[-1]
    moments = (start, end) if run.config.ppo.updates else (start,)
    turns = max((line.get("env_turns", 0) for line in run.updates), default=0)
    sft = f"{max(line['cpu_seconds'] for line in run.steps if 'cpu_seconds' in line):,.0f}" if run.steps else ""
    for number, task in enumerate(run.config.evaluated_tasks):
        for part, words in PARTS.items():
            prefixes = [f"{task.id}/{name}/{part}" if number else f"{name}/{part}" for name in ("sampled", "greedy")]
            if f"{prefixes[0]}low" not in start:
                continue
            shares = [share(line, prefix, run.config) for line in moments for prefix in prefixes]
            counted = [f"{start[f'{prefixes[0]}episodes']:,.0f}", *([f"{turns:,.0f}"] if len(moments) > 1 else [])]
            yield [f"{run.config.seed}", f"{task.id}{words}", *shares, *counted, f"{end['cpu_seconds']:,.0f}", sft]


def share(line: Mapping[str, Any], prefix: str, config: TrainConfig) -> str:
    """Return a measured share in %, with its interval."""
    value, low, high = (100 * line[f"{prefix}{part}"] for part in (config.evaluation.metric, "low", "high"))
    return f"{value:.1f} ({low:.0f}-{high:.0f})"


def draw(groups: Mapping[str, Sequence[LearntRun]], path: Path) -> None:
    """Draw SFT and PPO of each configuration beside each other."""
    figure = Figure(figsize=(9.2, 2.9 * len(groups)), layout="constrained")
    panels = figure.subplots(len(groups), 2, squeeze=False)
    for (name, runs), (left, right) in zip(groups.items(), panels, strict=True):
        draw_sft(left, name, runs)
        draw_ppo(right, name, runs)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def draw_sft(axes: Axes, name: str, runs: Sequence[LearntRun]) -> None:
    """Draw the loss over the steps of SFT, and how often the learner succeeded where it played in between."""
    success = axes.twinx() if any("learner/success" in line for run in runs for line in run.steps) else None
    for number, run in enumerate(runs):
        losses = [line for line in run.steps if "loss" in line]
        steps = [line["step"] for line in losses]
        axes.plot(steps, [line["loss"] for line in losses], color=f"C{number}", linewidth=0.8)
        played = [line for line in run.steps if "learner/success" in line]
        for style, lines in (
            (GREEDY, [line for line in played if line["learner/temperature"] == 0]),
            (SAMPLED, [line for line in played if line["learner/temperature"] > 0]),
        ):
            if success and lines:
                shares = [100 * line["learner/success"] for line in lines]
                success.plot([line["step"] for line in lines], shares, color=f"C{number}", **style)
    axes.set(title=f"{name}: SFT", xlabel="step", ylabel="loss a token", yscale="log")
    if success:
        success.set(ylabel="learner's success in %", ylim=(-2, 104))


def draw_ppo(axes: Axes, name: str, runs: Sequence[LearntRun]) -> None:
    """Draw success over the updates of PPO, if there is any."""
    if not runs[0].config.ppo.updates:
        axes.set_axis_off()
        return
    for number, run in enumerate(runs):
        metric = run.config.evaluation.metric
        updates = [line["update"] for line in run.measured]
        for mode, style in (("sampled", SAMPLED | {"marker": "x"}), ("greedy", GREEDY)):
            label = f"seed {run.config.seed}, {mode}"
            shares = [100 * line[f"{mode}/{metric}"] for line in run.measured]
            axes.plot(updates, shares, color=f"C{number}", label=label, **style)
    task = runs[0].config.evaluated_tasks[0]
    best = bounds_of(full_id(task.id), runs[0].config.evaluation.metric).ceiling
    if best is not None:
        axes.axhline(100 * best, color="black", linewidth=0.8, linestyle=":")
    axes.set(title=f"{name}: PPO", xlabel="update", ylabel="success in %", ylim=(-2, 104))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=7, loc="lower right")


if __name__ == "__main__":
    main()
