"""The axis *seeing*: at every level the same games, in pictures where all that decides is in sight and large enough."""

from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym import ConfigError
from vlm_gym.games.blackjack import BlackjackState, BlackjackView, view_of
from vlm_gym.games.cards import DECK, Card
from vlm_gym.games.number_line import NumberLineState
from vlm_gym.games.points import PointsView
from vlm_gym.ladders import ladders
from vlm_gym.levels.seeing import LEVELS
from vlm_gym.render.blackjack import BlackjackPictures, draw_blackjack, seen_blackjack
from vlm_gym.render.canvas import contrast
from vlm_gym.render.number_line import draw_number_line, seen_number_line
from vlm_gym.render.points import PointsPictures, draw_points, seen_points
from vlm_gym.render.seeing.look import MAX_SEEING, Look
from vlm_gym.render.theme import THEMES, read_theme

GOLDEN = Path(__file__).parent / "golden" / "seeing"
BASES = tuple(ladder.base.id for ladder in ladders("seeing"))
CARD_IDS = tuple(task.id for task in LEVELS if "NumberLine" not in task.id)
LINE_IDS = tuple(task.id for task in LEVELS if "NumberLine" in task.id)
LEAST_HEIGHT = 6.0  # pixels
LEAST_CONTRAST = 2.5
OTHER_RANKS = ("A", "4", "7", "J", "K")
CLASSIC = read_theme("classic")


def make(task, **arguments):
    return gym.make(task, disable_env_checker=True, **arguments)


def start(task, seed, **arguments):
    """Return an environment of the task itself that has begun an episode, and its picture and info."""
    env = make(task, **arguments)
    picture, info = env.reset(seed=seed)
    return env.unwrapped, picture, info


def open_cards(env):
    """Return the open cards in a picture, where each can be told, and how to draw it with one of them changed."""
    size, theme, look, state = env.settings.image_size, env.theme, env.look, env.state
    if isinstance(state, BlackjackState):
        view = view_of(state)
        hand = tuple(card for card in (*view.dealer, *view.player) if card is not None)
        is_hidden = view.dealer[-1] is None

        def draw(cards):
            shown = len(view.dealer) - is_hidden
            dealer = (*cards[:shown], *((None,) if is_hidden else ()))
            return draw_blackjack(replace(view, dealer=dealer, player=cards[shown:]), size, theme, None, look)

        return hand, seen_blackjack(view, size, theme, look), draw
    view = env.view()
    places = seen_points(view, size, theme, look)
    return view.cards, places, lambda cards: draw_points(replace(view, cards=cards), size, theme, look)


def inside(corners, size):
    """Return which pixels lie in a quadrilateral whose corners come clockwise."""
    y, x = np.mgrid[:size, :size] + 0.5
    found = np.ones((size, size), bool)
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        found &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0
    return found


def height_of(corners):
    """Return how high a box in a picture is, where it is lowest."""
    upper_left, upper_right, lower_right, lower_left = np.array(corners)
    return min(np.linalg.norm(lower_left - upper_left), np.linalg.norm(lower_right - upper_right))


def contrast_of(picture, ground, corners):
    """Return the contrast of the ink in a box to the paper that would be there without it."""
    box = inside(corners, len(picture))
    difference = np.abs(picture.astype(int) - ground).sum(axis=2)
    ink = box & (difference >= 0.6 * difference[box].max())
    return contrast(tuple(picture[ink].mean(axis=0)), tuple(ground[ink].mean(axis=0)))


def changed(hand, i, rank):
    return (*hand[:i], Card(rank, hand[i].suit), *hand[i + 1 :])


