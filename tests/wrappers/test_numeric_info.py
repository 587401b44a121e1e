"""info="numeric": numbers and arrays of constant shape and dtype, as replay buffers and data sets can hold them."""

import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_CLASS, ONE_OF_EACH_KIND

from vlm_gym import ConfigError
from vlm_gym.chat import ChatSession
from vlm_gym.cli import main
from vlm_gym.registration import TASKS
from vlm_gym.wrappers import NumericInfo, PotentialShaping

NUMBER_LINE = "vlm_gym/NumberLine-v0"
DISCRETE_IDS = tuple(name for name in ONE_OF_EACH_KIND if not TASKS[name].is_text_only)


def make(task=NUMBER_LINE, **arguments):
    return gym.make(task, disable_env_checker=True, **{"image_size": 84, "info": "numeric", **arguments})


def played(env, num_turns=25):
    """Yield the info of every reset and step of episodes with random actions, some of which cannot be read."""
    env.action_space.seed(0)
    yield env.reset(seed=0)[1]
    for turn in range(num_turns):
        action = env.action_space.sample()
        *_, terminated, truncated, info = env.step("I do not know" if isinstance(action, str) and turn % 3 else action)
        yield info
        if terminated or truncated:
            yield env.reset()[1]


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_every_info_has_the_same_numbers_in_the_same_form(task):
    for arguments in [{"parser": "json"}] + [{"parser": None}] * (task in DISCRETE_IDS):
        infos = list(played(make(task, **arguments)))
        assert all(isinstance(value, (np.generic, np.ndarray)) for info in infos for value in info.values())
        assert len({tuple((name, value.dtype, value.shape) for name, value in info.items()) for info in infos}) == 1
        assert {value.dtype.kind for value in infos[0].values()} == {"i", "f"}  # no objects, no texts


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_the_numbers_are_those_of_the_full_info(task):
    for arguments in [{"parser": "json"}] + [{"parser": None}] * (task in DISCRETE_IDS):
        pairs = zip(played(make(task, **arguments)), played(make(task, info="full", **arguments)), strict=True)
        for numbers, info in pairs:
            terms = {name.removeprefix("reward_"): value for name, value in numbers.items() if "reward_" in name}
            assert terms == info["rewards"]
            assert (numbers["is_success"], numbers["progress"]) == (info["is_success"], info["progress"])
            assert numbers["is_illegal"] == (info["illegal"] is not None)
            assert numbers["is_fault"] == (info["fault"] is not None)
            assert np.array_equal(numbers.get("action_mask"), info.get("action_mask"))
            assert numbers.get("stuck") == info.get("stuck")


def test_arrays_of_a_vector_environment_keep_their_types():
    envs = gym.make_vec(NUMBER_LINE, 3, info="numeric", image_size=84)
    infos = envs.reset(seed=0)[1]
    assert {name: values.dtype.name for name, values in infos.items() if name[0] != "_"} == {
        name: value.dtype.name for name, value in make().reset(seed=0)[1].items()
    }


def test_the_spec_rebuilds_it():
    env = make()
    rebuilt = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert rebuilt.reset(seed=0)[1].keys() == env.reset(seed=0)[1].keys()


def test_shaping_adds_its_term():
    env = PotentialShaping(PotentialShaping(make(), gamma=0.9), gamma=0.9)
    assert env.reset(seed=0, options={"position": 1, "target": 3})[1]["reward_shaping"] == 0.0
    *_, info = env.step(1)
    assert info["reward_shaping"] == pytest.approx(2 * (0.9 - 1.0))
    assert info["reward_shaping"].dtype == np.float64


def test_what_needs_words_says_so():
    with pytest.raises(ConfigError, match="a chat needs info in words: make the env without info='numeric'"):
        ChatSession(make(parser="json")).reset(seed=0)
    with pytest.raises(ConfigError, match=r"info must be one of 'full', 'numeric'; got 'numerc'. Did you mean"):
        make(info="numerc")
    with pytest.raises(ConfigError, match=r"NumericInfo needs a task of vlm_gym without other wrappers"):
        NumericInfo(gym.make("CartPole-v1"))


