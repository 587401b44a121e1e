"""Panels are frozen: these are their episodes, and their fingerprints are computed anew."""

import os
from collections import Counter
from dataclasses import replace

import cv2
import PIL
import pytest
from at_hand import PLAYABLE_IDS

from vlm_gym.assembly import default_arguments
from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, DataNotFoundError
from vlm_gym.evaluation.runs.panels import (
    DRAWN_WITH,
    FINGERPRINTS,
    FIRST_SEED,
    PANELS,
    check_panel,
    fingerprint_of,
    get_panel,
)
from vlm_gym.games.household.files import GAME_FILE
from vlm_gym.games.household.splits import task_of_folder
from vlm_gym.games.household.tasks import ALFWORLD_NAMES, TASK_TYPES

SEEN = "alfworld-valid-seen-v0"
UNSEEN = "alfworld-valid-unseen-v0"
TWICE = "household-thor-v0"
OWN = tuple(name for name in PANELS if name not in (SEEN, UNSEEN, TWICE))
HAS_SEEN = "vlm_gym/ALFWorld-ValidSeen-v0" in PLAYABLE_IDS or "VLM_GYM_ALL_TESTS" in os.environ
HAS_UNSEEN = "vlm_gym/ALFWorld-ValidUnseen-v0" in PLAYABLE_IDS  # nobody has to have it: CI has not
needs_games = pytest.mark.skipif(not HAS_SEEN, reason="ALFWorld's games are not here: vlm-gym download alfworld")
needs_unseen = pytest.mark.skipif(not HAS_UNSEEN, reason="ALFWorld's valid_unseen is not here")
CARDS = ("NumberLine", "EZPoints", "Points24", "EZPointsFormula", "Points24Formula", "Blackjack")
DRAWS_AS_THEN = {"Pillow": PIL.__version__, "OpenCV": cv2.__version__} == DRAWN_WITH


def test_every_panel_has_a_fingerprint():
    assert set(FINGERPRINTS) == set(PANELS)
    assert FINGERPRINTS[UNSEEN] == "2358e7c1fd0ab410-770b15c7714cda68"  # computed where the games are


@pytest.mark.parametrize(
    "name",
    [
        *OWN,
        *(pytest.param(name, marks=needs_games) for name in (SEEN, TWICE)),
        pytest.param(UNSEEN, marks=needs_unseen),
    ],
)
def test_a_panel_is_what_it_was_when_it_was_published(name):
    panel = get_panel(name)
    assert panel.fingerprint == FINGERPRINTS[name]
    found = fingerprint_of(panel.episodes)
    assert found.partition("-")[0] == FINGERPRINTS[name].partition("-")[0]
    if DRAWS_AS_THEN:
        assert found == FINGERPRINTS[name]


def test_the_cards_are_a_hundred_starts_of_each_game():
    episodes = get_panel("cards-v0").episodes
    assert Counter(episode.task for episode in episodes) == {f"vlm_gym/{name}-v0": 100 for name in CARDS}
    assert {episode.seed for episode in episodes} == set(range(FIRST_SEED, FIRST_SEED + 100))


def test_a_shifted_task_starts_from_the_seeds_of_the_cards():
    episodes = get_panel("cards-shift-v0").episodes
    assert {episode.seed for episode in episodes} == {episode.seed for episode in get_panel("cards-v0").episodes}
    assert set(Counter(episode.task for episode in episodes).values()) == {100}
    assert not {episode.task for episode in episodes} & {f"vlm_gym/{name}-v0" for name in CARDS}


def test_other_suits_are_the_same_deals():
    plain, black = (
        [EpisodeSpec(f"vlm_gym/{task}-v0", FIRST_SEED + i) for i in range(3)]
        for task in ("Points24", "Points24-BlackSuits")
    )
    for first, second in zip(plain, black, strict=True):
        assert first.make().reset(seed=first.seed)[1]["prompt"] == second.make().reset(seed=second.seed)[1]["prompt"]


@pytest.mark.parametrize("name", ["household-v0", "household-unseen-v0"])
def test_a_household_panel_is_balanced_over_the_task_types(name):
    episodes = get_panel(name).episodes
    assert Counter(episode.options["task_type"] for episode in episodes) == dict.fromkeys(TASK_TYPES, 20)
    assert len({episode.seed for episode in episodes}) == 120
    assert [episode.options["task_type"] for episode in get_panel(name).first(6).episodes] == list(TASK_TYPES)


