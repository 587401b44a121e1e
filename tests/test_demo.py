"""The demo's scores lie where the exact floors and ceilings say."""

import pytest

from vlm_gym.demo import AGENTS, DEMO_STARTS, NUM_EPISODES, _play, main
from vlm_gym.evaluation.statistics import wilson_interval
from vlm_gym.registration import TASKS

Z_99_99 = 3.890592  # wide enough for a dozen intervals at once


@pytest.mark.parametrize("task", DEMO_STARTS)
@pytest.mark.parametrize("agent", AGENTS)
def test_a_score_agrees_with_the_exact_probability(task, agent):
    score = _play(task, AGENTS[agent], NUM_EPISODES, lambda: None)
    exact = TASKS[task].random_success if agent == "random" else TASKS[task].best_success  # or well measured
    low, high = wilson_interval(score.num_successes, score.num_episodes, z=Z_99_99)
    assert low <= exact <= high


def test_the_demo_writes_its_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    pytest.importorskip("rich", reason="the demo shows its progress with rich: pip install 'vlm-gym[demo]'")
    main(["--episodes", "2", "--out", str(tmp_path / "demo")])
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == ["tasks.png", "themes.png"]
    output = capsys.readouterr().out
    assert all(f" {task[8:-3]} " in output for task in DEMO_STARTS)
    assert "…" not in output
