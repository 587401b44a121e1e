"""What has been collected so far, and what may still come in."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from vlm_gym.collect.samples import Sample, digest_of


@dataclass
class TaskTally:
    """The counts of one task.

    Attributes:
        task: Its id.
        quota: How many samples are wanted; None for all.
        num_samples: Samples that are in.
        num_episodes, num_successes: Episodes that were played, and those of them that succeeded.
        num_duplicates: Samples that were in already.
        actions: How often each action (or verb) was learnt.
        notice: Why there are fewer samples than wanted, or None.
    """

    task: str
    quota: int | None = None
    num_samples: int = 0
    num_episodes: int = 0
    num_successes: int = 0
    num_duplicates: int = 0
    actions: dict[str, int] = field(default_factory=dict)
    notice: str | None = None

    @property
    def is_full(self) -> bool:
        """Whether no more samples are wanted."""
        return self.quota is not None and self.num_samples >= self.quota

    def has_room_for(self, kind: str) -> bool:
        """Whether an action of this kind has not had its even share among the kinds that came up."""
        kinds = {*self.actions, kind}
        return self.quota is None or self.actions.get(kind, 0) < -(-self.quota // len(kinds))


@dataclass
class Tally:
    """What a data set holds: counts for each task, and the digests of its samples and pictures.

    `source` and `episode` say where it goes on: the number of the task and of its next episode; `fruitless` counts the
    episodes in a row that gave nothing.
    """

    tasks: tuple[TaskTally, ...]
    num_shards: int = 0
    source: int = 0
    episode: int = 0
    fruitless: int = 0
    digests: set[str] = field(default_factory=set)
    pictures: set[str] = field(default_factory=set)

    @property
    def num_samples(self) -> int:
        """Samples that are in."""
        return sum(task.num_samples for task in self.tasks)

    def is_new(self, sample: Sample) -> bool:
        """Whether a sample is not in yet."""
        return sample.digest not in self.digests

    def add(self, sample: Sample) -> None:
        """Take a sample in."""
        task = self.tasks[self.source]
        task.num_samples += 1
        for step in sample.steps:
            if step.kind is not None:
                task.actions[step.kind] = task.actions.get(step.kind, 0) + 1
        self.digests.add(sample.digest)
        self.pictures.update(map(digest_of, sample.pngs))

    def to_json(self, samples: Sequence[Sample]) -> dict[str, Any]:
        """Return the counts, and the digests of the newest samples, as plain values."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {
            **values,
            "tasks": [asdict(task) for task in self.tasks],
            "digests": [sample.digest for sample in samples],
            "pictures": sorted({digest_of(png) for sample in samples for png in sample.pngs}),
        }


def read_tally(parts: Sequence[Mapping[str, Any]]) -> Tally:
    """Put a tally together again from what `to_json` wrote for each shard."""
    last = parts[-1]
    values = {name: last[name] for name in ("num_shards", "source", "episode", "fruitless")}
    return Tally(
        tasks=tuple(TaskTally(**task) for task in last["tasks"]),
        digests={digest for part in parts for digest in part["digests"]},
        pictures={digest for part in parts for digest in part["pictures"]},
        **values,
    )
