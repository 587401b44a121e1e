"""The two ablations of Zhai et al. 2024 on the tiny model: no thoughts, and the weight lambda of their log-probs.

    python -m baselines.ablations                                          five runs on the first task, then a plot
    python -m baselines.ablations --seeds '[0, 1, 2]' --updates 10         more seeds, fewer updates
    python -m baselines.ablations --run tiny-ezpoints --folder out/ez      on another task

Without thoughts an answer is the action alone. Lambda weighs the log-prob of an answer's thought tokens; the action's
tokens weigh 1. All runs of a seed differ in nothing else. Run it again to go on where it was stopped; runs that are
finished are only read. FOLDER/ablations.png shows success over updates, and a table is printed.
"""

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from baselines import ppo
from baselines.checkpoint import list_checkpoints
from baselines.config import read_config, setting
from baselines.evaluate import floor_of
from baselines.progress import read_metrics
from baselines.run import CHECKPOINTS
from baselines.session import Stopper, read_train_config
from baselines.settings import Metric, TrainConfig
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.scores.statistics import wilson_interval
from vlm_gym.files import write_whole
from vlm_gym.program import run as run_program
from vlm_gym.registration import find_task

FIGURE: Final = "ablations.png"
COLORS: Final = ("#777777", "#7fb3d5", "#2a6fbb", "#1b3f73", "#d9822b")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AblationConfig:
    """What is run."""

    run: str = setting("tiny-numberline", "the run of configs/ that the variants start from")
    folder: str = setting("out/ablations", "where the runs, the plot and the table are written")
    seeds: tuple[int, ...] = setting((0,), "each variant is run with each of these")
    lambdas: tuple[float, ...] = setting((0.0, 0.2, 0.5, 1.0), "weights of the thought tokens")
    updates: int | None = setting(None, "updates of each run, where it is not the run's own number")
    figure: str | None = setting(None, "where the plot is written too")

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ConfigError("seeds must be a list of one seed or more")


@dataclass(frozen=True)
class Variant:
    """One line of the plot. Without thoughts there is nothing for lambda to weigh."""

    name: str
    has_thoughts: bool
    thought_weight: float

    def of(self, base: TrainConfig, ablation: AblationConfig, seed: int) -> TrainConfig:
        """Return the run of this variant with a seed."""
        arguments = dict(base.task.arguments) if self.has_thoughts else {**base.task.arguments, "prompt": "action_only"}
        updates = base.ppo.updates if ablation.updates is None else ablation.updates
        return replace(
            base,
            folder=str(Path(ablation.folder) / f"{self.name.replace(' ', '-')}-seed-{seed}"),
            seed=seed,
            task=replace(base.task, arguments=arguments),
            ppo=replace(base.ppo, thought_weight=self.thought_weight, updates=updates),
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the ablations from the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("baselines").setLevel(logging.INFO)
    _log.setLevel(logging.INFO)
    run(read_config(AblationConfig, sys.argv[1:] if arguments is None else arguments, usage=__doc__ or ""))


def run(ablation: AblationConfig) -> None:
    """Run every variant with every seed, then draw and print what came of it."""
    base = read_train_config(["--config", ablation.run], "")
    variants = variants_of(ablation)
    for seed in ablation.seeds:
        for variant in variants:
            _log.info("%s, seed %d", variant.name, seed)
            finish(variant.of(base, ablation, seed))
    results = {
        variant.name: [read_metrics(Path(variant.of(base, ablation, seed).folder)) for seed in ablation.seeds]
        for variant in variants
    }
    places = [Path(ablation.folder) / FIGURE, *([Path(ablation.figure)] if ablation.figure else [])]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        draw(place, base, results)
    _log.info("%s\n%s", table(results, base.evaluation.metric), places[-1])


def variants_of(ablation: AblationConfig) -> tuple[Variant, ...]:
    """Return the variants, without thoughts first."""
    weighted = (Variant(f"lambda {weight:g}", True, weight) for weight in ablation.lambdas)
    return (Variant("no thoughts", False, 1.0), *weighted)


def finish(config: TrainConfig) -> None:
    """Train from where a run stands to its end."""
    done = list_checkpoints(Path(config.folder) / CHECKPOINTS)
    if done and done[-1].name == f"step-{config.ppo.updates:06d}":
        return
    with Stopper() as stopper:
        ppo.train(replace(config, resume=config.folder if done else None), stopper)


def table(results: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]], metric: Metric) -> str:
    """Return a table in Markdown: sampled and greedy success at the start and at the end, over all seeds."""
    lines = ["| variant | sampled at the start | sampled at the end | greedy at the end |", "|---|---|---|---|"]
    for name, runs in results.items():
        cells = [
            _cell(runs, f"{kind}/", metric, place) for kind, place in (("sampled", 0), ("sampled", -1), ("greedy", -1))
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(path: Path, base: TrainConfig, results: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]) -> None:
    """Draw sampled and greedy success over updates, the mean over seeds, each variant a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    both = figure.subplots(1, 2, sharey=True)
    for axes, kind in zip(both, ("sampled", "greedy"), strict=True):
        for (name, runs), color in zip(results.items(), COLORS, strict=False):
            lines = [[line for line in one if f"{kind}/{base.evaluation.metric}" in line] for one in runs]
            updates = [line["update"] for line in lines[0]]
            shares = [[line[f"{kind}/{base.evaluation.metric}"] for line in one] for one in lines]
            means = [fmean(values) for values in zip(*shares, strict=True)]
            axes.plot(updates, means, marker="o", markersize=4, color=color, label=name.replace("lambda", "λ ="))
        for height, words in (
            (floor_of(base.evaluated_tasks[0].full_id, base.evaluation.metric), "random play"),
            (find_task(base.evaluated_tasks[0].full_id).best_success, "best play"),
        ):
            if height is not None:
                axes.axhline(height, color="black", linewidth=0.8, linestyle=":")
                axes.annotate(
                    words, (1.0, height), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8
                )
        axes.set(xlabel="update", ylim=(-0.02, 1.06), title=f"{kind} answers")
    both[0].set_ylabel(base.evaluation.metric.replace("_", " "))
    figure.legend(*both[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(results), frameon=False)
    num_seeds = len(next(iter(results.values())))
    figure.suptitle(f"{base.task.id}, {base.model.name} model, {num_seeds} seed{'s' if num_seeds > 1 else ''}")
    write_whole(path, lambda draft: figure.savefig(draft, format="png"))


def _cell(runs: Sequence[Sequence[Mapping[str, Any]]], prefix: str, metric: Metric, place: int) -> str:
    """Return a share with its interval, over the episodes of all seeds."""
    lines = [[line for line in one if f"{prefix}{metric}" in line][place] for one in runs]
    total = sum(int(line[f"{prefix}episodes"]) for line in lines)
    count = round(sum(line[f"{prefix}{metric}"] * line[f"{prefix}episodes"] for line in lines))
    low, high = wilson_interval(count, total)
    return f"{100 * count / total:.1f} % ({100 * low:.0f}-{100 * high:.0f})"


if __name__ == "__main__":
    sys.exit(run_program("baselines.ablations", main))
