"""A small program of a user, whose types mypy and pyright check from outside, against the installed package."""

from pathlib import Path

import gymnasium as gym

import vlm_gym
from vlm_gym import ChatSettings, EpisodeSpec, Limits, Panel, Plan, Rollout, Step, Task


def play(panel: Panel) -> float:
    """Return the mean reward of one answer in each of the first two episodes."""
    rewards: list[float] = []
    rollout = Rollout(ChatSettings(history=1))
    for row in vlm_gym.rows(panel, 2):
        first: Step = rollout.start(row)
        messages = vlm_gym.to_openai(rollout.messages())
        assert messages
        assert first.info["prompt"]
        rewards.append(rollout.act('{"action": "+"}').reward)
    rollout.close()
    return sum(rewards) / len(rewards)


def plan_of(name: str) -> Plan:
    """Return what is played of a panel."""
    return Plan(vlm_gym.get_panel(name).episodes, parser="json")


def main() -> None:
    """Make a task, look at its row, plan a run."""
    env = gym.make("vlm_gym/NumberLine-v0")
    task: Task = vlm_gym.find_task("NumberLine-v0")
    ceiling: float | None = task.best_success
    spec = EpisodeSpec("vlm_gym/NumberLine-v0", 3)
    limits = Limits(max_requests=10)
    print(env.action_space, ceiling, spec.key, limits, plan_of("cards-v0").parser, Path("runs"))


if __name__ == "__main__":
    main()