@pytest.mark.parametrize("name", OWN)
def test_no_episode_is_there_twice(name):
    keys = [episode.key for episode in get_panel(name).episodes]
    assert len(set(keys)) == len(keys)


def test_the_first_episodes_of_each_task_keep_the_panels_name():
    panel, first = get_panel("cards-v0"), get_panel("cards-v0").first(3)
    assert len(first.episodes) == 3 * len(CARDS)
    assert all(episode in panel.episodes for episode in first.episodes)
    assert (first.name, first.fingerprint, first.num_first) == (panel.name, panel.fingerprint, 3)
    assert panel.first(1000).episodes == panel.episodes


@pytest.mark.parametrize("number", [0, -1, True, 1.5])
def test_a_wrong_number_of_first_episodes_is_refused(number):
    with pytest.raises(ConfigError, match="must be an int of 1 or more"):
        get_panel("cards-v0").first(number)


def test_an_unknown_panel_is_named_with_a_hint():
    with pytest.raises(ConfigError, match=r"there is no panel 'card-v0'\. Did you mean 'cards-v0'\?"):
        get_panel("card-v0")


@pytest.mark.parametrize("change", ["seed", "options", "order"])
def test_any_change_of_the_episodes_changes_the_fingerprint(change):
    episodes = [EpisodeSpec("vlm_gym/Blackjack-v0", seed) for seed in (5, 6)]
    changed = {
        "seed": [episodes[0], replace(episodes[1], seed=7)],
        "options": [episodes[0], replace(episodes[1], options={"player": ["AS", "KH"]})],
        "order": episodes[::-1],
    }[change]
    assert fingerprint_of(episodes).partition("-")[0] != fingerprint_of(changed).partition("-")[0]


def test_a_fingerprint_tells_pictures_from_episodes():
    """A picture drawn otherwise changes the second half, and the check says that it is only the pixels."""
    panel = get_panel("cards-v0").first(1)
    panel = replace(panel, fingerprint=fingerprint_of(panel.episodes))
    assert check_panel(panel) is None
    content, _, pictures = panel.fingerprint.partition("-")
    assert "the pixels of its pictures differ" in check_panel(replace(panel, fingerprint=f"{content}-{'0' * 16}"))
    assert "its episodes or prompts differ" in check_panel(replace(panel, fingerprint=f"{'0' * 16}-{pictures}"))


# ALFWorld


@needs_games
def test_the_seen_split_is_played_once_game_by_game():
    episodes = get_panel(SEEN).episodes
    games = [episode.options["game"] for episode in episodes]
    assert len(set(games)) == len(games) == 140
    env = episodes[0].make()
    assert sorted(games) == ["/".join(path.parts[-3:-1]) for path in env.unwrapped.games]
    for episode in episodes[:12]:
        assert env.reset(seed=episode.seed, options=episode.options)[1]["game"] == episode.options["game"]


@needs_games
def test_the_first_games_are_of_all_types():
    env = get_panel(SEEN).episodes[0].make()
    kinds = [env.reset(options=episode.options)[1]["task_type"] for episode in get_panel(SEEN).first(6).episodes]
    assert kinds == list(TASK_TYPES)


@needs_games
def test_sixty_games_are_played_in_two_kinds_of_pictures():
    episodes = get_panel(TWICE).episodes
    drawn, photographed = episodes[:60], episodes[60:]
    assert {episode.task for episode in drawn} == {"vlm_gym/ALFWorld-ValidSeen-v1"}
    assert {episode.task for episode in photographed} == {"vlm_gym/ALFWorldThor-ValidSeen-v0"}
    assert [(each.options, each.seed) for each in drawn] == [(each.options, each.seed) for each in photographed]
    kinds = Counter(task_of_folder(episode.options["game"].partition("/")[0]) for episode in drawn)
    assert kinds == dict.fromkeys(TASK_TYPES, 10)
    assert {episode.options["game"] for episode in drawn} <= {each.options["game"] for each in get_panel(SEEN).episodes}


@needs_games
def test_what_another_program_draws_counts_by_its_games_alone():
    episodes = [get_panel(TWICE).episodes[i] for i in (0, 60)]
    other = replace(episodes[1], options=get_panel(TWICE).episodes[61].options)
    assert fingerprint_of(episodes) != fingerprint_of(episodes[:1])
    assert fingerprint_of(episodes) != fingerprint_of([episodes[0], other])


def make_split(root, split, names):
    for name in names:
        game = root / "json_2.1.1" / split / name / GAME_FILE
        game.parent.mkdir(parents=True)
        game.write_text("{}")


