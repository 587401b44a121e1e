"""Notes of the household tasks: what the player has seen and what was refused, no more, and nothing without them."""

from collections import defaultdict

import gymnasium as gym
import numpy as np
import pytest
from home_games import write_split

from vlm_gym.envs.household.home import HomeEnv
from vlm_gym.errors import ConfigError
from vlm_gym.registration import TASKS

IDS = [task.id for task in TASKS.values() if task.entry.startswith("vlm_gym.") and issubclass(task.load(), HomeEnv)]
NEWEST = [task_id for task_id in IDS if TASKS[task_id].same_rules]


@pytest.fixture(autouse=True)
def games(tmp_path, monkeypatch):
    """Official games of every split, made here."""
    for split in ("train", "valid_seen", "valid_unseen"):
        write_split(tmp_path, split, {"put": 2, "heat": 1})
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))


def make(task_id, **arguments):
    return gym.make(task_id, disable_env_checker=True, image_size=84, parser="json", **arguments)


def answer(command):
    return f'{{"action": "{command}"}}'


def words_of(thing):
    return " ".join([*("lit" if state == "on" else state for state in thing.states), thing.name])


class Diary:
    """What was seen, gathered from the engine's views by other means."""

    def __init__(self):
        self.seen, self.closed = {}, {}

    def look(self, view):
        for spot in view.receptacles:
            if spot.is_here and spot.contents is not None:
                self.seen[spot.name] = [words_of(thing) for thing in spot.contents]
            if spot.is_here and spot.is_openable:
                self.closed[spot.name] = not spot.is_open

    def told(self, view):
        lines = []
        for spot in (receptacle.name for receptacle in view.receptacles):
            door = {None: "", True: " (closed)", False: " (open)"}[self.closed.get(spot)]
            if spot in self.seen:
                lines.append(f"{spot}{door} with {', '.join(self.seen[spot]) or 'nothing'}")
            elif spot in self.closed:
                lines.append(f"{spot} (closed, never seen open)")
        return f"Seen so far: {'; '.join(lines) or 'nothing yet'}."


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("task_id", NEWEST)
def test_notes_are_what_was_seen_and_what_was_refused(task_id):
    env, rng = make(task_id, notes=True), np.random.default_rng(0)
    for seed in range(2):
        _, info = env.reset(seed=seed)
        diary, refused = Diary(), []
        for _ in range(40):
            view = env.unwrapped.game.view()
            diary.look(view)
            expected = diary.told(view) + (f" Not possible now: {', '.join(refused)}." if refused else "")
            assert info["observation_text"].endswith(expected)
            assert f"\n\n{expected}\n\n" in info["prompt"]
            command = (
                str(rng.choice(info["admissible_actions"])) if rng.random() < 0.7 else f"open cabinet {len(refused)}"
            )
            *_, is_over, _, info = env.step(answer(command))
            if is_over:
                break
            refused = list(dict.fromkeys([*refused, command])) if info["illegal"] else []


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("task_id", NEWEST)
def test_without_notes_nothing_is_noted(task_id):
    env, plain = make(task_id, notes=False), make(task_id)
    for step in (
        lambda e: e.reset(seed=1),
        lambda e: e.step(answer("open cabinet 9")),
        lambda e: e.step(answer("look")),
    ):
        (picture, *_, info), (other, *_, same) = step(env), step(plain)
        assert np.array_equal(picture, other)
        assert {key: str(value) for key, value in info.items()} == {key: str(value) for key, value in same.items()}
        assert "Seen so far" not in info["prompt"] + info["observation_text"]


def test_a_new_episode_of_the_same_game_begins_with_empty_notes():
    env = make("vlm_gym/ALFWorld-ValidSeen-v1", notes=True)
    _, first = env.reset(seed=0)
    env.step(answer("open fridge 9"))
    _, again = env.reset(seed=0)
    assert again["observation_text"] == first["observation_text"]
    assert again["prompt"] == first["prompt"]


def test_a_command_that_changes_nothing_forgets_what_was_refused():
    env = make("vlm_gym/Household-v1", notes=True)
    env.reset(seed=0)
    *_, info = env.step(answer("open fridge 9"))
    assert "Not possible now: open fridge 9." in info["prompt"]
    *_, info = env.step(answer("look"))
    assert "Not possible now" not in info["prompt"]


def test_a_prompt_with_the_picture_in_words_has_the_notes_once():
    env = make("vlm_gym/Household-v1", notes=True, include_text=True)
    _, info = env.reset(seed=0)
    assert info["prompt"].count("Seen so far") == 1


