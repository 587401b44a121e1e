"""What many homes share: caches that hold the rooms of all of them."""

import gymnasium as gym
import numpy as np

import vlm_gym  # noqa: F401  # registers the ids
from vlm_gym.render.household.floor_plan import FloorPlan

NUM_ENVS = 64


def test_the_rooms_of_64_homes_are_drawn_once_each(monkeypatch):
    drawn = []
    draw_room = FloorPlan._draw_room
    monkeypatch.setattr(FloorPlan, "_draw_room", lambda self, room: drawn.append(room) or draw_room(self, room))
    envs = gym.make_vec("vlm_gym/Household-v1", NUM_ENVS, vectorization_mode="vector_entry_point", image_size=300)
    _, infos = envs.reset(seed=5_000)
    for turn in range(3):
        moves = [np.flatnonzero(mask)[turn] for mask in infos["action_mask"]]
        *_, infos = envs.step(np.array(moves))
    assert len(drawn) == NUM_ENVS


def test_an_env_of_the_points_games_keeps_the_deal_that_it_shows_and_no_other():
    env = gym.make("vlm_gym/Points24-v0")
    env.reset(seed=0)
    pictures = env.unwrapped._pictures
    before = pictures._deal.ground
    env.step(0)
    assert pictures._deal.ground is before
    env.reset()
    assert pictures._deal.cards == env.unwrapped.state.cards