@pytest.mark.parametrize("task", CARD_IDS)
@pytest.mark.parametrize("is_small", [True, False], ids=["least-size", "300"])
def test_every_card_can_be_told_by_an_index_that_is_large_enough_and_stands_out(task, is_small):
    size = gym.spec(task).kwargs.get("image_size", 300)
    size = next(level.least_image_size for level in LEVELS if level.id == task) if is_small else size
    for seed in range(6):
        env, picture, _ = start(task, seed, image_size=size)
        hand, sightings, draw = open_cards(env)
        assert [places[0].card for places in sightings] == list(hand)
        for i, places in enumerate(sightings):
            best = max(places, key=lambda place: height_of(place.corners))
            assert height_of(best.corners) >= LEAST_HEIGHT, (seed, i)
            others = [draw(changed(hand, i, rank)) for rank in OTHER_RANKS if rank != hand[i].rank]
            ground = (np.min if best.is_inverted else np.max)(others, axis=0).astype(int)  # paper, whatever is written
            assert contrast_of(picture, ground, best.corners) >= LEAST_CONTRAST, (seed, i)


@pytest.mark.parametrize("level", range(1, MAX_SEEING + 1))
@pytest.mark.parametrize("number", [1, 2, 4, 6, 9])
def test_a_place_that_tells_a_card_is_never_covered(level, number):
    """All of its pixels change with the card as they do where it lies on top, whatever geometry says."""
    rng = np.random.default_rng(number)
    for seed in range(8):
        hand = tuple(DECK[i] for i in rng.integers(len(DECK), size=number))
        look = Look(level, seed)
        view = PointsView(hand, (), 24)
        picture = draw_points(view, 300, CLASSIC, look)
        for i, places in enumerate(seen_points(view, 300, CLASSIC, look)):
            assert places, "no place tells this card"
            other = draw_points(replace(view, cards=changed(hand, i, "8")), 300, CLASSIC, look)
            alone = draw_points(replace(view, cards=changed(hand, i, "J")), 300, CLASSIC, look)
            for place in places:
                box = inside(place.corners, 300)
                seen = max(np.abs(picture.astype(int) - one)[box].max() for one in (other, alone))
                assert seen >= 60, (seed, i)


def test_a_growing_hand_leaves_its_cards_where_they_are_and_in_sight():
    for level in range(1, MAX_SEEING + 1):
        for seed in range(5):
            look, hand = Look(level, seed), DECK[:52:4][:9]
            before = None
            for count in range(2, len(hand) + 1):
                state = BlackjackState(hand[:count], (DECK[5], DECK[9]))
                places = seen_blackjack(view_of(state), 300, CLASSIC, look)
                assert all(places)
                corners = [{place.corners for place in one} for one in places]
                if before is not None:  # a new card may cover one of two indices
                    assert all(now <= then for now, then in zip(corners, before, strict=False))
                before = corners


@pytest.mark.parametrize("level", range(1, MAX_SEEING + 1))
def test_a_hand_that_grows_looks_like_one_that_is_laid_at_once(level):
    pictures, look = BlackjackPictures(240, CLASSIC), Look(level, 7)
    for player, dealer in (
        ((0, 14), (30, None)),
        ((0, 14, 44), (30, None)),
        ((0, 14, 44), (30, 8, 21)),
        ((5, 6), (9,)),
    ):
        hands = (tuple(None if i is None else DECK[i] for i in hand) for hand in (player, dealer))
        view = BlackjackView(*hands)
        assert np.array_equal(pictures.draw(view, None, look), draw_blackjack(view, 240, CLASSIC, None, look))


@pytest.mark.parametrize("level", range(1, MAX_SEEING + 1))
def test_a_formula_that_grows_changes_its_strip_alone(level):
    pictures, look = PointsPictures(240, CLASSIC), Look(level, 7)
    first = pictures.draw(PointsView(DECK[:4], (), 24), None, look)
    for tokens in (("(",), ("(", "7", "+"), ("(",) * 90):
        view = PointsView(DECK[:4], tokens, 24)
        picture = pictures.draw(view, None, look)
        assert np.array_equal(picture, draw_points(view, 240, CLASSIC, look))
        changed_rows = np.flatnonzero((picture != first).any(axis=(1, 2)))
        assert changed_rows.size
        assert changed_rows.min() > 0.6 * 240


