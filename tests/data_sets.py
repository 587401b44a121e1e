"""Making data sets in tests, and reading them without any library."""

import asyncio
import hashlib
import json

from vlm_gym.collect.run import collect
from vlm_gym.collect.settings import CollectSettings
from vlm_gym.evaluation.models.agent_names import make_agent

NUMBER_LINE = "vlm_gym/NumberLine-v0"
EZPOINTS = "vlm_gym/EZPoints-v0"
BLACKJACK = "vlm_gym/Blackjack-v0"
HOUSEHOLD = "vlm_gym/Household-v0"


def make(folder, *tasks, agent="oracle", resume=False, on_progress=None, **settings):
    """Collect into a folder and return the counts; JSON lines unless another format is asked for."""
    wanted = CollectSettings(tasks, **{"format": "llava", **settings})
    player = make_agent(agent) if isinstance(agent, str) else agent

    async def run():
        try:
            return await collect(folder, wanted, player, is_resumed=resume, on_progress=on_progress)
        finally:
            await player.close()

    return asyncio.run(run())


def rows_of(folder):
    """Return the samples of a data set in JSON lines."""
    return [
        json.loads(line)
        for path in sorted((folder / "conversations").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def answers_of(folder):
    """Return the answers of step samples."""
    return [row["conversations"][-1]["value"] for row in rows_of(folder)]


def bytes_of(folder):
    """Return the digest of every file in a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
