"""The benchmark of vector environments measures what it says, and our own cost less than Gymnasium's."""

import sys

import pytest

from benchmarks import vector_envs


@pytest.mark.slow
def test_it_prints_a_row_for_each_task_and_size(capsys, monkeypatch):
    arguments = "--tasks vlm_gym/NumberLine-v0 --sizes 84 300 --num-envs 16 --steps 20 --rounds 6"
    monkeypatch.setattr(sys, "argv", ["vector_envs", *arguments.split()])
    vector_envs.main()
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if "NumberLine" in line]
    assert [row[:2] for row in rows] == [["NumberLine-v0", "84"], ["NumberLine-v0", "300"]]
    for _, _, single, ours, ratio, shared, _, theirs, _ in rows:
        assert float(ratio) == pytest.approx(float(ours) / float(single), rel=0.05)
        assert max(float(ours), float(shared)) < float(theirs)
