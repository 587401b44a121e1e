"""Agents that the workers of a Ray cluster can import."""

import os
from pathlib import Path

from vlm_gym.errors import AgentError, AgentRefusedError
from vlm_gym.evaluation.models.agents import Agent, RandomAgent, Reply, random_answer


class CountingAgent(Agent):
    """Plays like RandomAgent, and every answer takes one request."""

    async def answer(self, session, rng):
        return Reply(random_answer(session, rng), num_requests=1)

    def describe(self):
        return {"name": "random"}


class FailingAgent(RandomAgent):
    """Cannot answer at the third turn."""

    async def answer(self, session, rng):
        if len(session.turns) == 2:
            raise AgentError("the server is down")
        return await super().answer(session, rng)


class RefusingAgent(RandomAgent):
    """Will never answer."""

    async def answer(self, session, rng):
        raise AgentRefusedError("the key is wrong")


class DefectiveAgent(RandomAgent):
    """Has a defect."""

    async def answer(self, session, rng):
        return Reply(1 / 0)


class DyingAgent(RandomAgent):
    """Takes its process with it, once: `path` remembers that."""

    def __init__(self, path):
        self.path = Path(path)

    async def answer(self, session, rng):
        if len(session.turns) == 2 and not self.path.exists():
            self.path.touch()
            os._exit(1)
        return await super().answer(session, rng)


def impossible():
    """Make no agent."""
    raise AgentError("there is no such model")
