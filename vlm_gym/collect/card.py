"""The data card: README.md, with the front matter that Hugging Face reads."""

import shlex
from collections.abc import Mapping
from typing import Any, Final

from vlm_gym.collect.formats.writer import Writer
from vlm_gym.collect.settings import CollectSettings
from vlm_gym.collect.sources import FIRST_TRAINING_SEED, is_held_out
from vlm_gym.registration import find_task

SIZES: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LARGER: Final = "1M<n<10M"
WRITTEN_HERE: Final = ("oracle", "random", "searcher")
FEW_PICTURES: Final = 0.5  # distinct pictures a sample, below which the card warns


def write_card(
    settings: CollectSettings, described: Mapping[str, Any], counts: Mapping[str, Any], writer: Writer
) -> str:
    """Return the data card. `described` and `counts` are those of data.json."""
    parts = (
        _front_matter(described, counts, writer),
        "# Episodes of vlm_gym as supervised data\n",
        _summary(settings, described, counts),
        _table(counts),
        *_notices(settings, described, counts),
        f"## Files\n\n{writer.usage()}",
        _origin(settings, described),
    )
    return "\n".join(parts)


def _front_matter(described: Mapping[str, Any], counts: Mapping[str, Any], writer: Writer) -> str:
    size = next((name for limit, name in SIZES if counts["num_samples"] < limit), LARGER)
    is_ours = _is_written_here(described)
    lines = [
        "---",
        f"license: {'mit' if is_ours else 'other'}",
        *([] if is_ours else ["license_name: see-below"]),
        "language: [en]",
        "pretty_name: vlm_gym episodes",
        "task_categories: [image-text-to-text]",
        "tags: [vlm_gym, reinforcement-learning, visual-reasoning, synthetic]",
        f"size_categories: ['{size}']",
        "configs:",
        "- config_name: default",
        f"  data_files: {writer.data_files}",
        "---\n",
    ]
    return "\n".join(lines)


def _summary(settings: CollectSettings, described: Mapping[str, Any], counts: Mapping[str, Any]) -> str:
    unit = "single turns" if settings.unit == "step" else "whole episodes"
    return (
        f"{counts['num_samples']:,} samples, {unit}, with {counts['num_pictures']:,} distinct pictures. "
        f"Played by `{described['agent']['name']}`. {_LABELS[settings.label]} "
        f"{_COT[settings.cot] if _has_thoughts_from_here(settings, described) else _AS_THEY_CAME}\n"
    )


def _table(counts: Mapping[str, Any]) -> str:
    lines = [
        "| task | samples | episodes | succeeded | duplicates left out | actions |",
        "|---|---|---|---|---|---|",
    ]
    for task in counts["tasks"]:
        actions = ", ".join(f"`{name}` {number:,}" for name, number in sorted(task["actions"].items()))
        numbers = (task["num_samples"], task["num_episodes"], task["num_successes"], task["num_duplicates"])
        cells = " | ".join(f"{number:,}" for number in numbers)
        lines.append(f"| {task['task'].removeprefix('vlm_gym/')} | {cells} | {actions} |")
    return "\n".join(lines) + "\n"


def _notices(settings: CollectSettings, described: Mapping[str, Any], counts: Mapping[str, Any]) -> list[str]:
    told = [f"**{task['task']}**: {task['notice']}.\n" for task in counts["tasks"] if task["notice"]]
    if _has_thoughts_from_here(settings, described) and not _is_taught_by_the_searcher(settings, described):
        notes = dict.fromkeys(find_task(task["task"]).load().oracle_note for task in counts["tasks"])
        told += [f"{note}\n" for note in notes if note]
    if counts["num_pictures"] < FEW_PICTURES * counts["num_samples"]:
        told.append(
            "Few pictures stand behind many samples, which differ in their wording. Scores on starts that look like "
            "these show what was learnt by heart, not what generalises.\n"
        )
    return told


def _origin(settings: CollectSettings, described: Mapping[str, Any]) -> str:
    command = shlex.join(described["command"])
    versions = ", ".join(f"{name} {version}" for name, version in described["versions"].items())
    return f"""\
## How it was made

```sh
{command}
```

vlm_gym {described["vlm_gym"]}; {versions}. The same command with the same versions gives the same bytes; `data.json`
holds all settings. {_seeds(settings)}

{_LICENCE if _is_written_here(described) else _LICENCE_OTHER}
"""


def _seeds(settings: CollectSettings) -> str:
    if settings.panel is not None:
        return (
            f"**The episodes are those of the frozen panel {settings.panel}: a model that was trained on them must not "
            "be scored on it.**"
        )
    if settings.from_run is not None:
        return "The episodes are those of a run of `vlm-gym eval`, none of which is in a frozen panel."
    held_out = [task for task in settings.tasks if is_held_out(task, settings.arguments)]
    told = f" **{', '.join(held_out)} is held out for evaluation.**" if held_out else ""
    return f"Seeds begin at {FIRST_TRAINING_SEED:,}: no episode is in a frozen evaluation panel.{told}"


def _has_thoughts_from_here(settings: CollectSettings, described: Mapping[str, Any]) -> bool:
    return settings.label != "played" or (settings.from_run is None and _is_written_here(described))


def _is_taught_by_the_searcher(settings: CollectSettings, described: Mapping[str, Any]) -> bool:
    """Whether who chose the actions knew no more than the player."""
    return settings.label == "searcher" or (settings.label == "played" and described["agent"]["name"] == "searcher")


def _is_written_here(described: Mapping[str, Any]) -> bool:
    return str(described["agent"]["name"]).partition(":")[0] in WRITTEN_HERE


_LABELS: Final = {
    "played": "The answers are those that were played.",
    "best": "The answers hold a best action in each situation, whoever played.",
    "searcher": "The answers hold what a good player would do that knows only what was seen, whoever played.",
    "random": "The answers have the right form and say what the picture shows; their actions are uniformly random.",
}
_COT: Final = {
    "varied": "Their thoughts are generated from the state, true to what the player sees, and varied in wording.",
    "none": "They hold no thoughts.",
}
_AS_THEY_CAME: Final = "The texts are as they came."
_LICENCE: Final = """\
MIT, as vlm_gym. Pictures of the ALFWorld tasks are drawn by vlm_gym; their games are ALFWorld's (MIT)."""
_LICENCE_OTHER: Final = """\
Pictures and prompts: MIT, as vlm_gym. The answers were written by the agent named above, whose terms apply to them."""