def test_a_panel_keeps_its_own_order(tmp_path, monkeypatch):
    """Types take turns by name: the order in which the tasks play a split is another, and may change."""
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    trials = [f"{ALFWORLD_NAMES[task]}-Egg-None-Fridge-{i}/trial_1" for task in TASK_TYPES for i in range(30)]
    make_split(tmp_path, "valid_unseen", trials[:134])
    games = [episode.options["game"] for episode in get_panel(UNSEEN).episodes]
    assert games[:4] == [f"{ALFWORLD_NAMES[task]}-Egg-None-Fridge-0/trial_1" for task in TASK_TYPES[:4]]
    assert games[5] == f"{ALFWORLD_NAMES['put']}-Egg-None-Fridge-1/trial_1"
    assert sorted(games) == sorted(trials[:134])


def test_without_the_games_the_message_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match="vlm-gym download alfworld"):
        get_panel(UNSEEN)


@pytest.mark.parametrize(("name", "split", "number"), [(SEEN, "valid_seen", 140), (UNSEEN, "valid_unseen", 134)])
def test_an_incomplete_split_is_refused(tmp_path, monkeypatch, name, split, number):
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    make_split(tmp_path, split, [f"{ALFWORLD_NAMES['heat']}-Egg-None-Fridge-{i}/trial_1" for i in range(number - 1)])
    with pytest.raises(DataNotFoundError, match=f"the {number} official games .* found {number - 1} games"):
        get_panel(name)


def test_other_games_than_the_official_ones_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    make_split(tmp_path, "valid_seen", [f"{ALFWORLD_NAMES['heat']}-Egg-None-Fridge-{i}/trial_1" for i in range(140)])
    with pytest.raises(DataNotFoundError, match="the 140 official games of valid_seen, but found others"):
        get_panel(SEEN)


# The command


def test_the_table_names_every_panel(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    assert main(["panels"]) == 0
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert set(lines) >= set(PANELS)
    assert lines["cards-v0"][1:3] == ["600", FINGERPRINTS["cards-v0"]]
    for name in (SEEN, UNSEEN):
        assert lines[name][1:3] == ["?", FINGERPRINTS[name]]


def test_a_panel_shows_its_episodes(capsys):
    assert main(["panels", "household-v0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(f"fingerprint {FINGERPRINTS['household-v0']}, 120 episodes")
    assert lines[2] == f'Household-v0  seed {FIRST_SEED}  {{"task_type": "put"}}'
    assert len(lines) == 122


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_check_tells_by_its_exit_status(capsys, monkeypatch, is_changed):
    here = fingerprint_of(get_panel("cards-v0").episodes)
    published = f"{'0' * 16}-{'0' * 16}" if is_changed else here
    monkeypatch.setattr("vlm_gym.evaluation.runs.panels.FINGERPRINTS", {"cards-v0": published})
    assert main(["panels", "cards-v0", "--check"]) == int(is_changed)
    out = capsys.readouterr().out
    assert ("its episodes or prompts differ" if is_changed else "the same as when it was published") in out


def test_a_check_leaves_out_what_is_not_here(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    assert main(["panels", UNSEEN, "--check"]) == 0
    assert f"{UNSEEN}: left out, no ALFWorld games" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["cards-v0", "household-v0"])
def test_a_variant_by_an_arguments_own_value_is_the_panel_itself(name):
    """Every argument that all its tasks have with one plain value, one by one and all together."""
    panel = get_panel(name)
    known = [default_arguments(task) for task in {episode.task for episode in panel.episodes}]
    shared = {
        key: value
        for key, value in known[0].items()
        if all(key in each and each[key] == value for each in known) and value is not None
    }
    assert {"prompt", "image_size", "theme"} <= set(shared)
    for key, value in shared.items():
        assert panel.variant({key: value}) is panel
    assert panel.variant(shared) is panel


def test_a_variant_of_a_variant_counts_only_what_differs_from_the_panel():
    panel = get_panel("cards-v0")
    short = panel.variant({"prompt": "action_only", "image_size": 300})
    assert short.name == "cards-v0[prompt=action_only]"
    assert short.variant({"prompt": "cot"}) == panel


def test_an_argument_that_only_some_tasks_have_with_this_value_makes_a_variant():
    assert get_panel("cards-shift-v0").variant({"theme": "night"}).name == "cards-shift-v0[theme=night]"
    assert get_panel("cards-shift-v0").variant({"theme": "classic"}).name == "cards-shift-v0[theme=classic]"
