"""Tasks for TRL's GRPOTrainer, as an environment whose only tool plays an action.

    from vlm_gym.adapters.trl import VlmGymEnv, dataset

    trainer = GRPOTrainer(model, train_dataset=dataset("cards-v0"), environment_factory=VlmGymEnv, ...)

The reward of an episode is the sum of what its turns paid. The model calls functions, so the prompt asks for a call and
no JSON (`parser="tool"`). `SFTConfig(max_length=None)`: a limit cuts picture tokens. Written for trl 1.16.
"""

from typing import TYPE_CHECKING, Any

from vlm_gym.adapters import needs
from vlm_gym.chat import ChatSettings
from vlm_gym.evaluation.runs.panels import Panel, rows
from vlm_gym.messages import Message, to_hugging_face
from vlm_gym.rollout import Rollout, Step

if TYPE_CHECKING:
    from datasets import Dataset

OVER = "The episode is over. Answer with a last sentence and call nothing more."


def dataset(panel: str | Panel, first: int | None = None) -> "Dataset":
    """Return a panel's episodes as a data set whose rows `VlmGymEnv.reset` takes.

    Args:
        panel: A panel or its name.
        first: Only the first so many episodes of each task.

    Raises:
        ConfigError: if there is no such panel.
        MissingDependencyError: if the package datasets is missing.
    """
    with needs("trl"):
        from datasets import Dataset

    placeholder = [{"role": "user", "content": ""}]
    return Dataset.from_list([{"prompt": placeholder, **row} for row in rows(panel, first)])


class VlmGymEnv:
    """One rollout. TRL makes it once and resets it for each row; `act` is its only tool.

    Args:
        settings: How a task is told, by `environment_factory=lambda: VlmGymEnv(settings)`; all past turns stay.

    Raises:
        ConfigError: if the settings would leave past turns out.
    """

    def __init__(self, settings: ChatSettings | None = None) -> None:
        self._rollout = Rollout(settings, parser="tool", append_only=True)

    def reset(self, **row: Any) -> list[dict[str, Any]]:
        """Begin the episode of a row; return what the model is shown, as the content of a message."""
        return self._shown(self._rollout.start(row))

    def act(self, thoughts: str, action: str) -> list[dict[str, Any]]:
        """Play one action of the task.

        Args:
            thoughts: What speaks for the action.
            action: The action, as the prompt names it.

        Returns:
            The next picture and question, or that the episode is over.
        """
        return self._shown(self._rollout.act(action, thoughts))

    def get_reward(self) -> float:
        """Return what the episode has paid so far."""
        return self._rollout.metrics()["return"]

    def _shown(self, step: Step) -> list[dict[str, Any]]:
        """Return what a call shows, at the end too with a picture: trl 1.16 stops where no call of a round has one."""
        told = step.news[-1:] or (Message("user", OVER, self._rollout.session.picture),)
        content: list[dict[str, Any]] = to_hugging_face(told)[0]["content"]
        return content
