"""An OpenEnv server of ours and OpenEnv's own client: sixteen sessions at once, the scores of the evaluator."""

import asyncio

import pytest
from adapters.openenv_server import serving
from adapters.pixel_model import PixelModel, PixelServer, chosen_episodes
from adapters.run_example import run_example

from vlm_gym import get_panel
from vlm_gym.errors import ConfigError

openenv = pytest.importorskip("openenv", reason="openenv is not installed: make adapters")

from vlm_gym.adapters.openenv import Answer, VlmGymEnvironment  # noqa: E402


@pytest.fixture(scope="module")
def url():
    with serving() as (address, _):
        yield address


async def play(url, model, gate, start):
    async with gate, openenv.GenericEnvClient(base_url=url) as client:
        result = await client.reset(**start)
        conversation, total = list(result.observation["news"]), 0.0
        while not result.done:
            assert result.observation["messages"][-1] == conversation[-1]
            result = await client.step({"text": model.answer_messages(conversation)})
            total += result.reward
            conversation = [*conversation, *result.observation["news"]]
        return total, result.observation["metrics"]


@pytest.mark.slow
def test_sixteen_sessions_play_as_the_evaluator_does(url):
    episodes = chosen_episodes() * 3
    model = PixelModel(chosen_episodes())
    starts = [
        {"task": e.task, "seed": e.seed, "arguments": dict(e.arguments), "options": e.options and dict(e.options)}
        for e in episodes
    ]

    async def everything():
        gate = asyncio.Semaphore(16)
        return await asyncio.gather(*(play(url, model, gate, start) for start in starts))

    played = asyncio.run(everything())
    assert not model.unknown
    for episode, (total, metrics) in zip(episodes, played, strict=True):
        assert metrics == model.expected[episode.key]
        assert total == pytest.approx(metrics["return"])


@pytest.mark.slow
def test_what_is_wrong_comes_back_in_words_and_the_session_goes_on(url):
    async def talk():
        said = []
        async with openenv.GenericEnvClient(base_url=url) as client:
            for start in ({"task": "vlm_gym/Nope-v0"}, {}, {"split": "cards-v0", "index": 10**6}, {"tsk": "x"}):
                with pytest.raises(Exception, match=r".") as caught:
                    await client.reset(**start)
                said.append(str(caught.value))
            result = await client.reset(split="cards-v0", index=0)
            assert not result.done
        return said

    unknown, nothing, beyond, misspelt = asyncio.run(talk())
    assert "Nope" in unknown
    assert "a task and a seed, or a split and an index" in nothing
    assert "index must be from 0" in beyond
    assert "tsk" in misspelt


def test_panels_are_splits_whose_tasks_are_what_reset_plays():
    env = VlmGymEnvironment()
    assert {"cards-v0", "household-v0"} <= set(env.list_splits())
    tasks = env.get_task_range("cards-v0", 0, 3)
    assert [task["index"] for task in tasks] == [0, 1, 2]
    assert len(env.list_tasks("cards-v0")) == env.num_tasks("cards-v0")
    env.reset(split="cards-v0", index=2)
    assert env.state.episode_id == tasks[2]["id"]
    env.close()


def test_a_late_answer_changes_nothing():
    env = VlmGymEnvironment()
    env.reset(task="vlm_gym/NumberLine-v0", seed=3)
    done = [env.step(Answer(text="hm")) for _ in range(10)][-1]
    assert done.done
    assert done.truncated
    late = env.step(Answer(text="hm"))
    assert (late.done, late.reward, late.news, late.metrics) == (True, 0.0, [], done.metrics)
    assert env.state.step_count == 10


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"task": "vlm_gym/NumberLine-v0", "settings": {"histry": 1}}, "histry"),
        ({"task": "vlm_gym/NumberLine-v0", "parser": "yaml"}, "yaml"),
        ({"task": "vlm_gym/NumberLine-v0", "split": "cards-v0"}, "a task and a seed, or a split and an index"),
        ({"split": "card-v0", "index": 0}, "card-v0"),
        ({"split": "cards-v0"}, "index"),
    ],
)
def test_a_wrong_reset_is_told(start, message):
    with pytest.raises(ConfigError, match=message):
        VlmGymEnvironment().reset(**start)


@pytest.mark.slow
def test_the_example_plays_a_panel_as_the_evaluator_does(url, tmp_path):
    episodes = get_panel("cards-v0").episodes[:6]
    model = PixelModel(episodes)
    with PixelServer(model) as server:
        options = ("--server", url, "--episodes", 6, "--model", "pixels", "--endpoint", server.url)
        said = run_example("openenv_client", tmp_path, *options)
    assert not model.unknown
    means = {
        name: sum(metrics[name] for metrics in model.expected.values()) / 6
        for name in next(iter(model.expected.values()))
    }
    assert said.strip() == "6 episodes: " + ", ".join(f"{name} {value:.2f}" for name, value in means.items())
