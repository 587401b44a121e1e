"""Makes a small run folder with the code of any commit since the evaluator, for `test_formats.py`.

    git clone . /tmp/old && git -C /tmp/old checkout COMMIT
    cd /tmp/old && python PATH/TO/make.py NAME          # PATH/TO/NAME.tar.xz comes out

The package is taken from the working directory. The run is the same whatever the version: faults, answers that are
asked for again or cut off, an episode that was not finished, and, where the version has that, one that could not be
played.
"""

import asyncio
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

try:
    from vlm_gym.evaluation.models.agents import Agent, Reply
    from vlm_gym.evaluation.runs.episodes import EpisodeSpec
    from vlm_gym.evaluation.runs.plan import Plan
    from vlm_gym.evaluation.runs.run import evaluate
except ImportError:  # before the evaluator fell apart into rooms
    from vlm_gym.evaluation.agents import Agent, Reply
    from vlm_gym.evaluation.episodes import EpisodeSpec
    from vlm_gym.evaluation.plan import Plan
    from vlm_gym.evaluation.run import evaluate

from vlm_gym import errors
from vlm_gym.chat import ChatSettings

SMALL = {"image_size": 84}
EPISODES = (
    *(EpisodeSpec("vlm_gym/NumberLine-v0", seed, SMALL, repeat=repeat) for repeat in (0, 1) for seed in (3, 4)),
    EpisodeSpec("vlm_gym/Blackjack-v0", 5, {**SMALL, "natural": True}),
    EpisodeSpec("vlm_gym/EZPoints-v0", 6, SMALL),
    EpisodeSpec("vlm_gym/EZPoints-v0", 7, SMALL),  # ends in a refusal, where the version knows refusals
    EpisodeSpec("vlm_gym/EZPointsFormula-v0", 8, SMALL),
    EpisodeSpec("vlm_gym/Household-v0", 9, SMALL, options={"task_type": "look"}),
    EpisodeSpec("vlm_gym/Household-v0", 10, SMALL, options={"task_type": "put"}),  # is not finished
)


class Player(Agent):
    """Plays best, but for a first answer that says nothing, and one that breaks off; it is away for one episode."""

    is_away = True

    async def answer(self, session, rng):
        turn, task = len(session.turns) + 1, session.task
        was_asked = session.messages()[-1].text.endswith("Please answer again.")
        if self.is_away and task.np_random_seed == 10 and turn == 3:
            raise errors.AgentError("the server is away")
        if task.np_random_seed == 7 and hasattr(errors, "UnplayableError") and turn == 2:
            raise errors.UnplayableError("the request is too long for the model", "context")
        usage = {"prompt_tokens": 100 + turn, "completion_tokens": 9, "cost": 0.25, "num_requests": 1, "latency_s": 0.5}
        if turn == 1 and not was_asked:
            return Reply("I see. \u2603", **usage)
        action = task.oracle_action()
        if (turn == 2 and (not was_asked or task.np_random_seed == 3)) or action is None:
            return Reply('{"thoughts": "I am still thinking', is_cut_off=True, **usage)
        return Reply(session.parser.write(action, task.actions, "so it must be"), **usage)

    def describe(self):
        return {"name": "player", "p": 1.0}


def main(name):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        chat = ChatSettings(system="Play well.", history=1, max_reasks=1, tell_mistakes=True)
        asyncio.run(evaluate(folder, Plan(EPISODES, chat=chat), Player(), concurrency=1))
        with tarfile.open(Path(__file__).with_name(f"{name}.tar.xz"), "w:xz", preset=9) as archive:
            for path in sorted(folder.rglob("*")):
                archive.add(path, path.relative_to(folder.parent), recursive=False, filter=_without_owner)


def _without_owner(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    main(*sys.argv[1:])
