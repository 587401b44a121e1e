"""The human baseline: a person gets what a model gets, no less and no more, and the records say so."""

import json
import random

import pytest
from browser import mistakes
from recorded import results
from sample_runs import play

from vlm_gym.actions import ActionSet
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import RunError
from vlm_gym.evaluation.models.agents import ScriptedAgent
from vlm_gym.evaluation.runs.plan import Plan, describe
from vlm_gym.evaluation.runs.run_folder import RUN_FILE, read_run, read_turns
from vlm_gym.messages import picture_name
from vlm_gym.registration import TASKS
from vlm_gym.rollout import Rollout
from vlm_gym.web.game import Game
from vlm_gym.web.recording import Recording
from vlm_gym.web.telling import Telling
from vlm_gym.web.view import named_actions

PLAYABLE = [task.id for task in TASKS.values() if not task.needs_data]
MUCH = ChatSettings(system="Play.", history=2, tell_mistakes=True, max_reasks=1, picture_size=400)
TELLINGS = [
    ChatSettings(),
    MUCH,
    ChatSettings(show="text", history="all"),
    ChatSettings(show="both", history=1, history_pictures=False),
]
NUM_TURNS = 8


@pytest.fixture
def baseline(folder):
    """Return a function that begins a baseline in the test's folder, or goes on with it."""

    def begin(*episodes, chat=None, parser="json"):
        telling = Telling(is_as_model=True, chat=chat or ChatSettings(), parser=parser)
        recording = Recording(folder, describe(Plan(episodes, None, parser, telling.chat), telling.description))
        return Game(recording, episodes, len(episodes), telling=telling)

    return begin


def sent(rollout):
    return [
        {"role": each.role, "text": each.text, "picture": None if each.picture is None else picture_name(each.picture)}
        for each in rollout.messages()
    ]


@pytest.mark.parametrize("task", PLAYABLE)
def test_a_person_is_told_what_a_model_is_sent_and_nothing_else(baseline, task):
    """Turn by turn, in every task, for all ways of telling."""
    episode, rng = EpisodeSpec(task, 3), random.Random(0)
    chat = TELLINGS[PLAYABLE.index(task) % len(TELLINGS)]
    with baseline(episode, chat=chat) as game, Rollout(chat, parser="json") as model:
        state, step = game.show(), model.start(episode)
        for _ in range(NUM_TURNS):
            assert set(state) <= {"version", "phase", "can_choose", "tasks", "num_episodes", "num_played"} | {
                "num_successes", "is_as_model", "episode"
            }  # fmt: skip
            assert state["num_successes"] is None
            assert set(state["episode"]) == {"messages", "actions"}
            assert state["episode"]["messages"] == ([] if step.is_over else sent(model))
            if step.is_over:
                break
            for message in state["episode"]["messages"]:
                assert message["picture"] is None or game.picture(message["picture"])[:4] == b"\x89PNG"
            text = rng.choice([*state["episode"]["actions"], "I do not know"])
            state, step = game.answer(state["version"], text), model.answer(text)


@pytest.mark.parametrize("task", PLAYABLE)
def test_there_is_a_button_for_every_action_that_the_prompt_names(baseline, task):
    with baseline(EpisodeSpec(task, 5)) as game, Rollout(parser="json") as model:
        model.start(EpisodeSpec(task, 5))
        names = getattr(model.session.task.actions, "names", ())
        told = model.messages()[-1].text
        assert game.show()["episode"]["actions"] == [name for name in names if f'"{name}"' in told]


def test_illegal_actions_have_buttons_and_cost_a_turn(baseline, folder):
    with baseline(EpisodeSpec("vlm_gym/EZPoints-v0", 0)) as game:
        assert len(game.show()["episode"]["actions"]) == 13
        game.answer(1, "=")
    assert read_turns(folder)[0].illegal


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('One action: "hit" or "stand".', ["hit", "stand"]),
        ("Say hit, or say nothing.", ["hit"]),
        ("A white standing lamp.", []),
        ("", []),
    ],
)
def test_actions_that_a_text_does_not_name_have_no_buttons(text, named):
    assert named_actions(ActionSet(("hit", "stand")), text) == named


