"""The paper's baseline without language: a small CNN that learns by PPO from stable-baselines3, off the shelf.

    python -m baselines.cnn_ppo                                          the first task, in a few minutes on a CPU
    python -m baselines.cnn_ppo --env ID --steps 200000
    python -m baselines.cnn_ppo --env ID --masked true                   illegal actions are never chosen (sb3-contrib)
    vlm-gym report out/cnn/panel                                         what it did on the panel, turn by turn

It sees the picture alone, shrunk to `picture_size`, and chooses an action of `Discrete`. At the end it plays the frozen
panel as every other agent does, in text: FOLDER/panel is a run of `vlm-gym eval`.
Method: Zhai et al. 2024 (arXiv 2405.10292), "CNN + RL", with the CNN of Mnih et al. 2015.
"""

import asyncio
import json
import logging
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import gymnasium as gym
import numpy as np

from baselines.config import FILE_NAME, read_config, setting, write_config
from vlm_gym.chat import ChatSession
from vlm_gym.cli.score_table import score_table
from vlm_gym.errors import ConfigError, MissingDependencyError, check_int
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.evaluation.runs.plan import Plan, panel_of
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.run_folder import read_episodes
from vlm_gym.evaluation.scores.statistics import percent, wilson_interval
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.files import write_whole
from vlm_gym.installation import install_hint
from vlm_gym.program import run as run_program
from vlm_gym.registration import FIRST_TASK, find_task
from vlm_gym.render.canvas import Picture

METRICS: Final = "metrics.jsonl"
PANEL: Final = "panel"
MODEL: Final = "model.zip"
NUM_RECENT: Final = 200  # episodes that the progress speaks of
MIN_PICTURE_SIZE: Final = 36  # the smallest that the CNN takes
_LARGE: Final = 10**9
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CnnConfig:
    """What is played and how it is learnt."""

    env: str = setting(FIRST_TASK, "registered id of a task with Discrete actions, with or without 'vlm_gym/'")
    folder: str = setting("out/cnn", "where everything is written; it must hold no run yet")
    masked: bool = setting(False, "choose among legal actions only (MaskablePPO of sb3-contrib)")
    steps: int = setting(100_000, "turns of training, over all environments")
    seed: int = setting(0, "seed of the weights, the episodes and the actions")
    picture_size: int = setting(84, "side in pixels to which pictures are shrunk for the CNN")
    num_envs: int = setting(16, "environments that are played at once")
    turns: int = setting(64, "turns of each environment in an update")
    epochs: int = setting(4, "passes over the turns of an update")
    minibatch: int = setting(256, "turns per optimizer step")
    lr: float = setting(1e-3, "learning rate; decays linearly to 0")
    gamma: float = setting(0.9, "discount per turn")
    gae_lambda: float = setting(0.95, "lambda of the advantages")
    entropy_weight: float = setting(0.01, "weight of the entropy bonus")
    threads: int = setting(1, "threads of PyTorch")
    panel: str = setting("cards-v0", "the panel of `vlm-gym eval` whose episodes of this task are played at the end")
    first: int | None = setting(None, "only the first so many of them")
    sampled: bool = setting(False, "draw the actions of the evaluation; otherwise the likeliest is played")

    def __post_init__(self) -> None:
        if find_task(self.task).is_text_only:
            raise ConfigError(f"{self.env} is played in text only: choose a task with Discrete actions")
        for name in ("steps", "num_envs", "turns", "epochs", "minibatch", "threads"):
            check_int(name, getattr(self, name), 1, _LARGE)
        check_int("picture_size", self.picture_size, MIN_PICTURE_SIZE, 1024)

    @property
    def task(self) -> str:
        """The id as Gymnasium knows it."""
        return self.env if "/" in self.env else f"vlm_gym/{self.env}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and evaluate from the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    _log.setLevel(logging.INFO)
    run(read_config(CnnConfig, sys.argv[1:] if arguments is None else arguments, usage=__doc__ or ""))


def run(config: CnnConfig) -> None:
    """Train, save the model, play the panel and print the score."""
    plan, folder = plan_of(config), Path(config.folder)
    if (folder / PANEL).exists():
        raise ConfigError(f"{folder} holds a run already: choose another --folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE_NAME, lambda draft: draft.write_text(write_config(config), encoding="utf-8"))
    model = train(config)
    write_whole(folder / MODEL, model.save, ".zip")  # stable-baselines3 adds that ending if it is not there
    panel = folder / PANEL
    asyncio.run(evaluate(panel, plan, CnnAgent(model.policy, config)))
    _log.info("%s\n%s", score_table(summarise(panel)), paper_metric(panel))
    _log.info("turn by turn: vlm-gym report %s", panel)


def train(config: CnnConfig) -> Any:
    """Train a model of stable-baselines3.

    Raises:
        MissingDependencyError: if it is not installed.
    """
    try:
        import torch
        from sb3_contrib import MaskablePPO
        from stable_baselines3 import PPO
        from stable_baselines3.common.logger import Logger
        from stable_baselines3.common.vec_env import DummyVecEnv
    except ImportError as error:
        raise MissingDependencyError(f"stable-baselines3 is missing: {install_hint('cnn')}") from error
    torch.set_num_threads(config.threads)
    model = (MaskablePPO if config.masked else PPO)(
        "CnnPolicy",
        DummyVecEnv([lambda: make_env(config)] * config.num_envs),
        learning_rate=lambda left: config.lr * left,
        n_steps=config.turns,
        batch_size=config.minibatch,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        ent_coef=config.entropy_weight,
        seed=config.seed,
        device="auto",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))  # its own would write into /tmp
    model.learn(config.steps, callback=_progress(config))
    return model


