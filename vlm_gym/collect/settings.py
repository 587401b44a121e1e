"""What determines a data set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from vlm_gym.chat import ChatSettings
from vlm_gym.errors import ConfigError, check_choice, check_int

Label = Literal["played", "best", "searcher", "random"]
Thoughts = Literal["varied", "none"]
Unit = Literal["step", "conversation"]
Format = Literal["parquet", "llava", "trl"]

MAX_SAMPLES: Final = 10**9
MAX_SEED: Final = 1_000_000  # of a data set
SHARD_SIZE: Final = 2000  # samples
PATIENCE: Final = 2000  # episodes


@dataclass(frozen=True)
class CollectSettings:
    """What is collected.

    Attributes:
        tasks: Registered ids; with a panel or a run those of its tasks that are wanted, () for all.
        arguments: Arguments of `gym.make` besides `parser`, plain values.
        samples: How many samples in all, shared evenly among the tasks; None for all that a panel or a run has.
        panel: A frozen panel whose episodes are played, although nobody who trains on them can be scored on it.
        from_run: The folder of a run whose episodes are played again, answer by answer.
        label: Which answer a sample teaches: the one that was "played"; the "best" one in the situation, or that of
            the "searcher", who knows only what was seen, whoever played; or one in the right form, with what the
            picture shows, and a "random" action of the vocabulary.
        cot: Whether answers that are written here think aloud, "varied" in wording, or not: "none".
        unit: Whether a sample is one "step", whose last message is what is learnt, or a whole "conversation".
        format: How the files are written (`vlm_gym.collect.formats`).
        parser, chat: What reads the answers, and how a task is told.
        successful_only: Whether only episodes that succeed are kept.
        balance_actions: Whether every action (in the household tasks: every verb) may have only its even share.
        keep_duplicates: Whether a sample may come twice.
        patience: After how many episodes in a row that give nothing new a task is left with fewer samples.
        seed: From 0 to a million; data sets of different seeds share no episode's seed.
        shard_size: Samples of a file.
    """

    tasks: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    samples: int | None = None
    panel: str | None = None
    from_run: str | None = None
    label: Label = "played"
    cot: Thoughts = "varied"
    unit: Unit = "step"
    format: Format = "parquet"
    parser: str = "json"
    chat: ChatSettings = field(default_factory=ChatSettings)
    successful_only: bool = False
    balance_actions: bool = False
    keep_duplicates: bool = False
    patience: int = PATIENCE
    seed: int = 0
    shard_size: int = SHARD_SIZE

    def __post_init__(self) -> None:
        for name, choices in (("label", Label), ("cot", Thoughts), ("unit", Unit), ("format", Format)):
            check_choice(name, getattr(self, name), get_args(choices))
        if self.samples is not None:
            check_int("samples", self.samples, 1, MAX_SAMPLES)
        check_int("seed", self.seed, 0, MAX_SEED)
        check_int("patience", self.patience, 1, MAX_SAMPLES)
        check_int("shard_size", self.shard_size, 1, MAX_SAMPLES)
        self._check_source()
        self._check_form()

    def _check_source(self) -> None:
        has_end = self.panel is not None or self.from_run is not None
        if not self.tasks and not has_end:
            raise ConfigError("expected one task or more, a panel or a run; got none: give the ID of a task")
        if self.samples is None and not has_end:
            raise ConfigError("samples must say how many samples are wanted: tasks have no end of episodes")
        if self.samples is None and self.balance_actions:
            raise ConfigError("balance_actions needs the number of samples")
        if has_end and self.arguments:
            raise ConfigError("a panel and a run have arguments of their own: expected no others")
        if len(set(self.tasks)) < len(self.tasks):
            raise ConfigError(f"every task can be named once, got {', '.join(self.tasks)}")

    def _check_form(self) -> None:
        whole, shows_past = self.unit == "conversation", self.chat.history != 0
        if whole and self.label != "played":
            raise ConfigError("a conversation holds what was played: label must be 'played', or unit 'step'")
        if whole and self.balance_actions:
            raise ConfigError("balance_actions works with unit 'step' only: a conversation holds many actions")
        if whole and (shows_past or self.chat.token_budget is not None):
            raise ConfigError("a conversation holds all turns: expected no history and no token_budget")
        if shows_past and self.label == "random":
            raise ConfigError("the history shows what was played, which is not random: expected history=0")
        if shows_past and self.format == "parquet":
            raise ConfigError("format 'parquet' has one prompt and one picture a step: expected 'trl' or 'llava'")
