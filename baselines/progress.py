"""What a person sees of a run: a line in the terminal, metrics.jsonl, TensorBoard, Weights & Biases, curve.png."""

import importlib.util
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from baselines.evaluate import Bounds, Score
from baselines.settings import Metric
from vlm_gym.errors import MissingDependencyError
from vlm_gym.files import write_whole
from vlm_gym.installation import install_hint

METRICS: Final = "metrics.jsonl"
CURVE: Final = "curve.png"
WANDB_GROUP: Final = "wandb_group.txt"
_BLUE, _ORANGE, _GREY = "#2a6fbb", "#d9822b", "#777777"


class Recorder:
    """Records a run's metrics by update. Only the main process has one.

    `bounds` are what random and the best play reach by `metric`. `settings` are those of the run, for Weights & Biases.
    It records from `begin` to `close`.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        metric: Metric,
        bounds: Bounds,
        num_updates: int,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        except ImportError as error:
            raise MissingDependencyError(f"rich is missing: {install_hint('train')}") from error
        self.folder, self.name, self.metric = folder, name, metric
        self.bounds, self.num_updates = bounds, num_updates
        self.settings = dict(settings or {})
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TimeRemainingColumn())
        console = Console()
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("first evaluation", total=num_updates)

    def begin(self, done: int, *, is_wandb_on: bool) -> None:
        """Begin behind update `done`, -1 for a new run; what was recorded after it is dropped."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingDependencyError(f"tensorboard is missing: {install_hint('train')}") from error
        kept = keep_metrics(self.folder, "update", done)
        self._tensorboard = SummaryWriter(str(self.folder / "tensorboard"), purge_step=done + 1)
        self._wandb = _start_wandb(self.folder, self.settings) if is_wandb_on else None
        for line in kept:
            self._log_to_wandb(line)
        self._bar.update(self._task, completed=max(0, done))
        self._bar.start()

    def record(self, update: int, metrics: Mapping[str, float]) -> None:
        """Write the metrics of an update everywhere."""
        append_metrics(self.folder, {"update": update, **metrics})
        for name, value in metrics.items():
            self._tensorboard.add_scalar(name, value, update)
        self._log_to_wandb({"update": update, **metrics})

    def _log_to_wandb(self, line: Mapping[str, Any]) -> None:
        if self._wandb is not None:
            self._wandb.log(dict(line))

    def say(self, text: str) -> None:
        """Print a line."""
        self._bar.console.print(text, soft_wrap=True, highlight=False, markup=False)

    def show(self, update: int, score: Score | None, turns_per_second: float) -> None:
        """Show an update in the progress bar, or without a terminal in a line."""
        measured = self.describe(score) if score else "no episode ended"
        text = f"update {update}/{self.num_updates}  {turns_per_second:.1f} turns/s  {measured}"
        self._bar.update(self._task, description=text, completed=update)
        if not self._bar.console.is_terminal:
            self.say(text)

    def describe(self, score: Score, bounds: Bounds | None = None) -> str:
        """Return a score with its interval, between the floor and the ceiling: by default those of the recorder."""
        low, high = score.interval(self.metric)
        name = self.metric.replace("_", " ")
        return (
            f"{name} {100 * score.share(self.metric):.1f} % ({100 * low:.0f}-{100 * high:.0f}), {bounds or self.bounds}"
        )

    def close(self) -> None:
        """Draw the curve and close all files."""
        self._bar.stop()
        draw_curve(self.folder, self.name, self.metric, self.bounds)
        self._tensorboard.close()
        if self._wandb is not None:
            self._wandb.finish()


def append_metrics(folder: Path, line: Mapping[str, float]) -> None:
    """Record a line; it holds the number of its "update", or in SFT of its "step"."""
    with (folder / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(dict(line)) + "\n")


def keep_metrics(folder: Path, counter: str, done: int) -> list[dict[str, Any]]:
    """Drop what was recorded after `done`, of which a run that goes on knows nothing; return the other lines."""
    kept = [line for line in read_metrics(folder, counter) if line[counter] <= done]
    text = "".join(json.dumps(line) + "\n" for line in kept)
    write_whole(folder / METRICS, lambda draft: draft.write_text(text, encoding="utf-8"))
    return kept


