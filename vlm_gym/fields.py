"""What a player reads off a picture: the fields of an answer, each of a kind by which it can be judged."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from vlm_gym.errors import ConfigError, did_you_mean


class Kind(str, Enum):
    """What stands in a field. `vlm_gym.evaluation.scores.readings` has one judge for each."""

    NUMBER = "number"
    TOTAL = "total"  # what a hand of cards adds up to: where an ace counts 11, the total with 1 may be named beside it
    CARDS = "cards"  # playing cards, of which J, Q and K count 10: "10" says as much for the game
    RANKED_CARDS = "ranked cards"  # playing cards, each of which counts its rank
    FORMULA = "formula"  # a formula, or "(empty)"
    PLACE = "place"  # where one is in a home, and what is there, in the words of ALFWorld
    CARRIED = "carried"  # what one carries in a home
    TEXT = "text"  # words: in any case, with any punctuation, among other words


@dataclass(frozen=True)
class Field:
    """A field of an answer that says what the picture shows.

    Attributes:
        name: Its name in the answer.
        description: What a prompt says that belongs there.
        kind: How it is judged (`Kind`), or the kind's name.
        truth: What a right answer says there now; "" in a field of a prompt, which stands for every picture.
    """

    name: str
    description: str
    kind: Kind | str = ""
    truth: str = ""

    def reads(self, truth: str) -> "Field":
        """Return this field with the truth about a picture."""
        return replace(self, truth=truth)


def truths(fields: Iterable[Field]) -> dict[str, str]:
    """Return what a right answer says, by the names of its fields."""
    return {field.name: field.truth for field in fields}


def kinds(fields: Iterable[Field]) -> dict[str, str]:
    """Return the names of the fields' kinds, by the names of the fields."""
    return {field.name: Kind(field.kind).value for field in fields}


def check_fields(owner: str, fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return fields that can be judged; `owner` names in messages who has them.

    Raises:
        ConfigError: if one is no `Field`, has no kind or no truth, or two have one name.
    """
    checked = tuple(fields)
    names = [field.name if isinstance(field, Field) else "" for field in checked]
    for field in checked:
        if not isinstance(field, Field):
            raise ConfigError(f"{owner}: a reading must be a vlm_gym.fields.Field, got {field!r}")
        known = [kind.value for kind in Kind]
        if field.kind not in known:
            hint = did_you_mean(field.kind, known) if field.kind else ""
            raise ConfigError(
                f"{owner}: the field {field.name!r} needs a kind by which it is judged, one of "
                f"{', '.join(map(repr, known))}; got {field.kind!r}.{hint}"
            )
        if not isinstance(field.truth, str) or not field.truth:
            raise ConfigError(f"{owner}: the field {field.name!r} needs a truth, a text; got {field.truth!r}")
        if names.count(field.name) > 1:
            raise ConfigError(f"{owner}: two fields have the name {field.name!r}")
    return checked
