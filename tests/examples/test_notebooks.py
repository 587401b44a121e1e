"""The notebooks run from their first cell to their last, as they are (`make notebooks` installs what they need)."""

import importlib.util
import json
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))}
NEEDS = {"train_with_sb3": ("stable_baselines3",), "fine_tune_a_tiny_vlm": ("torch", "transformers")}
TIMEOUT_S = 900
MOST_BYTES = 200_000  # small pictures are kept with a notebook, and no long logs


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs(name, tmp_path, monkeypatch):
    lacking = [
        each for each in ("nbclient", "ipykernel", *NEEDS.get(name, ())) if importlib.util.find_spec(each) is None
    ]
    if lacking and "VLM_GYM_NOTEBOOKS" not in os.environ:
        pytest.skip(f"{', '.join(lacking)} not installed: make notebooks")
    import nbformat
    from nbclient import NotebookClient

    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    NotebookClient(notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(tmp_path)}}).execute()
    kept = os.environ.get("VLM_GYM_UPDATE_NOTEBOOKS")
    if kept:
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        NOTEBOOKS[name].write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def outputs(notebook):
    return [output for cell in notebook["cells"] for output in cell.get("outputs", ())]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_is_kept_with_it_is_small_and_tells_of_no_machine(name):
    text = NOTEBOOKS[name].read_text(encoding="utf-8")
    assert len(text) < MOST_BYTES
    told = json.dumps(outputs(json.loads(text)))
    assert "image/png" in told, "a notebook of this package shows a picture"
    assert not re.search(r"/tmp/|/home/|/root/|/work/|Traceback", told)


def test_the_task_of_the_notebook_is_that_of_the_page():
    cells = json.loads(NOTEBOOKS["write_a_task"].read_text(encoding="utf-8"))["cells"]
    (written,) = [
        "".join(cell["source"]) for cell in cells if "".join(cell["source"]).startswith("%%writefile lamps.py")
    ]
    page = (ROOT / "docs" / "write_a_task.md").read_text(encoding="utf-8")
    assert written.partition("\n")[2] in page


def test_there_are_the_four_that_the_readme_promises():
    assert set(NOTEBOOKS) == {"train_with_sb3", "evaluate_a_model", "fine_tune_a_tiny_vlm", "write_a_task"}
