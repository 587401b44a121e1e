"""How a person is told a task: as a game, or exactly as a model is."""

from dataclasses import dataclass, field
from typing import Any, Final

from vlm_gym.chat import ChatSettings

AS_A_GAME: Final = "as a game"


@dataclass(frozen=True)
class Telling:
    """How a person is told a task.

    Attributes:
        is_as_model: Whether the person gets what a model gets, and nothing else: the messages of a request with their
            pictures, and buttons for all actions that its text names, illegal ones too. Else the page shows legal
            actions, rewards, the turns so far, and after an episode how it went.
        chat: The settings of the conversation.
        parser: What reads the answers; None for what an episode's arguments name, or else "json".
    """

    is_as_model: bool = False
    chat: ChatSettings = field(default_factory=ChatSettings)
    parser: str | None = None

    @property
    def description(self) -> dict[str, Any]:
        """What run.json says of the player."""
        return {"name": "human", "interface": "web", "told": "as a model" if self.is_as_model else AS_A_GAME}
