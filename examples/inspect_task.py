"""inspect-ai: a task file of your own, with the panels and settings that you want to compare.

Install:  pip install 'vlm-gym[inspect]'
Run:      inspect eval inspect_task.py --model openai/gpt-5-mini             # both tasks of this file
          inspect eval inspect_task.py@remembers --model ollama/qwen2.5vl --limit 6

Panels as they are need no file: `inspect eval vlm_gym/panel -T panel=cards-v0`.
"""

from inspect_ai import Task, task

from vlm_gym.adapters.inspect import panel


@task
def sees_one_turn(first: int = 5) -> Task:
    """Card tasks, each turn asked by itself."""
    return panel("cards-v0", first=first)


@task
def remembers(first: int = 5) -> Task:
    """Card tasks, with the last three turns and what was wrong in them."""
    return panel("cards-v0", first=first, history=3, tell_mistakes=True, system="Play as well as you can.")
