"""What a training run is: its sections are those of the files in configs/."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from baselines.config import section, setting
from baselines.models.model_config import ModelConfig
from vlm_gym.chat import ChatSettings, Shown
from vlm_gym.episodes import NOT_ARGUMENTS, EpisodeSpec
from vlm_gym.errors import ConfigError, check_int
from vlm_gym.evaluation.runs.panels import FIRST_SEED
from vlm_gym.registration import FIRST_TASK, find_task

Metric = Literal["success", "positive_return"]
RatioLevel = Literal["answer", "token"]
Advantages = Literal["gae", "group"]
GroupScale = Literal["update", "group"]
ActionTokens = Literal["value", "name"]
SftActions = Literal["random", "legal", "oracle", "searcher"]
TEACHERS: Final[tuple[SftActions, ...]] = ("oracle", "searcher")
_LARGE: Final = 10**9
MOST_NOISE: Final = 0.6  # the last answer is played half as often as a random action: 0.9 of the turns in all


@dataclass(frozen=True)
class TaskConfig:
    """What is played."""

    id: str = setting(FIRST_TASK, "registered id, with or without 'vlm_gym/'")
    arguments: Mapping[str, Any] = setting({}, "arguments of gym.make: {image_size: 84, solvable: true}")
    num_envs: int = setting(32, "environments that each process plays at once")

    def __post_init__(self) -> None:
        _check_task("task.id", self.full_id)
        check_int("task.num_envs", self.num_envs, 1, _LARGE)
        for name in NOT_ARGUMENTS:
            if name in self.arguments:
                raise ConfigError(
                    f"task.arguments must be arguments of the task; {name} is chosen by the trainer, got "
                    f"{self.arguments[name]!r}"
                )
        self.episode(seed=0)  # which checks the names

    def episode(self, seed: int, options: Mapping[str, Any] | None = None) -> EpisodeSpec:
        """Return the task's episode of a seed."""
        return EpisodeSpec(self.full_id, seed, self.arguments, options)

    @property
    def full_id(self) -> str:
        """The id as Gymnasium knows it."""
        return full_id(self.id)

    @property
    def most_turns(self) -> int:
        """How many turns an episode has at most."""
        return find_task(self.full_id).turns(self.arguments)


@dataclass(frozen=True)
class ChatConfig:
    """How the task is told: as `vlm-gym eval` tells it with options of these names.

    Nothing is asked for again, since what is not played has no reward; `task.arguments` may say on_fault: ask.
    """

    system: str | None = setting(None, "the system message", may_be_empty=True)
    question: str | None = setting(None, "text in place of the prompt; {goal} stands for info['goal'], and so on")
    show: Shown = setting("picture", "what a turn shows: the picture, what is in it as text, or both")
    history: int | Literal["all"] = setting(0, "past turns that are shown again, or all")
    history_pictures: bool = setting(True, "show past turns with their pictures")
    token_budget: int | None = setting(None, "leave out the oldest turns beyond so many tokens, as they are estimated")
    picture_size: int | None = setting(None, "side in pixels to which smaller pictures are enlarged")
    tell_mistakes: bool = setting(False, "say what was wrong with the last answer")

    def __post_init__(self) -> None:
        try:
            self.settings  # noqa: B018  # which checks them
        except ConfigError as error:
            raise ConfigError(f"chat.{error}") from error

    @property
    def settings(self) -> ChatSettings:
        """The same as the evaluator takes it."""
        return ChatSettings(**asdict(self))


