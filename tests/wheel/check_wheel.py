"""Build the wheel, install it into an empty environment away from the checkout, and play every id there.

Fonts and data must travel inside the wheel: nothing of the checkout is on the path. What it depends on comes in the
versions of requirements/all.txt.

    python tests/wheel/check_wheel.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PLAY = """
import gymnasium as gym, vlm_gym, sys
from pathlib import Path
assert Path(vlm_gym.__file__).is_relative_to(Path(sys.prefix)), vlm_gym.__file__
for task, entry in vlm_gym.TASKS.items():
    if entry.needs_data:
        continue
    for theme in ("classic", "night"):
        env = gym.make(task, theme=theme)
        env.action_space.seed(0)
        picture, info = env.reset(seed=0)
        turns, is_over = 0, False
        while not is_over:
            picture, reward, terminated, truncated, info = env.step(env.action_space.sample())
            turns, is_over = turns + 1, terminated or truncated
    print(f"{task}: {turns} turns, last reward {reward:+g}")
print("played from", vlm_gym.__file__)
"""


def run(*command: str, cwd: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    subprocess.run(command, cwd=cwd, env=environ, check=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        away = Path(folder)
        shutil.rmtree(CHECKOUT / "build", ignore_errors=True)  # what an earlier build left would get into the wheel
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(away), str(CHECKOUT), cwd=away)
        (wheel,) = away.glob("*.whl")
        venv.create(away / "venv", with_pip=True)
        python = str(away / "venv" / "bin" / "python")
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, "--constraint", str(CHECKOUT / "requirements" / "all.txt"), str(wheel), cwd=away)
        run(python, "-c", PLAY, cwd=away)
        run(str(away / "venv" / "bin" / "vlm-gym"), "list", cwd=away)
        print(f"{wheel.name}: {wheel.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