def read_metrics(folder: Path, counter: str = "update") -> list[dict[str, Any]]:
    """Return the recorded lines, which `counter` numbers; one that a kill cut off is left out."""
    path = folder / METRICS
    if not path.is_file():
        return []
    found = (_read_line(line, counter) for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in found if line is not None]


def score_metrics(prefix: str, score: Score | None, metric: Metric) -> dict[str, float]:
    """Return a score as metrics with the names `prefix/...`."""
    if score is None:
        return {}
    low, high = score.interval(metric)
    metrics = {
        f"{prefix}/success": score.share("success"),
        f"{prefix}/positive_return": score.share("positive_return"),
        f"{prefix}/low": low,
        f"{prefix}/high": high,
        f"{prefix}/episodes": score.num_episodes,
        f"{prefix}/return": score.mean_return,
        f"{prefix}/turns": score.mean_turns,
        f"{prefix}/faults": score.fault_share,
        f"{prefix}/illegal": score.illegal_share,
        f"{prefix}/cut_off": score.cut_off_share,
    }
    for name, part in score.parts.items():
        metrics |= score_metrics(f"{prefix}/{name}", part, metric)
    return metrics


def draw_curve(folder: Path, name: str, metric: Metric, bounds: Bounds) -> None:
    """Draw the run's success over its updates into curve.png, with intervals, floor and ceiling."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    lines = read_metrics(folder)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    _plot(axes, lines, "rollout", metric, label="in training", color=_GREY, linewidth=1, zorder=1)
    for prefix, color in (("sampled", _BLUE), ("greedy", _ORANGE)):
        _plot(axes, lines, prefix, metric, label=f"evaluation, {prefix}", color=color, marker="o", markersize=4)
        shown = [line for line in lines if f"{prefix}/low" in line]
        updates = [line["update"] for line in shown]
        low, high = ([100 * line[f"{prefix}/{end}"] for line in shown] for end in ("low", "high"))
        axes.fill_between(updates, low, high, color=color, alpha=0.15, linewidth=0)
    for height, words in zip(bounds, ("random play", "best play"), strict=True):
        if height is not None:
            place = (1.0, 100 * height)
            axes.axhline(100 * height, color="black", linewidth=0.8, linestyle=":")
            axes.annotate(words, place, xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    axes.set(xlabel="update", ylabel=f"{metric.replace('_', ' ')} in %", ylim=(-2, 106), title=name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    write_whole(folder / CURVE, lambda draft: figure.savefig(draft, format="png"))


def _plot(axes: Any, lines: Sequence[Mapping[str, Any]], prefix: str, metric: Metric, **style: Any) -> None:
    shown = [line for line in lines if f"{prefix}/{metric}" in line]
    axes.plot([line["update"] for line in shown], [100 * line[f"{prefix}/{metric}"] for line in shown], **style)


def _read_line(text: str, counter: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and counter in line else None


def check_wandb() -> None:
    """Raise MissingDependencyError if Weights & Biases is not installed."""
    if importlib.util.find_spec("wandb") is None:
        raise MissingDependencyError("wandb is missing: pip install wandb, or --wandb false")


def _start_wandb(folder: Path, settings: Mapping[str, Any]) -> Any:
    """Begin a run of Weights & Biases, named after its folder, with every setting.

    It is a new one each time, with the history so far: a run that goes on from an earlier checkpoint has another end,
    and two runs must not be joined because their folders have the same name. The runs of one folder share their group.
    """
    check_wandb()
    import wandb  # type: ignore[import-not-found, unused-ignore]

    group = f"{folder.name}-{_own_word(folder)}"
    run = wandb.init(project="vlm-gym", name=folder.name, group=group, dir=str(folder), config=dict(settings))
    run.define_metric("*", step_metric="update")
    return run


def _own_word(folder: Path) -> str:
    """Return a random word that stays that of the folder."""
    path = folder / WANDB_GROUP
    if not path.is_file():
        write_whole(path, lambda draft: draft.write_text(secrets.token_hex(4), encoding="utf-8"))
    return path.read_text(encoding="utf-8")