@dataclass(frozen=True)
class SftConfig:
    """Supervised fine-tuning, which gives PPO a policy that answers in the right form."""

    actions: SftActions = setting(
        "random",
        "what the answers play: 'random' from all actions, 'legal' at random from the legal ones, 'oracle', or "
        "'searcher', who knows no more than the player",
    )
    is_brief: bool = setting(False, "leave the suits of cards out of the answers: nothing depends on them")
    has_plan: bool = setting(False, "say in the thoughts what is still to be done, where the task plans ahead")
    data: str | None = setting(None, "folder of `vlm-gym collect`, in place of answers made here")
    episodes: int = setting(300, "episodes that are played for the answers made here")
    noise: float = setting(
        0.0, "share of the turns in which a random legal action is played, and half as often the last answer again"
    )
    held_out: float = setting(
        0.0, "share of the problems (of the hands in the points games) that are not taught; they are scored apart, too"
    )
    later_turns: float = setting(
        1.0,
        "share of the turns after an episode's first that are taught: those that only go on with a plan need little",
    )
    rounds: int = setting(1, "parts of the steps; each but the first begins with more answers, as the next two say")
    more_episodes: int = setting(0, "further episodes that are played for each round")
    learner_episodes: int = setting(
        0,
        "episodes that the learner itself plays for each round, with the answers of `actions`: greedily, then sampled",
    )
    steps: int = setting(100, "optimizer steps; 0 leaves SFT out")
    batch: int = setting(32, "answers per step, over all processes")
    microbatch: int = setting(32, "answers per forward on one device")
    rank: int | None = setting(None, "rank of the adapters, where it is not model.rank; 0 trains all weights")
    lr: float = setting(1e-3, "learning rate: up over the warm-up, level, and down to 0 over the last third")
    warmup: int = setting(20, "steps of warm-up")
    weight_decay: float = setting(0.0, "of AdamW: in each step weights lose this share of the learning rate")
    max_grad_norm: float = setting(1.0, "gradients are clipped to this norm")
    checkpoint_every: int = setting(500, "steps between checkpoints")

    def __post_init__(self) -> None:
        for name in ("steps", "warmup", "more_episodes", "learner_episodes"):
            check_int(f"sft.{name}", getattr(self, name), 0, _LARGE)
        for name in ("episodes", "rounds", "batch", "microbatch", "checkpoint_every"):
            check_int(f"sft.{name}", getattr(self, name), 1, _LARGE)
        if not 0 <= self.noise <= MOST_NOISE:
            raise ConfigError(f"sft.noise must be from 0 to {MOST_NOISE}, got {self.noise!r}")
        if not 0 <= self.held_out < 1:
            raise ConfigError(f"sft.held_out must be 0 or a share below 1, got {self.held_out!r}")
        if not 0 <= self.later_turns <= 1:
            raise ConfigError(f"sft.later_turns must be a share from 0 to 1, got {self.later_turns!r}")
        for name, whole in (("held_out", 0.0), ("later_turns", 1.0)):
            if self.data and getattr(self, name) != whole:
                raise ConfigError(f"sft.data is a data set as it is: set sft.{name} to {whole:g}")
        if self.learner_episodes and self.actions not in TEACHERS:
            raise ConfigError(
                f"sft.learner_episodes want a teacher: sft.actions {' or '.join(TEACHERS)}, got {self.actions!r}"
            )
        if self.data and (self.more_episodes or self.learner_episodes):
            raise ConfigError("sft.data is a data set as it is: set sft.more_episodes and sft.learner_episodes to 0")
        _check_numbers("sft", self, at_least_0=("lr", "weight_decay"), above_0=("max_grad_norm",))