def make_env(config: CnnConfig) -> gym.Env[Any, Any]:
    """Make the task as it is, with pictures as the CNN sees them."""
    return Shrunk(gym.make(config.task, disable_env_checker=True), config.picture_size)


class Shrunk(gym.ObservationWrapper[Picture, Any, Picture]):
    """Shrinks the pictures of a task to `size` pixels a side."""

    def __init__(self, env: gym.Env[Picture, Any], size: int) -> None:
        super().__init__(env)
        self.size = size
        self.observation_space = gym.spaces.Box(0, 255, (size, size, 3), np.uint8)

    def observation(self, observation: Picture) -> Picture:
        """Return the picture, (size, size, 3) uint8."""
        return shrink(observation, self.size)

    def action_masks(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which actions are legal now: the name that sb3-contrib calls."""
        masks: np.ndarray[Any, np.dtype[np.bool_]] = self.env.get_wrapper_attr("action_masks")()
        return masks


def shrink(picture: Picture, size: int) -> Picture:
    """Return a picture at `size` pixels a side; its thin strokes get paler, not lost."""
    if picture.shape[0] == size:
        return picture
    from vlm_gym.render.opencv import cv2

    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


class CnnAgent(Agent):
    """Plays a trained policy as an agent: the picture in, the action's name as a text out."""

    def __init__(self, policy: Any, config: CnnConfig) -> None:
        self.policy = policy
        self.config = config

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer with the likeliest action, or with one that is drawn."""
        chances = self.chances(session)
        number = rng.choice(len(chances), p=chances) if self.config.sampled else int(chances.argmax())
        return Reply(session.parser.write(session.task.name_of(int(number)), session.task.actions))

    def chances(self, session: ChatSession) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the probability of each action, (n,)."""
        import torch

        picture, _ = self.policy.obs_to_tensor(shrink(session.picture, self.config.picture_size)[None])
        masks = {"action_masks": session.task.action_masks()[None]} if self.config.masked else {}
        with torch.no_grad():
            found = self.policy.get_distribution(picture, **masks).distribution.probs[0].double().cpu().numpy()
        chances: np.ndarray[Any, np.dtype[np.float64]] = found / found.sum()
        return chances

    def describe(self) -> dict[str, Any]:
        """Return what the policy was trained with."""
        return {"name": "cnn-masked" if self.config.masked else "cnn", **asdict(replace(self.config, folder=""))}


def plan_of(config: CnnConfig) -> Plan:
    """Return what is played at the end.

    Raises:
        ConfigError: if the panel has no episode of the task.
    """
    panel = get_panel(config.panel)
    panel = panel if config.first is None else panel.first(config.first)
    episodes = tuple(episode for episode in panel.episodes if episode.task == config.task)
    if not episodes:
        raise ConfigError(f"the panel {config.panel!r} has no episode of {config.task}: choose another one")
    return Plan(episodes, panel_of(panel, [config.task]))


def paper_metric(panel: Path) -> str:
    """Say in how many episodes of the panel the return was positive, which is what the paper counts as a success."""
    episodes = read_episodes(panel)
    count = sum(episode.total_reward > 0 for episode in episodes)
    low, high = wilson_interval(count, len(episodes))
    share = 100 * count / len(episodes)
    return f"positive return (the paper's success): {share:.1f} % ({100 * low:.0f}-{100 * high:.0f})"


def _progress(config: CnnConfig) -> Any:
    """Return a callback that tells how the recent episodes went, after each update."""
    from stable_baselines3.common.callbacks import BaseCallback

    class Progress(BaseCallback):  # type: ignore[misc, unused-ignore]
        """Counts finished episodes; writes metrics.jsonl and a line now and then."""

        def __init__(self) -> None:
            super().__init__()
            self.successes: deque[bool] = deque(maxlen=NUM_RECENT)
            self.started, self.told = time.monotonic(), 0.0

        def _on_step(self) -> bool:
            self.successes.extend(
                bool(info["is_success"])
                for info, is_done in zip(self.locals["infos"], self.locals["dones"], strict=True)
                if is_done
            )
            return True

        def _on_rollout_end(self) -> None:
            seconds = time.monotonic() - self.started
            metrics = {
                "steps": self.num_timesteps,
                "success": sum(self.successes) / max(1, len(self.successes)),
                "episodes": len(self.successes),
                "seconds": seconds,
                "cpu_seconds": time.process_time(),
            }
            with (Path(config.folder) / METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(metrics) + "\n")
            if seconds - self.told > 10 or self.num_timesteps >= config.steps:
                self.told = seconds
                _log.info("%s", _line(config, metrics))

    return Progress()


def _line(config: CnnConfig, metrics: Mapping[str, float]) -> str:
    task, steps = find_task(config.task), metrics["steps"]
    floor = "unknown" if task.random_success is None else percent(task.random_success)
    left = metrics["seconds"] / steps * max(0, config.steps - steps)
    return (
        f"{steps:.0f}/{config.steps} turns  {steps / metrics['seconds']:.0f} turns/s  success of the last "
        f"{metrics['episodes']:.0f} episodes {100 * metrics['success']:.1f} %, floor {floor}, ceiling "
        f"{percent(task.best_success)}  {left:.0f} s left"
    )


if __name__ == "__main__":
    sys.exit(run_program("baselines.cnn_ppo", main))
