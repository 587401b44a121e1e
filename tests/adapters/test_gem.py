"""GEM makes and plays our environment, alone and in its vector environments."""

import pytest
from adapters.pixel_model import PixelModel, PixelServer, chosen_episodes
from adapters.run_example import run_example, told

from vlm_gym import EpisodeSpec

gem = pytest.importorskip("gem", reason="gem-llm is not installed: make adapters")

SHORT = {"vlm_gym/NumberLine-v0": "NumberLine", "vlm_gym/Points24-v0": "Points24", "vlm_gym/Household-v0": "Household"}


@pytest.fixture(scope="module", autouse=True)
def _registered():
    for task, name in SHORT.items():
        gem.register(f"vlm_gym:{name}", "vlm_gym.adapters.gem:VlmGymEnv", task=task)


@pytest.mark.parametrize("episode", chosen_episodes(), ids=lambda episode: f"{episode.task}-{episode.seed}")
def test_an_episode_is_what_the_evaluator_plays(episode):
    model = PixelModel([episode])
    env = gem.make(f"vlm_gym:{SHORT[episode.task]}", options=episode.options, **episode.arguments)
    observation, info = env.reset(seed=episode.seed)
    total, is_over = 0.0, False
    while not is_over:
        (picture,) = observation["image"]
        text = model.answer(picture, observation["prompt"].removeprefix("<image>\n"))
        observation, reward, is_terminated, is_truncated, info = env.step(text)
        total, is_over = total + reward, is_terminated or is_truncated
    assert not model.unknown
    assert info["metrics"] == model.expected[episode.key]
    assert total == pytest.approx(info["metrics"]["return"])
    assert observation == {"prompt": "", "image": []}
    env.close()


def test_seeds_decide_and_later_episodes_follow_from_the_first():
    one, other = gem.make("vlm_gym:Points24"), gem.make("vlm_gym:Points24", seed=7)
    first = one.reset(seed=7)[0]["image"][0].tobytes()
    assert other.reset()[0]["image"][0].tobytes() == first
    second = one.reset()[0]["image"][0].tobytes()
    assert second != first
    assert other.reset()[0]["image"][0].tobytes() == second
    assert one.spawn(seed=7).reset()[0]["image"][0].tobytes() == first


def test_random_actions_do_not_change_what_the_episode_deals():
    env, other = gem.make("vlm_gym:NumberLine"), gem.make("vlm_gym:NumberLine")
    env.reset(seed=3), other.reset(seed=3)
    answers = [env.sample_random_action() for _ in range(4)]
    assert [env.step(answer)[1:4] for answer in answers] == [other.step(answer)[1:4] for answer in answers]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_vector_environment_steps_and_begins_again_by_itself(is_async):
    names = [f"vlm_gym:{name}" for name in SHORT.values()]
    vector = gem.make_vec(names, async_mode=is_async, seed=5)
    observations, _ = vector.reset(seed=7)
    assert len(observations) == 3
    ends = 0
    for _ in range(12):
        _, _, terminated, truncated, _ = vector.step(["I do not know."] * 3)
        ends += sum(one or other for one, other in zip(terminated, truncated, strict=True))
    assert ends  # NumberLine has ten turns


@pytest.mark.slow
def test_the_example_plays_what_the_evaluator_plays(tmp_path):
    episodes = [EpisodeSpec("vlm_gym/Points24-v0", seed) for seed in (3, 4)]
    model = PixelModel(episodes)
    with PixelServer(model) as server:
        options = ("--task", episodes[0].task, "--seed", 3, "--episodes", 2, "--model", "pixels")
        said = run_example("gem_play", tmp_path, *options, "--endpoint", server.url)
    assert not model.unknown
    assert said.splitlines() == [f"seed {each.seed}: {told(model.expected[each.key])}" for each in episodes]