@dataclass(frozen=True)
class PpoConfig:
    """Proximal policy optimization. One update plays `turns` turns in every environment and learns from them."""

    updates: int = setting(20, "updates; the learning rate decays over them; 0 only measures what SFT made")
    turns: int = setting(8, "turns of each environment in an update; with advantages: group it is a whole episode")
    epochs: int = setting(4, "passes over the turns of an update")
    minibatch: int = setting(64, "turns per optimizer step, over all processes")
    microbatch: int = setting(64, "turns per forward on one device: what fits its memory")
    lr: float = setting(1e-3, "learning rate of the model")
    value_lr: float = setting(1e-3, "learning rate of the value head, which advantages: group has none of")
    schedule: Literal["linear", "cosine", "constant"] = setting("linear", "decay of both, stepped once per update")
    final_lr_share: float = setting(0.0, "what is left of the learning rates at the end")
    betas: tuple[float, ...] = setting((0.9, 0.95), "of Adam: the decays of its two moments")
    epsilon: float = setting(1e-8, "of Adam; small against a gradient's elements, or it damps every step")
    clip: float = setting(0.2, "the ratio may gain up to 1 plus or minus this")
    value_clip: float | None = setting(None, "how far a value may gain from its old one")
    value_weight: float = setting(0.5, "weight of the value loss")
    entropy_weight: float = setting(0.0, "weight of the entropy bonus")
    reference_weight: float = setting(0.0, "weight of the KL to the model that PPO started from")
    final_reference_share: float = setting(1.0, "what is left of that weight at the end; it goes straight down")
    target_kl: float | None = setting(None, "an update ends early when its KL from the old policy passes this")
    ratio: RatioLevel = setting("answer", "a ratio for each 'answer' (the paper) or each 'token'")
    sampler_correction: float | None = setting(
        None, "weigh turns by training's over the sampler's probability, at most this (2 is usual); null: not at all"
    )
    action_tokens: ActionTokens = setting(
        "value",
        "tokens of weight 1: those of the action's 'value', or the paper's, from its 'name' to the answer's end",
    )
    thought_weight: float = setting(0.5, "weight of the thought tokens' log-probs: the paper's lambda")
    gamma: float = setting(0.9, "discount per turn")
    advantages: Advantages = setting(
        "gae",
        "'gae' from values, turn by turn; 'group': whole episodes against those of the same start (RLOO), no values",
    )
    group_size: int | None = setting(None, "with advantages: group, environments that play the same start")
    group_scale: GroupScale = setting(
        "update", "a group's advantages are divided by the deviation of the 'update', or of the 'group' alone (GRPO)"
    )
    gae_lambda: float = setting(0.95, "lambda of advantages: gae")
    shaping: float = setting(0.0, "weight of the oracle's potential in the rewards of training, not of evaluation")
    max_grad_norm: float = setting(1.0, "gradients are clipped to this norm")

    def __post_init__(self) -> None:
        check_int("ppo.updates", self.updates, 0, _LARGE)
        for name in ("turns", "epochs", "minibatch", "microbatch"):
            check_int(f"ppo.{name}", getattr(self, name), 1, _LARGE)
        for name in ("gamma", "gae_lambda", "thought_weight", "final_lr_share", "final_reference_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"ppo.{name} must be from 0 to 1, got {getattr(self, name)!r}")
        self._check_groups()
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"ppo.betas must be two numbers from 0 up to 1, such as [0.9, 0.95], got {self.betas!r}")
        weights = ("value_weight", "entropy_weight", "reference_weight", "shaping")
        limits = ("clip", "value_clip", "max_grad_norm", "epsilon", "sampler_correction")
        _check_numbers("ppo", self, at_least_0=("lr", "value_lr", "target_kl", *weights), above_0=limits)

    def _check_groups(self) -> None:
        if self.advantages == "gae":
            if self.group_size is not None or self.group_scale != "update":
                raise ConfigError("ppo.group_size and ppo.group_scale say something with ppo.advantages group only")
            return
        if self.group_size is None:
            raise ConfigError("ppo.advantages group needs a ppo.group_size, such as 8")
        check_int("ppo.group_size", self.group_size, 2, _LARGE)
        if self.value_clip is not None:
            raise ConfigError("ppo.advantages group has no values to clip: set ppo.value_clip to null")


@dataclass(frozen=True)
class SamplingConfig:
    """How answers are drawn in training and in sampled evaluation."""

    max_new_tokens: int = setting(64, "an answer is cut off after so many tokens")
    temperature: float = setting(1.0, "divides the logits, in the sampler and in the training forward")

    def __post_init__(self) -> None:
        check_int("sampling.max_new_tokens", self.max_new_tokens, 1, _LARGE)
        _check_numbers("sampling", self, above_0=("temperature",))


@dataclass(frozen=True)
class EvaluationConfig:
    """Measuring on episodes that training never sees."""

    task: tuple[str, ...] | None = setting(
        None,
        "id that is played, or several, where it is not task.id: ALFWorld-v0 would play games that training plays too; "
        "the first one decides which checkpoint is the best",
    )
    panel: tuple[str, ...] | None = setting(
        None, "a panel of `vlm-gym eval`, or several: their episodes of these tasks"
    )
    episodes: int = setting(
        200, "without a panel: episodes of each task with seeds from first_seed on; the cards panel's come first"
    )
    first_seed: int = setting(FIRST_SEED, "seed of the first one; training has seeds from 2**32 on")
    every: int = setting(5, "updates between evaluations; there is one at the start and one at the end, too")
    samples: int = setting(100, "episodes of the first and the last one that are recorded for samples.html")
    metric: Metric = setting("success", "'success' is the task's own; 'positive_return' is the paper's")

    def __post_init__(self) -> None:
        for name in ("episodes", "every"):
            check_int(f"evaluation.{name}", getattr(self, name), 1, _LARGE)
        check_int("evaluation.samples", self.samples, 0, _LARGE)
        for name in ("task", "panel"):
            named = getattr(self, name)
            if named is not None and (not named or len({*map(full_id, named)}) < len(named)):
                raise ConfigError(f"evaluation.{name} must be null, or some names, each once; got {list(named)!r}")
        for task in self.task or ():
            _check_task("evaluation.task", full_id(task))


