"""A person's game without a browser: what is told, what is recorded, and what two tabs cannot do."""

import itertools
import json
import os
import resource
import shutil
import time

import pytest

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import RunError
from vlm_gym.evaluation.runs.run_folder import picture_path, read_episodes, read_run, read_turns
from vlm_gym.registration import TASKS
from vlm_gym.web.game import Game, StaleError, seeds_from
from vlm_gym.web.recording import Recording, describe_open_run

EASY = {"position": 1, "target": 3}
HIDDEN = ("observation_text", "oracle", "value", "readings", "regret")


def say(game, *texts):
    state = game.show()
    for text in texts:
        state = game.answer(state["version"], text)
    return state


def test_a_game_is_recorded_as_it_was_played(begin, folder):
    with begin("NumberLine", options=EASY) as game:
        state = say(game, "hm", "-", '{"thoughts": "3 > 1", "action": "+"}', "+", "+")
    assert state["phase"] == "over"
    turns, (episode,) = read_turns(folder), read_episodes(folder)
    assert [turn.answers[-1] for turn in turns] == ["hm", "-", '{"thoughts": "3 > 1", "action": "+"}', "+", "+"]
    assert [turn.action for turn in turns] == [None, "-", "+", "+", "+"]
    assert [turn.fault is None for turn in turns] == [False, True, True, True, True]
    assert all(picture_path(folder, turn.picture).exists() for turn in turns)
    assert picture_path(folder, episode.final_picture).exists()
    assert (episode.is_success, episode.num_turns, episode.num_faults) == (True, 5, 1)
    assert episode.total_reward == sum(turn.reward for turn in turns) == state["episode"]["total_reward"]
    run = read_run(folder)
    assert run["agent"] == {"name": "human", "interface": "web", "told": "as a game"}
    assert (run["panel"], run["episodes"], list(run["specs"])) == (None, [], ["vlm_gym/NumberLine-v0"])


def test_the_latency_is_the_persons_thinking_time(begin, folder):
    with begin("NumberLine", options=EASY) as game:
        time.sleep(0.2)  # nobody has seen the picture yet
        start_s = time.monotonic()
        state = game.show()
        time.sleep(0.05)
        game.show()  # a second tab does not start the clock again
        game.answer(state["version"], "+")
        elapsed_s = time.monotonic() - start_s
    (turn,) = read_turns(folder)
    assert 0.05 <= turn.latency_s <= elapsed_s


def test_nothing_hidden_is_told_while_the_game_goes_on(begin):
    with begin("Blackjack", seed=1) as game:
        state = game.show()
        assert state["episode"]["result"] is None
        assert not any(word in json.dumps(state) for word in HIDDEN)
        assert "10 of clubs" not in json.dumps(state)
        state = say(game, "stand")
        assert state["episode"]["result"]["turns"][0]["oracle_action"] in ("hit", "stand")


def test_a_stale_answer_is_not_played(begin, folder):
    with begin("NumberLine", options=EASY) as game:
        version = game.show()["version"]
        game.answer(version, "+")
        with pytest.raises(StaleError, match="another tab"):
            game.answer(version, "+")
        with pytest.raises(StaleError, match="not over"):
            game.go_on(version + 1)
        state = game.answer(version + 1, "+")
        with pytest.raises(StaleError, match="the episode is over"):
            game.answer(state["version"], "+")
        with pytest.raises(StaleError, match="nothing to choose"):
            game.choose(state["version"], "vlm_gym/Blackjack-v0")
    assert len(read_turns(folder)) == 2


def test_a_game_goes_on_where_it_was_left(begin, folder):
    with begin("NumberLine", options=EASY) as game:
        before = say(game, "hm", "+")
    with begin("NumberLine", options=EASY) as game:
        after = game.show()
        assert after["episode"] == before["episode"]
        state = say(game, "+")
        assert (state["phase"], state["episode"]["seed"], state["num_played"]) == ("over", 0, 1)
    with begin("NumberLine", options=EASY) as game:
        assert game.show()["episode"]["seed"] == 1
    assert [turn.turn for turn in read_turns(folder)] == [1, 2, 3]


def test_a_game_that_stopped_before_its_last_line_is_finished(begin, folder):
    with begin("NumberLine", options=EASY) as game:
        say(game, "+", "+")
    (folder / "episodes.jsonl").write_text("")
    with begin("NumberLine", options=EASY) as game:
        assert game.show()["phase"] == "over"
    assert len(read_episodes(folder)) == 1


def test_the_next_episode_is_the_next_seed(begin):
    with begin("NumberLine", seed=5, options=EASY) as game:
        state = say(game, "+", "+")
        state = game.go_on(state["version"])
        assert (state["phase"], state["episode"]["seed"], state["episode"]["log"]) == ("play", 6, [])


