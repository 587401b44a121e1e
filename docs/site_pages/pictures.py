"""Pictures of the tasks for the site: an episode of the oracle as a film, the themes, the levels, the symbols."""

import asyncio
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gymnasium as gym
from PIL import Image

from site_pages.families import short
from site_pages.written import write_if_new
from vlm_gym import EpisodeSpec, Plan, UnreadablePictureWarning, evaluate, make_agent
from vlm_gym.evaluation.report.film import film_episode
from vlm_gym.render.sheet import contact_sheet
from vlm_gym.task import Example, Task

COLUMNS = 3


def film(task: Task, path: Path) -> None:
    """Write an episode that the oracle plays as a GIF."""
    options = dict((task.example or Example()).options)
    episode = EpisodeSpec(task.id, 0, options=options or None)
    with TemporaryDirectory() as folder:
        run, draft = Path(folder, "run"), Path(folder, "film.gif")
        asyncio.run(evaluate(run, Plan((episode,)), make_agent("oracle")))
        film_episode(run, f"{short(task)}:0", draft)
        write_if_new(path, draft.read_bytes())


def themes(task: Task, names: Sequence[str], path: Path) -> None:
    """Write one picture in all themes."""
    pictures = [first_picture(task, theme=name) for name in names]
    write_png(contact_sheet(pictures, names, min(COLUMNS, len(names))), path)


def levels(tasks: Sequence[Task], path: Path) -> None:
    """Write the first picture of each level."""
    pictures = [first_picture(task) for task in tasks]
    captions = [f"level {task.level}" for task in tasks]
    write_png(contact_sheet(pictures, captions, min(COLUMNS, len(tasks))), path)


def begin(task: Task, **arguments: Any) -> tuple[gym.Env[Any, Any], Any, dict[str, Any]]:
    """Return an env of a task at the start by which it is shown, with some arguments changed, its picture and info."""
    example = task.example or Example()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnreadablePictureWarning)
        env = gym.make(task.id, disable_env_checker=True, **{**example.arguments, **arguments})
    return env, *env.reset(seed=0, options=dict(example.options) or None)


def first_picture(task: Task, **arguments: Any) -> Any:
    """Return the picture that a task is shown by, with some arguments changed: (300, 300, 3) uint8."""
    return begin(task, **arguments)[1]


def write_png(picture: Image.Image, path: Path) -> None:
    """Write a picture in 256 colours."""
    buffer = io.BytesIO()
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    write_if_new(path, buffer.getvalue())
