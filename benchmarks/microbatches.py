"""What the turns of an update have in common: whether reading a prompt once pays, and whether packing would.

    python -m benchmarks.microbatches                     every task family of the paper and Household
    python -m benchmarks.microbatches Points24-v0 --random 1

64 environments play: eight turns each for GAE, or whole episodes in groups of eight. The oracle plays, and a share of
the actions is random. The turns are divided as training divides them, into minibatches of 128 and microbatches of 4.
"Prompts read" leaves out those that are read once for several answers; "padding" is the share of a microbatch's tokens
that packing would save. A prompt's tokens are estimated from its characters; a picture is 1,176 (LLaVA-1.6) or 121
(Qwen2.5-VL), and an answer, with its thoughts, 40 to 120, drawn evenly.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from typing import Final

import numpy as np

from baselines.batch import flatten, plan_epochs
from baselines.models.policy import Answer, Prompt
from baselines.models.shared_prompts import MOST_DISTINCT, distinct
from baselines.rollout import Seat, Turn, make_rollout, training_episodes
from baselines.settings import TaskConfig
from vlm_gym.messages import CHARACTERS_PER_TOKEN
from vlm_gym.program import run as run_program

TASKS: Final = ("NumberLine-v0", "EZPoints-v0", "Points24-v0", "Blackjack-v0", "Household-v0")
NUM_ENVS, NUM_TURNS, GROUP, MINIBATCH, MICROBATCH = 64, 8, 8, 128, 4
ANSWER_TOKENS: Final = (40, 121)
PICTURE_TOKENS: Final = {"llava-1.6": 1176, "qwen2.5-vl": 121}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=TASKS, metavar="TASK", help=f"(default: {' '.join(TASKS)})")
    parser.add_argument("--random", type=float, default=0.1, help="share of random actions (default: %(default)s)")
    options = parser.parse_args()
    heads = " | ".join(f"padding %, {name}" for name in PICTURE_TOKENS)
    saved = " | ".join(f"tokens read %, {name}" for name in PICTURE_TOKENS)
    print(f"| task | advantages | turns | prompts read % | {saved} | {heads} |")
    print(f"|---|---|---|---|{'---|' * 2 * len(PICTURE_TOKENS)}")
    for task in options.tasks:
        for size in (None, GROUP):
            turns = play(TaskConfig(task, {"image_size": 84}), size, options.random)
            print(row(task, size, turns), flush=True)


def play(task: TaskConfig, group: int | None, share: float) -> list[Turn]:
    """Return the turns of an update: some of every environment, or a whole episode of it in groups."""
    rng = np.random.default_rng(0)
    seats = [Seat(make_rollout(), training_episodes(task, 0, 0, place // (group or 1))) for place in range(NUM_ENVS)]
    rows = []
    for seat in seats:
        played: list[Turn] = []
        while not (played and played[-1].is_last if group else len(played) == NUM_TURNS):
            played.append(seat.play(answer(seat, rng, share))[0])
        rows.append(played)
    return list(flatten(rows))


def answer(seat: Seat, rng: np.random.Generator, share: float) -> Answer:
    session = seat.rollout.session
    best = session.task.oracle_action() if rng.random() >= share else None
    text = session.parser.write(best or session.task.actions.sample(rng), session.task.actions)
    num_tokens = int(rng.integers(*ANSWER_TOKENS))
    return Answer((1,) * num_tokens, text, ((0, len(text)),) * num_tokens)


def row(task: str, group: int | None, turns: Sequence[Turn]) -> str:
    """Return a line of the table."""
    (epoch,) = plan_epochs(turns, 1, MINIBATCH, MICROBATCH, np.random.default_rng(0))
    parts = list(itertools.chain(*epoch))
    num_read = sum(len(prompts_read(turns, part)) for part in parts) / len(turns)
    read, padded = zip(*(tokens(turns, parts, picture) for picture in PICTURE_TOKENS.values()), strict=True)
    numbers = " | ".join(f"{100 * share:.1f}" for share in (num_read, *read, *padded))
    return f"| {task} | {'group' if group else 'gae'} | {len(turns)} | {numbers} |"


def prompts_read(turns: Sequence[Turn], part: Sequence[int]) -> list[Prompt]:
    """Return the prompts that a forward of a microbatch reads."""
    prompts = [turns[number].prompt for number in part]
    own, _ = distinct(prompts)
    return own if len(own) <= MOST_DISTINCT * len(prompts) else prompts


def tokens(turns: Sequence[Turn], parts: Sequence[Sequence[int]], picture: int) -> tuple[float, float]:
    """Return the share of the tokens that are left where a prompt is read once, and the share of padding in all."""

    def length(prompt: Prompt) -> int:
        return picture + sum(len(message.text) // CHARACTERS_PER_TOKEN for message in prompt.messages)

    real = once = padded = 0
    for part in parts:
        prompts = [length(turns[number].prompt) for number in part]
        answers = [len(turns[number].answer.tokens) for number in part]
        real += sum(prompts) + sum(answers)
        once += sum(map(length, prompts_read(turns, part))) + sum(answers)
        padded += len(part) * (max(prompts) + max(answers))
    return once / real, 1 - real / padded


if __name__ == "__main__":
    sys.exit(run_program("benchmarks.microbatches", main))