def test_a_turn_changes_nothing_but_what_the_game_changes():
    for level in range(1, MAX_SEEING + 1):
        env, before, _ = start("vlm_gym/Blackjack-v0", 3, seeing=level)
        after = env.step(1)[0]
        changes = np.abs(before.astype(int) - after).max(axis=2) > 0
        assert 0 < changes.mean() < 0.25
        line, before, _ = start("vlm_gym/NumberLine-v0", 3, seeing=level)
        after = line.step(0 if line.state.position else 1)[0]
        assert 0 < (before != after).any(axis=2).mean() < 0.02


@pytest.mark.parametrize("base", BASES)
def test_the_same_seed_is_the_same_start_at_every_level(base):
    envs = [make(base, **({"seeing": level} if level else {})) for level in range(MAX_SEEING + 1)]
    for seed in range(12):
        infos = [env.reset(seed=seed)[1] for env in envs]
        states = [env.unwrapped.state for env in envs]
        assert states == [states[0]] * len(states)
        for name in ("prompt", "observation_text", "admissible_actions", "progress"):
            assert [info[name] for info in infos] == [infos[0][name]] * len(infos)
        asked = [env.unwrapped.readings() for env in envs]
        assert asked == [asked[0]] * len(asked)
        told = [(env.unwrapped.oracle_action(), env.unwrapped.optimal_value()) for env in envs]
        assert told == [told[0]] * len(told)
        again = [env.reset()[1]["observation_text"] for env in envs]  # goes on with the same chance
        assert again == [again[0]] * len(again)


@pytest.mark.parametrize("base", BASES)
def test_level_0_is_the_task_as_it_is(base):
    first, second = make(base), make(base, seeing=0)
    for seed in range(5):
        assert np.array_equal(first.reset(seed=seed)[0], second.reset(seed=seed)[0])


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("seeing", [-1, MAX_SEEING + 1, 1.5, True, "1", None])
def test_another_level_is_refused(base, seeing):
    with pytest.raises(ConfigError, match="seeing must be"):
        make(base, seeing=seeing)


@pytest.mark.parametrize("base", BASES)
def test_the_same_start_looks_different_at_every_level_and_with_every_seed(base):
    pictures = {start(base, seed, seeing=level)[1].tobytes() for level in range(1, 5) for seed in range(5)}
    assert len(pictures) == 20


@pytest.mark.parametrize("base", BASES)
def test_many_environments_draw_what_one_does(base):
    for copy in (True, False):
        kwargs = {"autoreset_mode": "SameStep", "copy": copy, "seeing": 4}
        envs = gym.make_vec(base, num_envs=3, vectorization_mode="vector_entry_point", **kwargs)
        singles = [make(base, seeing=4) for _ in range(3)]
        pictures, _ = envs.reset(seed=5)
        for i, env in enumerate(singles):
            assert np.array_equal(pictures[i], env.reset(seed=5 + i)[0])
        envs.action_space.seed(1)
        for _ in range(6):
            actions = envs.action_space.sample()
            pictures, _, ended, cut, _ = envs.step(actions)
            for i, env in enumerate(singles):
                picture, *_ = env.step(actions[i])
                picture = env.reset()[0] if ended[i] or cut[i] else picture
                assert np.array_equal(pictures[i], picture)


@pytest.mark.parametrize("task", LINE_IDS)
@pytest.mark.parametrize("is_small", [True, False], ids=["least-size", "300"])
def test_a_line_can_be_read(task, is_small):
    size = next(level.least_image_size for level in LEVELS if level.id == task) if is_small else 300
    for seed in range(30):
        env, picture, _ = start(task, seed, image_size=size)
        ruled = seen_number_line(env.state, size, env.theme, env.look)
        assert not ruled.is_told
        assert ruled.unit >= 8
        assert len({label.text for label in ruled.labels}) >= 2
        for label in ruled.labels:
            assert height_of(label.corners) >= LEAST_HEIGHT
            box = picture[inside(label.corners, size)]
            dark, light = np.percentile(box.sum(axis=1), (8, 92))
            ink, paper = box[box.sum(axis=1) <= dark], box[box.sum(axis=1) >= light]
            assert contrast(tuple(ink.mean(axis=0)), tuple(paper.mean(axis=0))) >= LEAST_CONTRAST
            (x, y), _ = ruled.at(float(label.text) / env.state.max_position)
            middle = np.mean(label.corners, axis=0)
            assert np.hypot(*(middle - (x, y))) < 0.12 * size
        assert np.isfinite(ruled.path).all()
        assert (ruled.path > 0).all()
        assert (ruled.path < size).all()


