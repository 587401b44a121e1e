"""What the household pictures show, in words."""

from vlm_gym.games.household.view import HouseholdView, SeenObject, SeenReceptacle
from vlm_gym.games.household.world import Pose
from vlm_gym.prompts.answer import PromptSettings
from vlm_gym.prompts.household import MAX_LISTED, describe, write_prompt

POSE = Pose(0.0, 0.0, 0, 0)


def receptacle(name, *, is_here=True, is_open=None, contents=()):
    return SeenReceptacle(
        name=name,
        kind=name.split()[0],
        x=0.0,
        y=0.0,
        height=0.5,
        pose=POSE,
        is_here=is_here,
        is_openable=is_open is not None,
        is_open=is_open,
        contents=contents,
    )


def test_a_room_from_its_middle():
    far = receptacle("fridge 1", is_here=False, contents=None)
    view = HouseholdView((far, receptacle("desk 2", is_here=False, contents=None)), POSE, (), None)
    assert describe(view) == "You are in the middle of the room. You carry nothing. In the room: fridge 1, desk 2."


def test_doors_contents_states_and_what_lies_beside():
    apple = SeenObject("apple 1", "apple", ("hot", "clean"))
    lamp = SeenObject("desklamp 1", "desklamp", ("on",))
    view = HouseholdView(
        (
            receptacle("drawer 1", is_open=True, contents=(apple, SeenObject("pen 2", "pen"))),
            receptacle("drawer 2", is_open=False, contents=None),
            receptacle("desk 1", contents=(lamp,)),
            receptacle("shelf 1", contents=()),
        ),
        POSE,
        (SeenObject("mug 3", "mug"),),
        SeenObject("potato 1", "potato", ("cold", "sliced")),
    )
    assert describe(view) == (
        "You are at drawer 1 (open) with hot clean apple 1, pen 2; drawer 2 (closed); desk 1 with lit desklamp 1; "
        "shelf 1 with nothing. Next to it: mug 3. You carry cold sliced potato 1. "
        "In the room: drawer 1, drawer 2, desk 1, shelf 1."
    )


def test_a_long_list_of_commands_is_cut():
    names = tuple(f"go to cabinet {number}" for number in range(MAX_LISTED + 10))
    prompt = write_prompt("put a mug in desk.", None, names, PromptSettings())
    assert f"go to cabinet {MAX_LISTED - 1}" in prompt
    assert "and 10 more." in prompt
    assert f"go to cabinet {MAX_LISTED}" not in prompt
