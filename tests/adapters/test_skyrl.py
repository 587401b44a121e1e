"""skyrl-gym makes and plays our environment: the same rewards and metrics as the evaluator's."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from adapters.pixel_model import PixelModel, PixelServer, chosen_episodes
from adapters.run_example import run_example, told

from vlm_gym import EpisodeSpec, get_panel
from vlm_gym.errors import ConfigError

skyrl_gym = pytest.importorskip("skyrl_gym", reason="skyrl-gym is not installed: make adapters")

NAME = "vlm_gym"


@pytest.fixture(scope="module", autouse=True)
def _registered():
    skyrl_gym.register(NAME, "vlm_gym.adapters.skyrl:VlmGymEnv")


def play(model, episode, config=None, prompt=({"role": "user", "content": ""},)):
    env = skyrl_gym.make(NAME, env_config=config or {}, extras={"env_class": NAME, **episode.to_row()})
    conversation, _ = env.init(list(prompt))
    total, is_over = 0.0, False
    while not is_over:
        text = model.answer_messages(conversation)
        output = env.step(text)
        total, is_over = total + output["reward"], output["done"]
        conversation = [*conversation, {"role": "assistant", "content": text}, *output["observations"]]
    late = env.step("too late")
    assert (late["reward"], late["done"], late["observations"]) == (0.0, True, [])
    metrics = env.get_metrics()
    env.close()
    return total, metrics, conversation


def test_sixteen_play_at_once_as_the_evaluator_does():
    episodes = chosen_episodes()
    model = PixelModel(episodes)
    with ThreadPoolExecutor(16) as pool:
        played = list(pool.map(lambda episode: play(model, episode), episodes * 3))
    assert not model.unknown
    for episode, (total, metrics, conversation) in zip(episodes * 3, played, strict=True):
        assert metrics == model.expected[episode.key]
        assert total == pytest.approx(metrics["return"])
        assert [message["role"] for message in conversation] == ["user", "assistant"] * (len(conversation) // 2)


def test_a_system_message_of_the_row_stays_and_settings_come_from_the_config():
    episode = chosen_episodes()[0]
    model = PixelModel([episode])
    prompt = [{"role": "system", "content": "Play."}, {"role": "user", "content": ""}]
    assert play(model, episode, prompt=prompt)[2][0] == prompt[0]
    assert play(model, episode, {"system": "Ours."})[2][0] == {"role": "system", "content": "Ours."}


@pytest.mark.parametrize(
    ("config", "extras", "message"),
    [
        ({"history": 3}, {}, "history=3 means nothing with append_only"),
        ({"sytem": "x"}, {}, "sytem.*system"),
        ({}, {"task": "vlm_gym/Nope-v0"}, "Nope"),
        ({}, {"seed": "x"}, "seed"),
    ],
)
def test_what_is_wrong_is_told(config, extras, message):
    row = {**chosen_episodes()[0].to_row(), **extras}
    with pytest.raises(ConfigError, match=message):
        skyrl_gym.make(NAME, env_config=config, extras=row).init([])


@pytest.mark.slow
def test_the_example_writes_rows_and_plays_the_first(tmp_path):
    episodes = get_panel("cards-v0").first(2).episodes
    model = PixelModel(episodes[:1])
    with PixelServer(model) as server:
        said = run_example("skyrl_rows", tmp_path, "--first", 2, "--model", "pixels", "--endpoint", server.url)
    assert not model.unknown
    assert said.splitlines() == [
        f"rows.jsonl: {len(episodes)} rows",
        f"{episodes[0].task}: {told(model.expected[episodes[0].key])}",
    ]
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [EpisodeSpec.from_row(row) for row in rows] == list(episodes)
    assert {row["env_class"] for row in rows} == {NAME}
