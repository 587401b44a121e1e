"""The ablations: which runs they are, that they stop and go on, and the plot."""

import numpy as np
import pytest
from PIL import Image

from baselines.ablations import AblationConfig, main, table, variants_of
from baselines.config import build
from baselines.demonstrations import demonstrate
from baselines.session import read_train_config
from baselines.settings import TaskConfig


def test_the_variants_are_those_of_the_paper():
    base = read_train_config(["--config", "tiny-numberline"], "")
    configs = [variant.of(base, AblationConfig(updates=3), 7) for variant in variants_of(AblationConfig())]
    assert [config.ppo.thought_weight for config in configs] == [1.0, 0.0, 0.2, 0.5, 1.0]
    assert ["prompt" in config.task.arguments for config in configs] == [True, False, False, False, False]
    assert {(config.seed, config.ppo.updates) for config in configs} == {(7, 3)}
    assert len({config.folder for config in configs}) == 5


@pytest.mark.parametrize(("arguments", "names"), [({}, True), ({"prompt": "action_only"}, False)])
def test_without_thoughts_an_answer_is_the_action_alone(arguments, names):
    task = TaskConfig("NumberLine-v0", {"image_size": 84, **arguments})
    answer = next(demonstrate([task.episode(0)], "oracle", np.random.default_rng(0))).text
    assert ("current number" in answer) is names
    assert '"action"' in answer


def test_the_table_counts_the_episodes_of_all_seeds():
    def run(start, end):
        return [
            {"update": 0, "sampled/success": start, "greedy/success": start, **episodes},
            {"update": 1, "rollout/success": 0.0},
            {"update": 2, "sampled/success": end, "greedy/success": 1.0, **episodes},
        ]

    episodes = {"sampled/episodes": 100, "greedy/episodes": 100}
    (_, _, line) = table({"lambda 1": [run(0.25, 0.9), run(0.35, 1.0)]}, "success").splitlines()
    assert line == "| lambda 1 | 30.0 % (24-37) | 95.0 % (91-97) | 100.0 % (98-100) |"


def test_no_seed_is_refused():
    with pytest.raises(ValueError, match="seeds must be a list"):
        build(AblationConfig, {"seeds": []})


@pytest.mark.slow
def test_they_run_end_in_a_plot_and_are_not_run_again(tmp_path, capsys, monkeypatch):
    quick = tmp_path / "quick.yaml"
    quick.write_text(
        "base: tiny-numberline\nthreads: 1\ntask: {num_envs: 4}\nsft: {steps: 2, batch: 4, episodes: 4}\n"
        "ppo: {turns: 2, minibatch: 8, epochs: 1}\nevaluation: {episodes: 4, every: 5}\nsampling: {max_new_tokens: 8}\n"
    )
    arguments = ["--run", str(quick), "--folder", str(tmp_path / "out"), "--updates", "1", "--lambdas", "[0, 0.5]"]
    main([*arguments, "--figure", str(tmp_path / "figures" / "ablations.png")])
    with Image.open(tmp_path / "figures" / "ablations.png") as picture:
        assert picture.width > 500
    assert len(list((tmp_path / "out").glob("*-seed-0/ppo/step-000001"))) == 3
    monkeypatch.setattr("baselines.ppo.train", None)  # a second sitting only reads
    main(arguments)
