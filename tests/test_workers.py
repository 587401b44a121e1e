"""`gym.make("vlm_gym:vlm_gym/ID")` works in processes that have imported nothing but gymnasium."""

import json
import subprocess
import sys
from functools import partial

import gymnasium as gym
import pytest
from at_hand import PLAYABLE_IDS

NUMBER_LINE = "vlm_gym/NumberLine-v0"


def test_every_id_can_be_made_in_a_process_that_imports_nothing():
    script = (
        "import json, sys\n"
        "import gymnasium as gym\n"
        "assert 'vlm_gym' not in sys.modules\n"
        "for task in json.loads(sys.argv[1]):\n"
        "    env = gym.make(f'vlm_gym:{task}', image_size=84)\n"
        "    print(env.spec.id, env.spec.max_episode_steps, env.reset(seed=0)[0].sum())\n"
    )
    strict = ("-W", "error", "-W", "ignore::DeprecationWarning", "-W", "ignore::UserWarning")  # old ids, small pictures
    output = subprocess.run(
        [sys.executable, *strict, "-c", script, json.dumps(PLAYABLE_IDS)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    envs = [gym.make(task, image_size=84) for task in PLAYABLE_IDS]
    expected = [f"{env.spec.id} {env.spec.max_episode_steps} {env.reset(seed=0)[0].sum()}" for env in envs]
    assert output.splitlines() == expected


@pytest.mark.parametrize("arguments", [{"parser": "json"}, {"info": "numeric"}])
def test_spawned_workers_make_it_by_its_name(arguments):
    make = partial(gym.make, f"vlm_gym:{NUMBER_LINE}", image_size=84, **arguments)
    envs = gym.vector.AsyncVectorEnv([make] * 2, context="spawn")
    infos = envs.reset(seed=0)[1]
    singles = [gym.make(NUMBER_LINE, image_size=84, **arguments) for _ in range(2)]
    for i, env in enumerate(singles):
        assert infos["progress"][i] == env.reset(seed=i)[1]["progress"]
    assert len(infos["is_success"]) == 2
    assert envs.call("spec") == tuple(env.spec for env in singles)
    envs.close()


def test_make_vec_takes_the_name_too():
    envs = gym.make_vec(f"vlm_gym:{NUMBER_LINE}", 2, "async", vector_kwargs={"context": "spawn"}, image_size=84)
    prompts = envs.reset(seed=0)[1]["prompt"]
    assert prompts[0] == gym.make(NUMBER_LINE, image_size=84).reset(seed=0)[1]["prompt"]
    envs.close()
