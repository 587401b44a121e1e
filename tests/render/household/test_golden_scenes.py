"""Golden pictures of household scenes; see tests/render/conftest.py for how to write them anew."""

from pathlib import Path

import gymnasium as gym
import pytest

from vlm_gym.render.household.palette import read_home_theme
from vlm_gym.render.household.scene import draw_household

GOLDEN = Path(__file__).parent / "golden"
CROWD = (
    "apple 1, bowl 2, bowl 1, bread 1, butterknife 1, cup 3, cup 1, dishsponge 1, egg 2, fork 1, glassbottle 1,"
    "knife 2, knife 1, lettuce 1, mug 1, papertowelroll 1, peppershaker 1, plate 2, pot 1, potato 1, saltshaker 1,"
    "soapbottle 1, spatula 1, spoon 1, tomato 1, winebottle 1"
)  # fmt: skip
SCENES = {
    "kitchen-start": ("classic", "kitchen", "", {}, "", ""),
    "kitchen-crowded-table": ("classic", "kitchen", "diningtable 1", {"diningtable 1": CROWD}, "", ""),
    "kitchen-open-fridge": (
        "retro", "kitchen", "fridge 1",
        {"fridge 1": "egg 1, lettuce 1 cold sliced, mug 2, tomato 3"}, "pan 1 clean", "",
    ),
    "kitchen-closed-microwave": ("nordic", "kitchen", "microwave 1", {}, "potato 1 hot", ""),
    "kitchen-stove-and-counter": (
        "classic", "kitchen", "countertop 1",
        {"countertop 1": "kettle 1, knife 1", "stoveburner 2": "pot 1 hot"}, "", "",
    ),
    "bathroom-towel": ("classic", "bathroom", "towelholder 1", {"towelholder 1": "towel 1"}, "soapbar 1 clean", ""),
    "bedroom-desk": (
        "night", "bedroom", "desk 1",
        {"desk 1": "book 1, desklamp 1 on, pen 2, alarmclock 1", "drawer 1": "keychain 1, watch 1", "drawer 3": ""},
        "laptop 1", "",
    ),
    "livingroom-shelves-beside": (
        "classic", "livingroom", "shelf 2", {"shelf 1": "vase 1, statue 2", "shelf 3": "remotecontrol 1"}, "",
        "statue 2, pillow 1",
    ),
}  # fmt: skip


def read(text, make_object):
    """Return the objects in "mug 2 hot, apple 1"."""
    words = [part.split() for part in text.split(",") if part]
    return tuple(make_object(f"{kind} {number}", *states) for kind, number, *states in words)


@pytest.mark.parametrize(("name", "has_labels"), [*((name, True) for name in SCENES), ("kitchen-open-fridge", False)])
def test_a_scene_looks_like_its_golden_picture(name, has_labels, make_view, make_object, compare_with_golden):
    theme, room, place, contents, hand, beside = SCENES[name]
    inside = {receptacle: read(text, make_object) for receptacle, text in contents.items()}
    held = read(hand, make_object)
    view = make_view(room, place, inside, held[0] if held else None, read(beside, make_object))
    picture = draw_household(view, 300, read_home_theme(theme), has_labels=has_labels)
    compare_with_golden(picture, GOLDEN / f"{name}{'' if has_labels else '-bare'}.png")


DENSE = tuple(
    (f"{kind} {number}", 0.4 * (number % 8), 0.5 * (number // 8), height, number)
    for kind, height in (("drawer", 0.4), ("cabinet", 1.8))
    for number in range(1, 23)
)
COUNTER = (("coffeemachine 1", 0.0, 0.0, 0.9, 1), ("countertop 2", 0.5, 0.0, 0.9, 1), ("fridge 1", 3.0, 2.0, 0.5, 2))
MENDED = {
    "dense-kitchen": (DENSE, "cabinet 13", {"drawer 13": "fork 1"}),
    "coffeemachine-beside-a-crowd": (COUNTER, "countertop 2", {"countertop 2": CROWD}),
}
"""What version 1 draws in another way: where the agent stands, and names of furniture with little room."""


@pytest.mark.parametrize("name", MENDED)
def test_a_scene_of_version_1_looks_like_its_golden_picture(name, make_view, make_object, compare_with_golden):
    rows, place, contents = MENDED[name]
    view = make_view(rows, place, {receptacle: read(text, make_object) for receptacle, text in contents.items()})
    picture = draw_household(view, 300, read_home_theme("classic"), version=1)
    compare_with_golden(picture, GOLDEN / f"{name}.png")


def test_every_golden_scene_is_compared():
    expected = {f"{name}.png" for name in (*SCENES, *MENDED)} | {"kitchen-open-fridge-bare.png", "full-home-bare.png"}
    assert {path.name for path in GOLDEN.glob("*.png")} == expected


def test_a_full_home_without_names_looks_like_its_golden_picture(compare_with_golden):
    """The top level of remembering, as the player sees it at the first thing that it takes."""
    env = gym.make("vlm_gym/Household-Remembering-L3-v0", disable_env_checker=True)
    env.reset(seed=0, options={"task_type": "cool", "scene": "kitchen"})
    info = {"action": ""}
    while not info["action"].startswith("take"):
        picture, *_, info = env.unwrapped.play(env.unwrapped.oracle_action())
    compare_with_golden(picture, GOLDEN / "full-home-bare.png")