def test_a_number_that_names_no_command_is_not_noted():
    env = gym.make("vlm_gym/Household-v1", notes=True)
    env.reset(seed=0)
    *_, info = env.step(127)
    assert "Not possible now" not in info["prompt"]


def test_notes_are_kept_or_not():
    with pytest.raises(ConfigError, match="notes must be True, False or 'goal', got 'all'"):
        make("vlm_gym/Household-v1", notes="all")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("task_id", NEWEST)
def test_notes_for_the_goal_are_those_of_all_that_matter_for_it(task_id):
    env, rng = make(task_id, notes="goal"), np.random.default_rng(1)
    for seed in range(3):
        _, info = env.reset(seed=seed)
        diary, goal = Diary(), env.unwrapped.game.world.goal
        for _ in range(40):
            view = env.unwrapped.game.view()
            diary.look(view)
            words, told = info["observation_text"], env.unwrapped.searcher_action()
            told_of = dict(part.split(": ") for part in words.rstrip(".").split(". ") if ": " in part)
            near, expected = {spot.name for spot in view.facing}, defaultdict(list)
            for spot, seen in diary.seen.items():
                for word in seen:
                    is_in_place = goal.task == "two" and spot.startswith(f"{goal.destination} ")
                    side = "In place" if is_in_place else "Here" if spot in near else "Elsewhere"
                    if {goal.target, goal.destination} & {*word.split()}:
                        expected[side].append(f"{word} at {spot}")
            for side in ("Here", "Elsewhere", "In place"):
                found = told_of.get(side, "nothing" if side == "In place" else "not told")
                assert sorted(found.split(", ") if found != "nothing" else []) == sorted(expected[side])
            left = words.partition(". Not looked into: ")[2].partition(".")[0].split(", ")
            unseen = {spot.name for spot in view.receptacles if spot.name not in diary.seen and not spot.is_here}
            assert {*left} <= unseen or left == ["nothing"]
            assert {name.rpartition(" ")[0] for name in unseen} == {
                name.rpartition(" ")[0] for name in left if name != "nothing"
            }
            assert words.partition(" Here: ")[2] in info["prompt"]
            command = told if rng.random() < 0.6 else str(rng.choice(info["admissible_actions"]))
            *_, is_over, _, info = env.step(answer(command))
            if is_over:
                break


def test_notes_for_the_goal_say_where_the_player_is_and_what_was_refused():
    env = make("vlm_gym/Household-v1", notes="goal")
    _, info = env.reset(seed=0)
    assert info["observation_text"].startswith(
        "You are in the middle of the room. You carry nothing. Here: nothing. Elsewhere: nothing."
    )
    *_, info = env.step(answer("open fridge 9"))
    assert info["observation_text"].endswith(" Not possible now: open fridge 9.")
    spot = next(name for name in info["admissible_actions"] if name.startswith("go to")).removeprefix("go to ")
    *_, info = env.step(answer(f"go to {spot}"))
    assert f"You are at {spot}" in info["observation_text"]
    assert "Not possible now" not in info["observation_text"]


def test_notes_for_the_goal_name_what_takes_fewest_turns_to_look_into():
    """Of a kind, what was found closed comes last: it costs a turn more than what may be open."""
    env, num_closed = make("vlm_gym/Household-v1", notes="goal"), 0
    for seed in range(8):
        _, info = env.reset(seed=seed)
        closed = set()
        for command in [name for name in info["admissible_actions"] if name.startswith("go to")][:25]:
            *_, info = env.step(answer(command))
            view, notes = env.unwrapped.game.view(), env.unwrapped._notes
            closed |= {spot.name for spot in view.facing if spot.is_open is False}
            left = info["observation_text"].partition(". Not looked into: ")[2].partition(".")[0].split(", ")
            for name in {*left} & closed:
                others = [spot.name for spot in view.receptacles if spot.kind == name.split()[0] and not spot.is_here]
                assert {other for other in others if other not in notes.contents} <= closed
                num_closed += 1
    assert num_closed > 20


def test_notes_for_the_goal_tell_apart_what_lies_where_two_things_belong():
    env, num_told = make("vlm_gym/Household-v1", notes="goal"), 0
    for seed in range(10):
        _, info = env.reset(seed=seed, options={"task_type": "two"})
        is_over = False
        while not is_over:
            *_, is_over, _, info = env.step(answer(env.unwrapped.searcher_action()))
            goal, words = env.unwrapped.game.world.goal, info["observation_text"]
            if " In place: " in words and not is_over:
                thing, _, spot = words.partition(" In place: ")[2].partition(".")[0].partition(" at ")
                assert (thing.split()[-2], spot.split()[0]) == (goal.target, goal.destination)
                num_told += 1
        assert info["is_success"]
    assert num_told >= 10
