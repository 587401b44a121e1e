"""Every reason why a command is not possible, seen once."""

import pytest

TAKE_APPLE = ("go to desk 1", "take apple 1 from desk 1")


@pytest.mark.parametrize(
    ("before", "command", "reason"),
    [
        ((), "dance", "'dance' is no command, or names something that is not in sight"),
        ((), "go to moon 1", "'go to moon 1' is no command, or names something that is not in sight"),
        (("go to desk 1",), "go to desk 1", "you are at desk 1 already"),
        ((), "open fridge 1", "you are not at fridge 1"),
        ((), "examine desk 1", "you are not at desk 1"),
        (("go to desk 1",), "open desk 1", "desk 1 cannot be opened or closed"),
        (("go to fridge 1",), "close fridge 1", "fridge 1 is closed already"),
        (("go to fridge 1", "open fridge 1"), "open fridge 1", "fridge 1 is open already"),
        (("go to fridge 1",), "take apple 2 from fridge 1", "fridge 1 is closed"),
        (
            ("go to desk 1",),
            "take apple 2 from desk 1",
            "'take apple 2 from desk 1' is no command, or names something that is not in sight",
        ),
        (("go to desk 1",), "take desklamp 1 from desk 1", "desklamp 1 cannot be picked up"),
        (TAKE_APPLE, "take mug 1 from desk 1", "your hand is not empty: you carry apple 1"),
        (("go to desk 1",), "move apple 1 to desk 1", "you do not carry apple 1"),
        (TAKE_APPLE, "move apple 1 to drawer 1", "drawer 1 is closed"),
        ((*TAKE_APPLE, "open drawer 1"), "move apple 1 to drawer 1", "apple 1 does not belong in or on drawer 1"),
        (TAKE_APPLE, "heat apple 1 with desk 1", "desk 1 does not heat apple 1"),
        (
            ("go to fridge 1",),
            "cool apple 2 with fridge 1",
            "'cool apple 2 with fridge 1' is no command, or names something that is not in sight",
        ),
        (("go to fridge 1", "open fridge 1"), "cool apple 2 with fridge 1", "you do not carry apple 2"),
        (("go to fridge 1",), "take unicorn 1 from fridge 1", "fridge 1 is closed"),
        (("go to desk 1",), "take unicorn 1 from fridge 1", "you are not at fridge 1"),
        ((), "use desklamp 1", "'use desklamp 1' is no command, or names something that is not in sight"),
        (("go to desk 1",), "use mug 1", "there is no mug 1 here that could be turned on"),
        (
            (),
            "slice apple 1 with knife 1",
            "'slice apple 1 with knife 1' is no command, or names something that is not in sight",
        ),
        (("go to sinkbasin 1",), "slice knife 1 with knife 1", "slicing needs a knife in your hand"),
        (TAKE_APPLE, "slice potato 1 with apple 1", "slicing needs a knife in your hand"),
        (
            ("go to sinkbasin 1", "take knife 1 from sinkbasin 1"),
            "slice knife 1 with knife 1",
            "there is no knife 1 here that could be sliced",
        ),
        (
            ("go to desk 1",),
            "examine apple 1",
            "you do not carry apple 1: only what is in your hand and the receptacles where you stand can be examined",
        ),
    ],
)
def test_a_refusal_names_the_rule(make_game, before, command, reason):
    game = make_game()
    for text in before:
        assert text in game.admissible
        game.step(text)
    assert game.refusal(command) == reason
    assert game.step(command) == "Nothing happens."


def test_what_is_possible_is_not_refused(make_game):
    assert make_game().refusal(" go to desk 1 ") is None


def test_a_long_answer_is_cut_in_the_reason(make_game):
    assert len(make_game().refusal("x" * 10_000)) < 200
