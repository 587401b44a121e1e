"""The page of a task family: its class's docstring, section by section, with what registry and code add to each."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from site_pages import pictures, symbols
from site_pages.families import Family, is_at_hand, short
from vlm_gym.actions import ActionSet
from vlm_gym.assembly import MAKERS_ARGUMENTS, make_task
from vlm_gym.envs.base import TaskEnv, TaskSettings
from vlm_gym.envs.household.home import HomeEnv
from vlm_gym.evaluation.scores.statistics import percent
from vlm_gym.ladders import AXES, ladders
from vlm_gym.task import Task

MOST_LISTED: Final = 24  # actions of a task whose actions change every turn


def task_page(family: Family, folder: Path) -> str:
    """Draw a family's pictures into a folder named "pictures", and return its page in Markdown."""
    title, sections = _docstring(family.env_class)
    more: Mapping[str, Callable[[], str]] = {
        "Action Space": lambda: _actions(family),
        "Starting State": lambda: _options(family.env_class),
        "Information": lambda: "\nWhat every task has in `info`: [here](../environments.md#what-is-in-info).\n",
        "Arguments": lambda: f"{_arguments(family.env_class)}\n{_themes(family, folder)}",
    }
    parts = [f"# {family.title}\n\n{title}\n", _films(family, folder), f"## Ids, floors and ceilings\n\n{_ids(family)}"]
    parts += [f"{_by_type(family)}{_levels(family, folder)}"]
    for name, text in sections.items():
        parts.append(f"## {name}\n\n{text}\n{more.get(name, str)()}")
        if name == "Observation Space":
            parts.append(_prompt(family))
            parts.append(_symbols(family, folder))
    return "\n".join(filter(None, parts))


def _docstring(env_class: type) -> tuple[str, dict[str, str]]:
    """Return the first line of a class's docstring, and its sections by name."""
    first, *rest = re.split(r"^## +(.+)$", inspect.getdoc(env_class) or "", flags=re.MULTILINE)
    sections = {name: text.strip() for name, text in zip(rest[::2], rest[1::2], strict=True)}
    linked = {name: re.sub(r"(?<![\w/(])docs/(\w+\.md)", r"[\1](../\1)", text) for name, text in sections.items()}
    return first.strip(), linked


def _films(family: Family, folder: Path) -> str:
    tasks = [task for task in family.shown if is_at_hand(task) and _has_oracle(task)]
    for task in tasks:
        pictures.film(task, folder / f"{short(task)}.gif")
    shown = [f"![The oracle plays {short(task)}](pictures/{short(task)}.gif)" for task in tasks]
    names = " and ".join(f"`{short(task)}`" for task in tasks)
    return f"{' '.join(shown)}\n\nThe oracle plays {names}.\n" if tasks else ""


def _has_oracle(task: Task) -> bool:
    return task.load()._best_action is not TaskEnv._best_action


def _ids(family: Family) -> str:
    tasks = [task for task in family.tasks if not task.level]
    rows = [
        f"| `{short(task)}` | {_size(task)} | {_turns(task)} | {_floor(task)} | {percent(task.best_success)} |"
        for task in tasks
    ]
    meaning = [f"| `{short(task)}` | {task.summary} | {_settings(task.arguments)} |" for task in tasks]
    head = ["| id | actions | turns | random, % | best, % |", "|---|---|---|---|---|"]
    note = (
        'An id is made by `gym.make("vlm_gym/" + id)`. Random is the floor, the success of uniformly random actions; '
        'best is the ceiling, that of the best play: exact, "~" measured, "?" not known ([glossary](../glossary.md)).'
    )
    more = ["", "| id | the player | arguments that it sets |", "|---|---|---|", *meaning, ""]
    return "\n".join([*head, *rows, *more, note, ""])


def _size(task: Task) -> str:
    if task.is_frame:
        return "those of the environment"
    return "text" if task.num_actions is None else f"`Discrete({task.num_actions})`"


def _turns(task: Task) -> str:
    limit = task.turn_limit
    if isinstance(limit, int):
        return str(limit)
    rule = f"`{limit.argument}`" if limit.factor == 1 else f"{limit.factor} x `{limit.argument}`"
    return f"{task.turns()} ({rule})"


def _floor(task: Task) -> str:
    return ("~" if task.is_random_measured else "") + percent(task.random_success)


