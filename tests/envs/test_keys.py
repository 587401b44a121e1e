"""Play with the keyboard: `gymnasium.utils.play` finds the keys of a task."""

import gymnasium as gym
import pytest
from at_hand import PLAYABLE_IDS

from vlm_gym import ConfigError
from vlm_gym.registration import TASKS

FEW_ACTIONS = 20  # household tasks have 128, which change every turn
KEY_IDS = tuple(name for name in PLAYABLE_IDS if (TASKS[name].num_actions or FEW_ACTIONS + 1) <= FEW_ACTIONS)
OTHER_IDS = tuple(name for name in PLAYABLE_IDS if name not in KEY_IDS)


def make(task, **arguments):
    return gym.make(task, disable_env_checker=True, image_size=84, render_mode="rgb_array", **arguments)


@pytest.mark.parametrize("task", KEY_IDS)
def test_every_action_has_a_key_of_one_character(task):
    env = make(task)
    keys = env.get_wrapper_attr("get_keys_to_action")()
    assert set(keys.values()) == set(range(env.action_space.n))
    assert all(len(key) == 1 for key in keys)
    names = env.unwrapped.actions.names
    for name in names:
        assert len(name) > 1 or keys[name] == names.index(name)  # a sign's own key plays it


@pytest.mark.parametrize("task", KEY_IDS)
def test_every_sign_has_a_key_that_needs_no_shift(task):
    """`play` takes keys as they are pressed: with shift held, `*` arrives as `8` on many keyboards."""
    keys = make(task).get_wrapper_attr("get_keys_to_action")()
    plain = [action for key, action in keys.items() if key in "abcdefghijklmnopqrstuvwxyz0123456789-=/"]
    assert set(plain) == set(keys.values())


@pytest.mark.parametrize("task", OTHER_IDS)
def test_a_task_without_keys_says_what_to_do(task):
    env = make(task, parser="json")
    with pytest.raises(ConfigError, match=r"cannot be played with single keys, .*vlm-gym play"):
        env.get_wrapper_attr("get_keys_to_action")()


class Typist(gym.Wrapper):
    """Presses the next key each time a picture is shown, and closes the window at the end of the text."""

    def __init__(self, env, text):
        super().__init__(env)
        self.keys = iter(text)
        self.pressed = None
        self.played = []

    def render(self):
        import pygame

        if pygame.display.get_init():  # `play` asks for a picture before it opens the window, too
            if self.pressed is not None:
                pygame.event.post(pygame.event.Event(pygame.KEYUP, key=ord(self.pressed)))
            self.pressed = next(self.keys, None)
            down = pygame.QUIT if self.pressed is None else pygame.KEYDOWN
            pygame.event.post(pygame.event.Event(down, key=ord(self.pressed or " ")))
        return super().render()

    def step(self, action):
        turn = super().step(action)
        self.played.append(turn[-1]["action"])
        return turn


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("arguments", [{}, {"parser": "json"}, {"parser": "tagged"}])
@pytest.mark.parametrize(
    ("task", "typed", "expected"),
    [
        ("vlm_gym/NumberLine-v0", "+-=da", "+-++-"),
        ("vlm_gym/EZPoints-v0", "2t5", "2*5"),
        ("vlm_gym/Points24-v0", "o1p2c/0", ["(", "1", "+", "2", ")", "/", "10"]),
        ("vlm_gym/Points24-FaceRank-v0", "jmq", ["11", "-", "12"]),
        ("vlm_gym/Blackjack-v0", "s", ["stand"]),
    ],
)
def test_gymnasiums_play_plays_what_is_typed(task, typed, expected, arguments, monkeypatch):
    pytest.importorskip("pygame", reason="pygame is not installed: pip install 'gymnasium[classic-control]'")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    from gymnasium.utils.play import play

    env = Typist(make(task, **arguments), typed)
    play(env, fps=1000, seed=0, wait_on_player=True)
    assert env.played == list(expected)
