"""What must hold for any commands, in tiny homes and in official ones."""

import copy
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_gym.games.household import commands
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.tasks import TASK_TYPES

VERBS = ("go to", "take", "move", "open", "close", "examine", "look", "use", "heat", "clean", "cool", "slice", "put")
NAMES = (
    "apple 1",
    "apple 2",
    "apple 99",
    "knife 1",
    "mug 1",
    "desk 1",
    "fridge 1",
    "desklamp 1",
    "boots 1",
    "from",
    "with",
)
WORDS = st.sampled_from((*VERBS, *NAMES, "to"))
NONSENSE = st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=6).map(" ".join))
TARGETS = {"look": "desklamp"}


def random_play(game, rng, num_steps):
    """Play admissible commands, those that change things twice as often, and yield after each."""
    for _ in range(num_steps):
        changing = [command for command in game.admissible if command.startswith(("take", "move", "open", "heat"))]
        game.step(rng.choice(changing if changing and rng.random() < 0.5 else game.admissible))
        yield game


def start(make_game, task):
    return make_game(task, "apple", TARGETS.get(task, "shelf"))


@settings(max_examples=60)
@given(texts=st.lists(NONSENSE, max_size=10), seed=st.integers(0, 2**32), task=st.sampled_from(TASK_TYPES))
def test_any_text_is_answered_and_only_admissible_ones_change_anything(make_game, texts, seed, task):
    game = start(make_game, task)
    for _ in random_play(game, random.Random(seed), 10):
        for text in texts:
            before, is_admissible = (game.state, game.admissible), text.strip() in game.admissible
            assert (game.refusal(text) is None) == is_admissible
            answer = game.step(text)
            assert (answer == "Nothing happens.") == (not is_admissible)
            assert is_admissible or before == (game.state, game.admissible)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), task=st.sampled_from(TASK_TYPES))
def test_every_admissible_command_is_read_back_and_every_other_is_refused_with_a_reason(make_game, seed, task):
    game = start(make_game, task)
    known = set()
    for _ in random_play(game, random.Random(seed), 40):
        assert list(game.admissible) == sorted(set(game.admissible))
        known.update(game.admissible)
        for text in game.admissible:
            assert commands.format_command(game.world, commands.parse(game.world, text)) == text
        for text in known:
            reason = game.refusal(text)
            assert reason is None if text in game.admissible else reason


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), task=st.sampled_from(TASK_TYPES))
def test_progress_is_a_share_and_one_exactly_when_won(make_game, seed, task):
    game = start(make_game, task)
    for _ in random_play(game, random.Random(seed), 60):
        assert 0.0 <= game.progress <= 1.0
        assert (game.progress == 1.0) == game.is_won
        assert not (game.is_won and game.is_stuck)


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda game: pickle.loads(pickle.dumps(game))],
    ids=["copy", "deep", "pickle"],
)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_copies_are_independent_and_go_on_alike(make_game, duplicate, seed):
    game = start(make_game, "heat")
    for _ in random_play(game, random.Random(seed), 15):
        pass
    twin, kept = duplicate(game), (game.state, game.admissible, game.feedback)
    played = [(played.state, played.feedback) for played in random_play(twin, random.Random(seed + 1), 15)]
    assert kept == (game.state, game.admissible, game.feedback)
    assert played == [(played.state, played.feedback) for played in random_play(game, random.Random(seed + 1), 15)]


def test_copies_share_their_world(make_game):
    game = make_game()
    assert copy.copy(game).world is game.world is copy.copy(game.world)
    assert copy.deepcopy(game).world is game.world


def test_a_state_can_be_kept_and_gone_back_to(make_game):
    game = make_game()
    kept = game.state
    game.step("go to desk 1")
    game.step("take apple 1 from desk 1")
    assert hash(kept) != hash(game.state)
    game.restore(kept)
    assert (game.state, game.feedback, game.admissible) == (make_game().state, "", make_game().admissible)


def test_official_games_keep_the_same_promises(seen_games):
    for path in seen_games[::5]:
        game = HouseholdGame(load_game(path))
        for _ in random_play(game, random.Random(path.parent.name), 60):
            assert 0.0 <= game.progress <= 1.0
            assert (game.progress == 1.0) == game.is_won
            assert list(game.admissible) == sorted(set(game.admissible))
            assert game.is_stuck <= (game.state.hand >= 0)