@pytest.mark.parametrize("level", range(1, MAX_SEEING + 1))
def test_flag_and_bead_stand_where_the_numbers_are(level):
    for seed in range(6):
        look = Look(level, seed)
        for number, other in ((0, 5), (3, 1), (5, 2)):
            one = draw_number_line(NumberLineState(number, other, 5), 300, CLASSIC, None, look)
            two = draw_number_line(NumberLineState(other, other, 5), 300, CLASSIC, None, look)
            moved = np.argwhere((one != two).any(axis=2))
            ruled = seen_number_line(NumberLineState(number, other, 5), 300, CLASSIC, look)
            for place in (number, other):  # the bead left one place and came to the other
                (x, y), _ = ruled.at(place / 5)
                assert np.hypot(*(moved + 0.5 - (y, x)).T).min() < 8


@pytest.mark.parametrize("level", range(1, MAX_SEEING + 1))
def test_a_line_too_fine_to_be_read_tells_its_numbers(level):
    look = Look(level, 4)
    assert seen_number_line(NumberLineState(1, 2, 100), 300, CLASSIC, look).is_told
    first = draw_number_line(NumberLineState(57, 3, 100), 300, CLASSIC, None, look)
    second = draw_number_line(NumberLineState(58, 3, 100), 300, CLASSIC, None, look)
    assert (first[:40] != second[:40]).any()


@pytest.mark.parametrize("base", BASES)
def test_themes_are_seen_at_every_level(base):
    for level in range(1, MAX_SEEING + 1):
        pictures = {start(base, 2, seeing=level, theme=theme)[1].tobytes() for theme in THEMES}
        assert len(pictures) == len(THEMES)


@pytest.mark.parametrize("size", [84, 512, 1024])
def test_pictures_of_other_sizes_can_be_drawn(size):
    view, state = PointsView(DECK[:6], ("(", "10"), 24), NumberLineState(3, 1, 20)
    for level in range(1, MAX_SEEING + 1):
        look = Look(level, 9)
        hand = BlackjackState(DECK[:5], DECK[9:11])
        for picture in (
            draw_points(view, size, CLASSIC, look),
            draw_blackjack(view_of(hand), size, CLASSIC, None, look),
            draw_number_line(state, size, CLASSIC, None, look),
        ):
            assert (picture.shape, picture.dtype, picture.flags.owndata) == ((size, size, 3), np.uint8, True)


PICTURES = {
    "points": lambda look, size: draw_points(PointsView(DECK[3:43:11], ("(", "7", "+"), 24), size, CLASSIC, look),
    "blackjack": lambda look, size: draw_blackjack(
        view_of(BlackjackState(DECK[7:40:13], DECK[22:24])), size, CLASSIC, None, look
    ),
    "number-line": lambda look, size: draw_number_line(NumberLineState(1, 4, 5), size, CLASSIC, None, look),
}


@pytest.mark.parametrize("level", range(1, MAX_SEEING + 1))
@pytest.mark.parametrize("name", PICTURES)
def test_a_level_looks_like_its_golden_picture(name, level, compare_with_golden):
    size = 240 if level == MAX_SEEING else 180
    compare_with_golden(PICTURES[name](Look(level, level), size), GOLDEN / f"{name}-L{level}.png")


def test_every_golden_picture_of_a_level_is_compared():
    expected = {f"{name}-L{level}.png" for name in PICTURES for level in range(1, MAX_SEEING + 1)}
    assert {path.name for path in GOLDEN.glob("*.png")} == expected
