"""The demo runs the commands that it shows, and writes what it names."""

import pytest

from vlm_gym.demo import AGENTS, PANELS, main


@pytest.mark.slow
def test_the_demo_writes_runs_a_report_and_pictures(tmp_path, capsys):
    pytest.importorskip("httpx", reason="the demo needs the extra [eval]")
    out = tmp_path / "demo"
    main(["--first", "1", "--out", str(out)])
    assert sorted(path.name for path in out.iterdir()) == [
        "report.html",
        "report.md",
        "results.json",
        "runs",
        "tasks.png",
        "themes.png",
    ]
    output = capsys.readouterr().out
    assert output.count("$ vlm-gym eval") == len(PANELS) * len(AGENTS)
    assert "NumberLine-v0" in output
    main(["--first", "1", "--out", str(out)])  # again, over what is there
