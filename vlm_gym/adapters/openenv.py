"""A server of OpenEnv, whose clients play any task by any start; panels are the splits of its Task API.

    uvicorn vlm_gym.adapters.openenv:app --port 8000       64 sessions at once, no Docker
    python -m vlm_gym.adapters.openenv --port 8000         the same

    async with GenericEnvClient(base_url="http://localhost:8000") as client:
        result = await client.reset(split="cards-v0", index=0)   # or task=..., seed=..., arguments=..., options=...
        while not result.done:
            result = await client.step({"text": answer_to(result.observation["messages"])})

`reset` also takes `settings`, those of `ChatSettings` by name, and `parser`. An observation holds the messages of the
whole request as OpenAI's chat completions take them, pictures in them. Written for openenv 0.10
(the extra `openenv`).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vlm_gym.adapters import needs
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import PANELS, get_panel
from vlm_gym.messages import to_openai
from vlm_gym.program import run as run_program
from vlm_gym.rollout import Rollout, Step

with needs("openenv"):
    from openenv.core.env_server import create_fastapi_app
    from openenv.core.env_server.interfaces import Environment
    from openenv.core.env_server.types import Action, Observation, State
    from pydantic import Field

MAX_SESSIONS: Final = 64


class Answer(Action):
    """What the model said."""

    text: str = Field(description="the answer, in the form that the prompt asks for")


class Question(Observation):
    """What is to be answered, and what came of the answer before."""

    messages: list[dict[str, Any]] = Field(default_factory=list, description="the request, as chat completions take it")
    news: list[dict[str, Any]] = Field(default_factory=list, description="its messages that were not sent before")
    terminated: bool = False
    truncated: bool = False
    fault: str | None = Field(default=None, description="why the last answer could not be read")
    illegal: str | None = Field(default=None, description="which rule the last action broke")
    metrics: dict[str, float] = Field(default_factory=dict, description="how the episode went so far")


class VlmGymEnvironment(Environment[Answer, Question, State]):
    """One client's session: one episode after another, of any task."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self) -> None:
        super().__init__()
        self._rollouts: dict[str, Rollout] = {}
        self._rollout = self._take({}, None)
        self._state = State()

    def reset(
        self,
        seed: int | None = None,
        episode_id: str | None = None,
        *,
        task: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        split: str | None = None,
        index: int | None = None,
        settings: Mapping[str, Any] | None = None,
        parser: str | None = None,
        **unknown: Any,
    ) -> Question:
        """Begin an episode: one of a panel by `split` and `index`, or a task's from a seed.

        Raises:
            ConfigError: if neither or both are given, there is no such episode, or an argument is wrong or unknown.
        """
        if unknown:
            known = "seed, episode_id, task, arguments, options, split, index, settings, parser"
            raise ConfigError(f"reset does not know {', '.join(sorted(unknown))}; it takes {known}")
        if (task is None) == (split is None):
            given = f"task={task!r} and split={split!r}"
            raise ConfigError(f"reset takes a task and a seed, or a split and an index; got {given}")
        if split is None:
            spec = EpisodeSpec.from_row({"task": task, "seed": seed or 0, "arguments": arguments, "options": options})
        else:
            spec = _episode(split, index)
        self._rollout = self._take(settings or {}, parser)
        step = self._rollout.start(spec)
        self._state = State(episode_id=episode_id or spec.key, step_count=0)
        return self._observe(step, reward=None)

    def step(self, action: Answer, timeout_s: float | None = None, **_: Any) -> Question:  # noqa: ARG002
        """Play an answer."""
        step = self._rollout.answer(action.text)
        self._state.step_count += not step.is_late
        return self._observe(step, reward=step.reward)

    @property
    def state(self) -> State:
        """Which episode is played, and how many answers were given."""
        return self._state

    def list_splits(self) -> list[str]:
        """Return the names of the panels."""
        return list(PANELS)

    def num_tasks(self, split: str) -> int:
        """Return how many episodes a panel has."""
        return len(_panel(split))

    def get_task(self, split: str, index: int) -> dict[str, Any]:
        """Return an episode of a panel as a row, with what `reset` takes to play it."""
        spec = _episode(split, index)
        return {"id": spec.key, "split": split, "index": index, **spec.to_row()}

    def get_task_range(self, split: str, start: int | None = None, stop: int | None = None) -> list[dict[str, Any]]:
        """Return the episodes of a panel from `start` up to `stop`."""
        return [self.get_task(split, index) for index in range(*slice(start, stop).indices(self.num_tasks(split)))]

    def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """Return all episodes of a panel."""
        return self.get_task_range(split)

    def close(self) -> None:
        """Close the tasks of this session."""
        for rollout in self._rollouts.values():
            rollout.close()

    def _take(self, settings: Mapping[str, Any], parser: str | None) -> Rollout:
        key = repr((sorted(settings.items()), parser))
        if key not in self._rollouts:
            self._rollouts[key] = Rollout(ChatSettings.from_plain(settings), parser=parser)
        return self._rollouts[key]

    def _observe(self, step: Step, *, reward: float | None) -> Question:
        return Question(
            done=step.is_over,
            reward=reward,
            messages=[] if step.is_over else to_openai(self._rollout.messages()),
            news=to_openai(step.news),
            terminated=step.is_terminated,
            truncated=step.is_truncated,
            fault=step.info["fault"],
            illegal=step.info["illegal"],
            metrics=self._rollout.metrics(),
        )


def _panel(name: str) -> tuple[EpisodeSpec, ...]:
    return get_panel(name).episodes


def _episode(split: str, index: int | None) -> EpisodeSpec:
    episodes = _panel(split)
    if not isinstance(index, int) or not 0 <= index < len(episodes):
        raise ConfigError(f"index must be from 0 to {len(episodes) - 1} in {split}, got {index!r}")
    return episodes[index]


app = create_fastapi_app(VlmGymEnvironment, Answer, Question, max_concurrent_envs=MAX_SESSIONS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve."""
    import uvicorn  # of openenv

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning")


if __name__ == "__main__":
    sys.exit(run_program("vlm_gym.adapters.openenv", main))