@dataclass(frozen=True)
class CheckpointConfig:
    """Losing nothing."""

    every: int = setting(5, "updates between checkpoints")
    keep: int = setting(2, "how many of the last ones are kept, beside the best")

    def __post_init__(self) -> None:
        check_int("checkpoint.every", self.every, 1, _LARGE)
        check_int("checkpoint.keep", self.keep, 1, _LARGE)


@dataclass(frozen=True)
class TrainConfig:
    """A run of SFT and PPO."""

    folder: str = setting("out/run", "where everything is written")
    seed: int = setting(0, "seed of the weights, the episodes and the answers")
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "'auto' is a GPU where there is one")
    threads: int | None = setting(None, "threads of each process on the CPU; several processes want 1")
    processes: int | None = setting(None, "how many processes the launcher must have started; else the run is refused")
    wandb: bool = setting(False, "record in Weights & Biases too")
    resume: str | None = setting(None, "folder of a run, or one of its checkpoints, to go on from")
    task: TaskConfig = section(TaskConfig)
    chat: ChatConfig = section(ChatConfig)
    model: ModelConfig = section(ModelConfig)
    sampling: SamplingConfig = section(SamplingConfig)
    sft: SftConfig = section(SftConfig)
    ppo: PpoConfig = section(PpoConfig)
    evaluation: EvaluationConfig = section(EvaluationConfig)
    checkpoint: CheckpointConfig = section(CheckpointConfig)

    @property
    def num_prompts(self) -> int:
        """How many prompts an update looks at, or pictures in them, at most.

        GAE looks at what follows the last turn, too, and an update that begins within episodes at the turns before.
        """
        most, chat = self.task.most_turns, self.chat
        if self.ppo.advantages == "group":
            return self.task.num_envs * most
        before = most if chat.history == "all" else min(chat.history, most)
        return self.task.num_envs * (self.ppo.turns + 1 + before * chat.history_pictures)

    @property
    def evaluated_tasks(self) -> tuple[TaskConfig, ...]:
        """What an evaluation plays."""
        return tuple(replace(self.task, id=task) for task in self.evaluation.task or (self.task.id,))

    def __post_init__(self) -> None:
        check_int("seed", self.seed, 0, 2**32 - 1)
        if self.threads is not None:
            check_int("threads", self.threads, 1, 1024)
        if self.ppo.group_size and self.task.num_envs % self.ppo.group_size:
            raise ConfigError(
                f"task.num_envs must be a multiple of ppo.group_size {self.ppo.group_size}, got {self.task.num_envs}"
            )
        if self.model.adapter and self.sft.steps:
            raise ConfigError("model.adapter is a start of its own: set sft.steps to 0")
        if self.model.quantization and self.sft.steps and self.sft.rank == 0:
            raise ConfigError("quantised weights cannot train, and sft.rank is 0: set it above 0 or to null")


def full_id(task: str) -> str:
    """Return the id of a task as Gymnasium knows it."""
    return task if "/" in task else f"vlm_gym/{task}"


def _check_task(name: str, task: str) -> None:
    """Raise ConfigError, which names the setting, unless it names a task."""
    try:
        find_task(task)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error


def _check_numbers(
    section: str, config: object, *, at_least_0: Sequence[str] = (), above_0: Sequence[str] = ()
) -> None:
    """Raise ConfigError unless the named settings are finite numbers in their range; None is in every range."""
    for name in (*at_least_0, *above_0):
        value = getattr(config, name)
        if value is not None and not (math.isfinite(value) and (value > 0 or (value == 0 and name in at_least_0))):
            limit = "above 0" if name in above_0 else "0 or above"
            raise ConfigError(f"{section}.{name} must be {limit}, got {value!r}")