def test_the_command_line_and_the_trainer_refuse_it(capsys):
    assert main(["show", "NumberLine-v0", "--arg", "info=numeric"]) == 2
    assert "--arg info cannot be chosen here" in capsys.readouterr().err
    pytest.importorskip("torch", reason="torch is not installed: make train")
    from baselines.settings import TaskConfig

    with pytest.raises(ConfigError, match=r"task\.arguments must be .*; info is chosen by the trainer, got 'numeric'"):
        TaskConfig("NumberLine-v0", {"info": "numeric"})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", ONE_OF_EACH_CLASS)
def test_tianshous_collector_takes_it(task):
    pytest.importorskip("tianshou", reason="tianshou is not installed: pip install tianshou")
    from tianshou.algorithm.algorithm_base import Policy
    from tianshou.data import Batch, Collector, VectorReplayBuffer
    from tianshou.env import DummyVectorEnv

    class RandomPolicy(Policy):
        def forward(self, batch, state=None, **_):
            return Batch(act=np.array([self.action_space.sample() for _ in batch.obs]), state=state)

    envs = DummyVectorEnv([lambda: make(task, max_episode_steps=6)] * 3)
    buffer = VectorReplayBuffer(60, 3)
    collector = Collector(RandomPolicy(action_space=envs.action_space[0]), envs, buffer)
    collector.reset()
    assert collector.collect(n_step=30).n_collected_episodes >= 3
    for name, value in make(task).reset(seed=0)[1].items():
        assert (buffer.info[name].dtype, buffer.info[name].shape[1:]) == (value.dtype, value.shape)
    assert len(buffer) == 30


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", ONE_OF_EACH_CLASS)
def test_torchrls_collector_and_info_reader_take_it(task):
    """`GymEnv` also tries the argument `frameskip`, and goes on where a TypeError says that there is none."""
    pytest.importorskip("torchrl", reason="torchrl is not installed: pip install torchrl")
    import torchrl.collectors
    from torchrl.envs import GymEnv, check_env_specs
    from torchrl.envs.utils import RandomPolicy

    def make_env():
        return GymEnv(task, image_size=84, info="numeric").auto_register_info_dict()

    env = make_env()
    check_env_specs(env)
    kind = getattr(torchrl.collectors, "Collector", None) or torchrl.collectors.SyncDataCollector
    collector = kind(make_env, RandomPolicy(env.action_spec), frames_per_batch=20, total_frames=40)
    batches = list(collector)
    collector.shutdown()
    assert sum(batch.numel() for batch in batches) == 40
    for name, value in make(task).reset(seed=0)[1].items():
        read = batches[0]["next", name]
        assert (tuple(read.shape[1:]), str(read.dtype)) == (value.shape, f"torch.{value.dtype}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("data_format", ["hdf5", "arrow"])
@pytest.mark.parametrize("task", ONE_OF_EACH_CLASS)
def test_minaris_data_collector_records_it(task, data_format, tmp_path, monkeypatch):
    for module in ("minari", "jax", "h5py", "pyarrow"):
        pytest.importorskip(module, reason=f"{module} is not installed: pip install 'minari[create,hdf5,arrow]'")
    import minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    env = minari.DataCollector(make(task, max_episode_steps=6), record_infos=True, data_format=data_format)
    lengths = []
    for seed in range(3):
        infos = [env.reset(seed=seed)[1]]
        is_over = False
        while not is_over:
            *_, terminated, truncated, info = env.step(env.action_space.sample())
            infos.append(info)
            is_over = terminated or truncated
        lengths.append(len(infos))
    data_set = env.create_dataset(
        dataset_id="vlm/test-v0", algorithm_name="random", author="x", author_email="x", code_permalink="x",
        description="x",
    )  # fmt: skip
    assert [len(episode.infos["progress"]) for episode in data_set] == lengths
    for name, value in infos[-1].items():
        recorded = data_set[2].infos[name]
        assert (recorded.dtype, recorded.shape[1:]) == (value.dtype, value.shape)
        assert np.array_equal(recorded[-1], value)
