"""Notes of a household game: what a player knows from all that it has seen so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vlm_gym.games.household.view import HouseholdView, SeenObject


@dataclass(frozen=True)
class Notes:
    """All that can matter of the views so far, and nothing that was not seen.

    Attributes:
        contents: By the name of a receptacle what was in or on it when it was last seen open.
        doors: By the name of a receptacle with a door whether it stood open when it was last seen from near.
        refused: The commands that were not possible since the last one that was, each once.
    """

    contents: Mapping[str, tuple[SeenObject, ...]] = field(default_factory=dict)
    doors: Mapping[str, bool] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    def look(self, view: HouseholdView) -> "Notes":
        """Return the notes after a command that was possible, with what can be seen then."""
        facing = view.facing
        seen = {receptacle.name: receptacle.contents for receptacle in facing if receptacle.contents is not None}
        doors = {receptacle.name: receptacle.is_open for receptacle in facing if receptacle.is_open is not None}
        return Notes({**self.contents, **seen}, {**self.doors, **doors})

    def refuse(self, command: str) -> "Notes":
        """Return the notes after a command that was not possible."""
        return replace(self, refused=tuple(dict.fromkeys((*self.refused, command))))