def test_a_list_of_episodes_ends(folder):
    episodes = tuple(itertools.islice(seeds_from("vlm_gym/NumberLine-v0", 3, {}, EASY), 2))
    with Game(Recording(folder, describe_open_run(episodes)), episodes, len(episodes)) as game:
        state = say(game, "+", "+")
        state = say(game, "+") if game.go_on(state["version"]) else None
        state = game.go_on(say(game, "+")["version"])
        assert (state["phase"], state["num_played"], state["num_successes"]) == ("done", 2, 2)
        assert state["episode"] is None
        with pytest.raises(StaleError):
            game.answer(state["version"], "+")


def test_a_task_that_is_left_can_be_taken_up_again(folder):
    with Game(Recording(folder, describe_open_run()), choose=lambda task: seeds_from(task, 0)) as game:
        state = game.show()
        assert (state["phase"], len(state["tasks"])) == ("choose", len(TASKS))
        state = game.choose(state["version"], "vlm_gym/Points24-v0")
        state = say(game, "I wonder")
        state = game.choose(state["version"], None)
        assert state["phase"] == "choose"
        state = game.choose(state["version"], "vlm_gym/Blackjack-v0")
        state = game.choose(state["version"], "vlm_gym/Points24-v0")
        assert [turn["answer"] for turn in state["episode"]["log"]] == ["I wonder"]


def test_a_turn_that_cannot_be_written_is_not_played(begin, folder):
    with begin("NumberLine", options=EASY) as game:
        state = say(game, "+")
        size = (folder / "turns.jsonl").stat().st_size
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            with pytest.raises(RunError, match="cannot write"):
                game.answer(state["version"], "+")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        state = game.show()
        assert (state["phase"], len(state["episode"]["log"])) == ("play", 1)
        assert say(game, "+")["phase"] == "over"
    assert len(read_turns(folder)) == 2


def test_an_end_that_cannot_be_written_is_written_once_it_can(begin, folder):
    with begin("NumberLine", options=EASY) as game:
        say(game, "+", "+")
    last = picture_path(folder, read_episodes(folder)[0].final_picture)
    shutil.rmtree(folder)
    with begin("NumberLine", options=EASY) as game:
        say(game, "+")
        in_the_way = last.with_name(f"{last.name}.{os.getpid()}.part")
        in_the_way.mkdir()
        for _ in range(2):
            with pytest.raises(RunError, match="cannot write"):
                game.answer(game.show()["version"], "+")
            assert game.show()["phase"] == "play"
        in_the_way.rmdir()
        assert say(game, "+")["phase"] == "over"
    assert (len(read_turns(folder)), len(read_episodes(folder))) == (2, 1)
    assert last.exists()


def test_a_folder_keeps_to_one_kind_of_run(folder, begin):
    with begin("NumberLine"):
        pass
    with begin("Blackjack"):  # another task may join
        pass
    run = {**describe_open_run((EpisodeSpec("vlm_gym/Blackjack-v0", 0),)), "agent": {"name": "oracle"}}
    with pytest.raises(RunError, match=r"holds another run; choose another folder with --out.*agent\.name"):
        Recording(folder, run)


def test_a_picture_is_served_for_each_turn_seen_and_no_other(begin):
    with begin("NumberLine", options=EASY) as game:
        first = game.show()["episode"]["picture"]
        say(game, "+")
        second = game.show()["episode"]["picture"]
        assert game.picture(first).startswith(b"\x89PNG")
        assert game.picture(second).startswith(b"\x89PNG")
        assert game.picture("../run") is None


def test_the_oracles_view_tells_a_mistake_from_bad_luck(begin):
    with begin("EZPoints", options={"cards": ["2H", "10S"]}) as game:
        state = say(game, "2", "*", "10", "=")
        told = state["episode"]["result"]
        assert told["outcome"] == "No success"
        assert told["oracles_view"].endswith("probability 1. Turn 2 lost most of it: from 1 to 0.")
        assert [turn["is_loss"] for turn in told["turns"]] == [False, True, False, False]
    with begin("Blackjack", seed=1) as game:
        say(game, "hit")
        told = say(game, "stand")["episode"]["result"]
        assert told["oracles_view"].endswith("No turn of yours lowered it: bad luck did.")


@pytest.mark.parametrize("task", [task.id for task in TASKS.values() if not task.needs_data and task.num_actions])
def test_what_a_button_sends_is_read_as_its_action(task):
    for seed in range(3):
        env = EpisodeSpec(task, seed).make()
        _, info = env.reset(seed=seed)
        parser, vocabulary = env.get_wrapper_attr("parser"), env.unwrapped.actions
        for action in info["admissible_actions"]:
            assert parser.parse(action, vocabulary).action == action
        env.close()
