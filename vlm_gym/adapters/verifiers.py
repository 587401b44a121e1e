"""Panels as tasksets of verifiers (v1), played turn by turn by one agent.

    vf-eval vlm_gym_verifiers --env.taskset.panel cards-v0 --env.taskset.first 3 -m MODEL --no-push

A task is an episode of the panel. The reward of a trace is what the episode paid ("return"); its metrics are those of
`Rollout.metrics`. verifiers keeps the conversation itself, so past turns stay as they were sent. Written for
verifiers 0.4 (the extra `verifiers`), which finds it under the name of the package `vlm_gym_verifiers`.
"""

from collections.abc import Iterator
from typing import Any, Final

from vlm_gym.adapters import needs
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.messages import to_openai
from vlm_gym.parsers import AnswerText
from vlm_gym.rollout import Rollout

with needs("verifiers"):
    import verifiers.v1 as vf
    from pydantic import Field
    from verifiers.v1.harnesses.null import NullHarnessConfig
    from verifiers.v1.runtimes import SubprocessConfig

COLUMNS: Final = ("task", "seed", "arguments", "options")  # of a row; verifiers itself counts repeats


class EpisodeData(vf.TaskData):
    """An episode: the columns of its row."""

    task: str
    seed: int
    arguments: str
    options: str


class EpisodeTask(vf.Task[EpisodeData]):
    """An episode of a panel; its key is the episode's, as in the files of `vlm-gym eval`."""

    @property
    def key(self) -> str:
        """The same for the same episode."""
        return EpisodeSpec.from_row(self.data.model_dump()).key


class TellConfig(vf.TasksetConfig):
    """How a task is told: `settings` are those of `vlm_gym.ChatSettings` that a growing conversation can keep."""

    parser: str = "json"
    settings: dict[str, Any] = Field(default_factory=dict)

    def make_rollout(self) -> Rollout:
        """Return what plays an episode, as the options say.

        Raises:
            ConfigError: if one is wrong.
        """
        return Rollout(ChatSettings.from_plain(self.settings), parser=self.parser, append_only=True)


class PanelConfig(TellConfig):
    """Options `--env.taskset.*`: the panel, only its first so many episodes of each task, and how a task is told."""

    panel: str = "cards-v0"
    first: int | None = None


class VlmGymTaskset(vf.Taskset[EpisodeTask, PanelConfig]):
    """The episodes of a panel."""

    def load(self) -> Iterator[EpisodeTask]:
        """Yield them, in the panel's order.

        Raises:
            ConfigError: if there is no such panel, or an option is wrong.
        """
        self.config.make_rollout()  # what is wrong is told here, before anything is played
        panel = get_panel(self.config.panel)
        for spec in (panel if self.config.first is None else panel.first(self.config.first)).episodes:
            yield to_task(spec, self.config)


def to_task(spec: EpisodeSpec, config: TellConfig) -> EpisodeTask:
    """Return an episode as a task of verifiers, for a taskset of your own."""
    row = spec.to_row()
    return EpisodeTask(EpisodeData(name=spec.name, **{column: row[column] for column in COLUMNS}), config.task)


class PlayConfig(vf.EnvConfig):
    """The role that plays: no tools and no system prompt of a harness."""

    player: vf.AgentConfig = vf.AgentConfig(harness=NullHarnessConfig(id="null"), runtime=SubprocessConfig())


class VlmGymEnv(vf.Env[PlayConfig]):
    """Plays the episode of a task to its end."""

    async def run(self, task: EpisodeTask, agents: vf.Agents) -> None:
        """Send each turn's question, play the reply; the trace gets the episode's return and metrics."""
        with self.config.taskset.make_rollout() as rollout:
            step = rollout.start(task.data.model_dump())
            async with agents.player.interaction(task) as interaction:
                while not step.is_over:
                    segment = await interaction.turn(to_openai(step.news))
                    if segment.terminated:
                        break
                    is_cut_off = interaction.trace.is_truncated
                    step = rollout.answer(AnswerText(segment.last_reply, is_cut_off=is_cut_off))
                metrics = rollout.metrics()
                interaction.trace.record_reward("return", metrics["return"])
                interaction.trace.record_metrics({name: value for name, value in metrics.items() if name != "return"})