def test_how_it_went_is_told_once_all_is_played(baseline):
    won = [EpisodeSpec("vlm_gym/NumberLine-v0", seed, {}, {"position": 1, "target": 2}) for seed in (0, 1)]
    with baseline(*won) as game:
        state = game.answer(game.show()["version"], "+")
        assert (state["phase"], state["num_successes"]) == ("over", None)
        assert state["episode"] == {"messages": [], "actions": []}
        state = game.go_on(state["version"])
        state = game.go_on(game.answer(state["version"], "+")["version"])
        assert (state["phase"], state["num_successes"]) == ("done", 2)


def test_a_persons_run_and_a_models_are_the_same_records(baseline, folder, tmp_path):
    episode, answers = EpisodeSpec("vlm_gym/Points24-v0", 1), ["4", "what?", "hm", "+", "("]
    with baseline(episode, chat=MUCH) as game:
        state = game.show()
        for i in range(100):
            if state["phase"] != "play":
                break
            state = game.answer(state["version"], answers[i % len(answers)])

    class Cycle(ScriptedAgent):
        count = 0

        async def answer(self, session, rng):
            from vlm_gym.evaluation.models.agents import Reply

            self.count += 1
            return Reply(answers[(self.count - 1) % len(answers)])

    model = play(tmp_path / "model", Cycle(answers), [episode], chat=MUCH)
    theirs, ours = results(model), results(folder)
    assert [turn.answers for turn in theirs[0]] == [turn.answers for turn in ours[0]]
    assert [turn.requests for turn in theirs[0]] == [turn.requests for turn in ours[0]]
    assert theirs[1] == ours[1]


def test_the_run_says_how_it_was_played(baseline, folder, begin):
    with baseline(EpisodeSpec("vlm_gym/NumberLine-v0", 0), chat=MUCH, parser="tagged"):
        run = read_run(folder)
    assert run["agent"] == {"name": "human", "interface": "web", "told": "as a model"}
    assert (run["chat"]["history"], run["chat"]["max_reasks"], run["parser"]) == (2, 1, "tagged")
    with pytest.raises(RunError, match=r"holds another run.*parser"):
        begin("NumberLine")


def test_a_game_of_the_first_versions_goes_on_and_is_no_baseline(baseline, folder, begin):
    with begin("NumberLine"):
        run = json.loads((folder / RUN_FILE).read_text())
        assert run["agent"]["told"] == "as a game"
    del run["agent"]["told"]
    (folder / RUN_FILE).write_text(json.dumps(run))
    with begin("NumberLine"):
        pass
    with pytest.raises(RunError, match=r"holds another run"):
        baseline(EpisodeSpec("vlm_gym/NumberLine-v0", 0))


@pytest.mark.browser
def test_the_page_shows_a_request_and_nothing_of_what_it_paid(chromium, baseline, serve_game):
    episodes = [EpisodeSpec("vlm_gym/EZPoints-v0", seed) for seed in (0, 1)]
    with serve_game(baseline(*episodes, chat=ChatSettings(system="Be quick.", history=1))) as server:
        chromium.get("about:blank")
        mistakes(chromium)
        chromium.get(server.address)
        chromium.implicitly_wait(10)
        for turn in range(1, 7):
            chromium.find_element("css selector", f"body[data-version='{turn}'] #actions button[data-action='=']")
            text = chromium.find_element("tag name", "body").text.lower()
            assert "be quick." in text
            assert not [word for word in ("reward", "return", "success", "illegal", "oracle") if word in text]
            assert len(chromium.find_elements("css selector", "#actions button")) == 13
            assert (len(chromium.find_elements("css selector", "#conversation .assistant")) == 1) == (turn > 1)
            chromium.find_element("css selector", "#actions button[data-action='=']").click()
        chromium.find_element("css selector", "body[data-version='7'] #next").click()
        chromium.find_element("css selector", "body[data-version='8'] #actions button")
        assert "Episode 2 of 2" in chromium.find_element("tag name", "header").text
        chromium.implicitly_wait(0)
        assert mistakes(chromium) == []
