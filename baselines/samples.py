"""What a policy says, turn by turn: its greedy play recorded as the evaluator records any agent's, and a page of it."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from accelerate import Accelerator

from baselines.models.policy import Policy, Prompt
from baselines.rollout import Sampling, generate
from baselines.settings import TrainConfig
from vlm_gym.chat import ChatSession
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.models.gathering import Gatherer
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.runs.merge import merge
from vlm_gym.evaluation.runs.plan import Plan, Shard
from vlm_gym.evaluation.runs.run import evaluate

PLAYS: Final = "plays"
PAGE: Final = "samples.html"
CONCURRENCY: Final = 64


class PolicyAgent(Agent):
    """Plays a policy greedily, many episodes at once."""

    def __init__(self, policy: Policy, config: TrainConfig, name: str) -> None:
        self.policy = policy
        self.config = config
        self.name = name
        self._gatherer: Gatherer[Prompt] = Gatherer(self._generate)

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:  # noqa: ARG002  # greedy
        """Answer what the evaluator sends."""
        return await self._gatherer.ask(Prompt(session.messages()))

    def describe(self) -> dict[str, Any]:
        """Return the settings of the run that trained it."""
        return {"name": self.name, **asdict(self.config), "folder": "", "resume": None}

    async def close(self) -> None:
        """Forget the event loop."""
        self._gatherer.forget()

    def _generate(self, prompts: Sequence[Prompt]) -> list[Reply]:
        answers = generate(self.policy, prompts, Sampling(self.config.sampling.max_new_tokens, temperature=0.0))
        return [
            Reply(answer.text, completion_tokens=len(answer.tokens), num_requests=1, is_cut_off=answer.is_cut_off)
            for answer in answers
        ]


def record_play(
    policy: Policy, config: TrainConfig, starts: Sequence[EpisodeSpec], name: str, accelerator: Accelerator
) -> None:
    """Record how a policy plays every start, as the run FOLDER/plays/NAME, in place of one that is there already.

    All processes call this: each plays a part, and the main one puts the parts together.
    """
    arguments = dict(config.task.arguments)
    parser = arguments.pop("parser", "json")
    episodes = tuple(replace(start, arguments=arguments) for start in starts)
    folder = Path(config.folder) / PLAYS / name
    world = min(accelerator.num_processes, len(episodes))  # those beyond have nothing to play
    parts = [folder.with_name(f"{name}.part-{number}-of-{world}") for number in range(1, world + 1)]
    if accelerator.is_main_process:
        for path in (folder, *parts):
            shutil.rmtree(path, ignore_errors=True)
    accelerator.wait_for_everyone()
    rank = accelerator.process_index
    if rank < world:
        shard = Shard(rank + 1, world) if world > 1 else None
        plan = Plan(episodes, parser=parser, chat=config.chat.settings, shard=shard)
        place = parts[rank] if world > 1 else folder
        asyncio.run(evaluate(place, plan, PolicyAgent(policy, config, name), concurrency=CONCURRENCY))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process and world > 1:
        merge(parts, folder)
        for path in parts:
            shutil.rmtree(path)


def write_samples(config: TrainConfig) -> Path | None:
    """Write the page of all recorded play, FOLDER/samples.html; None where none was recorded."""
    folder = Path(config.folder)
    runs = sorted((folder / PLAYS).glob("*"), key=lambda run: run.stat().st_mtime)
    return write_report(runs, folder / PAGE).page if runs else None