def _settings(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}={value!r}`" for name, value in arguments.items())


def _by_type(family: Family) -> str:
    """Return floors and the searcher's success by the type of the goal, where they are known."""
    tasks = [task for task in family.tasks if task.random_by_type and not task.same_rules]
    if not tasks:
        return ""
    kinds = tuple(tasks[0].random_by_type)
    head = f"| id | player | {' | '.join(kinds)} |"
    lines = ["By the type of the goal, in %:", "", head, "|---" * (len(kinds) + 2) + "|"]
    for task in tasks:
        for player, shares in (("random", task.random_by_type), ("searcher", task.searcher_by_type)):
            if shares:
                cells = " | ".join(percent(shares.get(kind)) for kind in kinds)
                lines.append(f"| `{short(task)}` | {player} | {cells} |")
    return "\n".join([*lines, "", ""])


def _levels(family: Family, folder: Path) -> str:
    """Return the ladders that begin in this family, or that its tasks stand on."""
    text = []
    for ladder in ladders():
        if not any(task in family.tasks for task in ladder.tasks):
            continue
        text.append(f"### Levels: {AXES.get(ladder.axis, ladder.axis)} ({short(ladder.base)})\n")
        if all(is_at_hand(task) for task in ladder.tasks):
            name = f"{ladder.axis}-{short(ladder.base)}.png"
            pictures.levels(ladder.tasks, folder / name)
            text.append(f"![The first picture of each level of {short(ladder.base)}](pictures/{name})\n")
        text += ["| level | id | the player | random, % | best, % | arguments |", "|---|---|---|---|---|---|"]
        text += [
            f"| {task.level} | `{short(task)}` | {task.summary} | {_floor(task)} | {percent(task.best_success)} | "
            f"{_settings(task.arguments)} |"
            for task in ladder.tasks
        ]
        text.append("")
    return "\n".join([*text, ""]) if text else ""


def _actions(family: Family) -> str:
    """Return the actions by number; where they change every turn, those of a start."""
    tables = []
    for task in family.shown:
        if not is_at_hand(task) or task.num_actions is None:
            continue
        env, _, info = pictures.begin(task)
        actions = env.unwrapped.actions
        if isinstance(actions, ActionSet):
            caption, names = f"\n`{short(task)}`:\n", actions.names
        else:
            caption, names = f"\n`{short(task)}`, at the start that the film shows:\n", info["admissible_actions"]
        tables.append("\n".join([caption, *_numbered(names), ""]))
    return "\n".join(tables)


def _numbered(names: tuple[str, ...]) -> list[str]:
    rows = [f"| {number} | `{name}` |" for number, name in enumerate(names[:MOST_LISTED])]
    rest = [f"| ... | and {len(names) - MOST_LISTED} more |"] if len(names) > MOST_LISTED else []
    return ["| number | action |", "|---|---|", *rows, *rest]


def _options(env_class: type[TaskEnv]) -> str:
    names = ", ".join(f"`{name}`" for name in env_class.option_names)
    return f"\nThe keys of `reset(options=...)`: {names or 'none'}.\n"


def _arguments(env_class: type[TaskEnv]) -> str:
    """Return all arguments of `gym.make` with types and defaults: the task's own first."""
    own = dict(inspect.signature(env_class).parameters)
    own.pop("settings", None)
    common = {f.name: f for f in fields(TaskSettings) if f.name != "prompt"}
    makers = inspect.signature(type(make_task).__call__).parameters
    settings = inspect.signature(TaskSettings).parameters
    rows = [_argument(parameter, "this task") for parameter in own.values()]
    rows += [_argument(settings[name], "all tasks", common[name].type) for name in common]
    rows += [_argument(makers[name], "all tasks") for name in MAKERS_ARGUMENTS]
    note = "What those of all tasks mean: [the environments](../environments.md#arguments)."
    return "\n".join(["", "| argument | default | type | of |", "|---|---|---|---|", *rows, "", note, ""])


def _argument(parameter: inspect.Parameter, owner: str, kind: Any = None) -> str:
    kind = parameter.annotation if kind is None else kind
    told = "" if kind in (inspect.Parameter.empty, Any) else inspect.formatannotation(kind)
    told = re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z])", "", told).replace("|", "or")
    is_given = isinstance(parameter.default, (str, int, float, bool, tuple, type(None)))
    default = f"`{parameter.default!r}`" if is_given else "the task's own"
    return f"| `{parameter.name}` | {default} | {told and f'`{told}`'} | {owner} |"


def _themes(family: Family, folder: Path) -> str:
    tasks = [task for task in family.shown if is_at_hand(task)]
    if not tasks or not family.env_class.themes:
        return ""
    name = f"{family.page}-themes.png"
    pictures.themes(tasks[-1], family.env_class.themes, folder / name)
    return f"\nThe values of `theme`:\n\n![{short(tasks[-1])} in every theme](pictures/{name})\n"


def _prompt(family: Family) -> str:
    """Return what a model reads at the start that the film shows."""
    tasks = [task for task in family.shown if is_at_hand(task)]
    if not tasks:
        return ""
    _, _, info = pictures.begin(tasks[0], parser="json")
    return f'## Prompt\n\nOf `{short(tasks[0])}` with `parser="json"`:\n\n````text\n{info["prompt"]}\n````\n'


def _symbols(family: Family, folder: Path) -> str:
    if not issubclass(family.env_class, HomeEnv):
        return ""
    if not is_at_hand(family.shown[0]) or family.shown[0].needs_data:
        return "## Symbols\n\nThose of [the generated homes](household.md#symbols).\n"
    return f"## Symbols\n\n{symbols.symbol_key(family.shown[0], folder)}"
