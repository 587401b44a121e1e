"""Writes what a folder of training runs reached: a page with a table, and a figure with a curve for each run.

python -m benchmarks.learning out/learning --page docs/learning.md --figure docs/figures/learning.png
"""

import argparse
import math
import os
import platform
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from matplotlib.figure import Figure

from baselines.config import FILE_NAME, build
from baselines.evaluate import floor_of
from baselines.progress import METRICS, read_metrics
from baselines.settings import TrainConfig
from vlm_gym.evaluation.scores.statistics import percent
from vlm_gym.registration import TASKS

INTRODUCTION = """\
# What the tiny model learns

`make bench-learning` (`baselines/runs/learning.sh`) makes this page. All runs are one process on one CPU thread. The
start is the model behind SFT, the end the last checkpoint, both on the same episodes, which training never sees.
Brackets are Wilson's 95 % intervals. Machine: {machine}; the last run ended on {date}.

"""
SHOWN = {
    "random": "SFT teaches the form of an answer and its readings of the picture, with actions at random.",
    "legal": "SFT teaches the form of an answer and its readings of the picture, with legal actions at random.",
    "oracle": "SFT imitates the oracle.",
    "searcher": "SFT imitates the searcher, who knows no more than the player, and is corrected by it.",
}
COLUMNS = 3  # of the figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the runs")
    parser.add_argument("--page", type=Path, required=True)
    parser.add_argument("--figure", type=Path, required=True)
    options = parser.parse_args()
    runs: dict[str, list[tuple[TrainConfig, list[dict[str, Any]]]]] = defaultdict(list)
    for path in sorted(options.out.glob(f"*/{FILE_NAME}")):
        config = build(TrainConfig, yaml.safe_load(path.read_text()))
        runs[config.task.id].append((config, read_metrics(path.parent)))
    introduction = INTRODUCTION.format(machine=machine(), date=last_day(options.out))
    figure = f"![Success over updates]({options.figure.relative_to(options.page.parent)})\n"
    tables = [table(task, of_task) for task, of_task in runs.items()]
    options.page.write_text(introduction + figure + "\n" + "\n".join(tables), encoding="utf-8")
    draw(runs, options.figure)


def machine() -> str:
    """Return the processor of this machine and how many cores it has."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()} ({os.cpu_count()} cores)"


def last_day(folder: Path) -> date:
    """Return the day on which the last of the runs ended."""
    return date.fromtimestamp(max(path.stat().st_mtime for path in folder.glob(f"*/{METRICS}")))


def table(task: str, runs: list[tuple[TrainConfig, list[dict[str, Any]]]]) -> str:
    """Return a Markdown table with a row for each run."""
    evaluation = runs[0][0].evaluation
    evaluated = runs[0][0].evaluated_tasks[0].full_id
    entry, floor = TASKS[evaluated], floor_of(evaluated, evaluation.metric)
    metric = evaluation.metric.replace("_", " ")
    known = "an unknown share" if floor is None else percent(floor)
    bounds = f"random play reaches {known}, the best {percent(entry.best_success)}"
    columns = ("seed", "start, sampled", "start, greedy", "end, sampled", "end, greedy", "episodes", "turns", "CPU-s")
    lines = [
        f"## {task if evaluated.endswith(task) else f'{task}, evaluated on {evaluated}'}",
        "",
        f"{metric.capitalize()} in %; {bounds}.",
        SHOWN[runs[0][0].sft.actions],
        "",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
    ]
    for config, metrics in runs:
        measured = [line for line in metrics if "greedy/success" in line]
        turns = max((line.get("env_turns", 0) for line in metrics), default=0)
        cells = [share(line, name, config) for line in (measured[0], measured[-1]) for name in ("sampled", "greedy")]
        end = measured[-1]
        lines.append(
            f"| {config.seed} | {' | '.join(cells)} | {end['greedy/episodes']:.0f} | {turns:,.0f} | "
            f"{end['cpu_seconds']:.0f} |"
        )
    return "\n".join(lines) + "\n"


def share(line: dict[str, Any], name: str, config: TrainConfig) -> str:
    """Return a measured share in %, with its interval."""
    value, low, high = (100 * line[f"{name}/{part}"] for part in (config.evaluation.metric, "low", "high"))
    return f"{value:.1f} ({low:.0f}-{high:.0f})"


def draw(runs: dict[str, list[tuple[TrainConfig, list[dict[str, Any]]]]], path: Path) -> None:
    """Draw a panel for each task: thin lines for what is sampled, marked ones for greedy play."""
    num_rows = math.ceil(len(runs) / COLUMNS)
    figure = Figure(figsize=(4.6 * min(COLUMNS, len(runs)), 3.4 * num_rows), layout="constrained")
    for place, (task, of_task) in enumerate(runs.items(), start=1):
        axes = figure.add_subplot(num_rows, min(COLUMNS, len(runs)), place)
        for number, (config, metrics) in enumerate(of_task):
            metric, color = config.evaluation.metric, f"C{number}"
            for name, style in (("sampled", {"linewidth": 0.8}), ("greedy", {"marker": "o", "markersize": 3})):
                shown = [line for line in metrics if f"{name}/{metric}" in line]
                values = [100 * line[f"{name}/{metric}"] for line in shown]
                label = f"seed {config.seed}" if name == "greedy" else None
                axes.plot([line["update"] for line in shown], values, color=color, label=label, **style)
        axes.axhline(100 * TASKS[of_task[0][0].task.full_id].best_success, color="black", linewidth=0.8, linestyle=":")
        axes.set(
            title=task,
            xlabel="update",
            ylabel=f"{metric.replace('_', ' ')} in %",
            ylim=(-2, 104),
        )
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False, fontsize=8, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.suptitle("Greedy (marked) and sampled success; dotted: the best play", fontsize=11)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
