"""Measure `vlm-gym eval` beside inspect-ai: the same panel, the same server, the same answers, one after the other.

    python -m venv ENV && ENV/bin/pip install inspect-ai==0.3.285 openai gymnasium numpy pillow opencv-python
    python -m benchmarks.beside_inspect --inspect ENV/bin/python

A server in a process of its own answers each request after a delay with an action that the prompt offers, which the
request alone decides: both sides play the same episodes. Printed are each side's CPU time for a turn, and wall seconds.
Imports are left out on both sides; the building of tasks and their own cost, the same on both, are in.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
CONCURRENCY: Final = 64
PANELS: Final = ("cards-v0", "household-v0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inspect", metavar="PYTHON", help="the Python of an environment with inspect-ai")
    parser.add_argument("--panels", nargs="+", default=PANELS, metavar="NAME", help="(default: %(default)s)")
    parser.add_argument("--first", type=int, default=20, help="episodes of each task (default: %(default)s)")
    parser.add_argument("--delay", type=float, default=0.2, help="seconds for an answer (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="each side plays so often (default: %(default)s)")
    parser.add_argument("--side", choices=("server", "ours", "inspect"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side == "server":
        serve(options.delay)
    elif options.side is not None:
        side = ours if options.side == "ours" else beside
        print(json.dumps(side(options.panels[0], options.first, options.url)))
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Let both sides play in turns, and print a line for each round."""
    pythons = {"ours": sys.executable, **({"inspect": options.inspect} if options.inspect else {})}
    print(f"{'panel':<14}{'side':<10}{'turns':>7}{'success':>9}{'CPU ms a turn':>15}{'wall s':>9}")
    for panel in options.panels:
        for _ in range(options.rounds):
            for side, python in pythons.items():
                with server(options.delay) as url:
                    told = run(python, "--side", side, "--panels", panel, "--first", str(options.first), "--url", url)
                cpu_ms = 1000 * told["cpu_s"] / told["turns"]
                print(
                    f"{panel:<14}{side:<10}{told['turns']:>7}{told['success']:>9.3f}{cpu_ms:>15.2f}{told['wall_s']:>9.1f}",
                    flush=True,
                )


def run(python: str, *words: str) -> dict[str, Any]:
    """Run one side in a process of its own; return what it printed last."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    command = [python, "-W", "ignore", "-m", "benchmarks.beside_inspect", *words]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, check=True
    )
    told: dict[str, Any] = json.loads(ended.stdout.decode().splitlines()[-1])
    return told


@contextmanager
def server(delay_s: float) -> Iterator[str]:
    """Run the server in a process of its own; give its address."""
    command = [sys.executable, "-m", "benchmarks.beside_inspect", "--side", "server", "--delay", str(delay_s)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def serve(delay_s: float) -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from openai_server import OpenAIServer

    more = frozenset(("n", "frequency_penalty", "presence_penalty", "user"))
    with OpenAIServer(answer=answer, delay_s=delay_s, more_fields=more) as running:
        print(running.base_url, flush=True)
        sys.stdin.read()


def answer(request: dict[str, Any]) -> str:
    """Return an action that the prompt offers, chosen by what the request shows."""
    picture, text = request["messages"][-1]["content"]
    prompt, _, offered = text["text"].rpartition("The action is")
    actions = re.findall(r'"([^"]+)"', offered) or re.findall(r'"([^"]+)"', prompt.partition("Answer with")[0]) or ["+"]
    seen = zlib.crc32(picture["image_url"]["url"].encode(), zlib.crc32(text["text"].encode()))
    thoughts = "I look at the picture and think about what it shows."
    return json.dumps({"thoughts": thoughts, "action": actions[seen % len(actions)]})


def ours(name: str, num_first: int, url: str) -> dict[str, Any]:
    """Play as `vlm-gym eval --concurrency 64` does, with everything on record."""
    from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
    from vlm_gym.evaluation.runs.panels import get_panel
    from vlm_gym.evaluation.runs.plan import Plan
    from vlm_gym.evaluation.runs.run import evaluate

    panel = get_panel(name).first(num_first)

    async def play(folder: Path, episodes: Sequence[Any]) -> Any:
        agent = EndpointAgent("model", EndpointSettings(base_url=url))
        try:
            return await evaluate(folder, Plan(tuple(episodes)), agent, concurrency=CONCURRENCY)
        finally:
            await agent.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder, "first"), panel.episodes[:1]))  # imports, fonts
        begun = time.process_time(), time.perf_counter()
        progress = asyncio.run(play(Path(folder, "run"), panel.episodes))
        cpu_s, wall_s = time.process_time() - begun[0], time.perf_counter() - begun[1]
    share = progress.num_successes / progress.num_done
    return {"turns": progress.num_turns, "success": share, "cpu_s": cpu_s, "wall_s": wall_s}


def beside(name: str, num_first: int, url: str) -> dict[str, Any]:
    """Play the same with inspect-ai."""
    os.environ.update(FAKE_BASE_URL=url, FAKE_API_KEY="none")
    import inspect_ai
    from inspect_ai.dataset import MemoryDataset, Sample

    from vlm_gym.evaluation.runs.panels import get_panel

    episodes = get_panel(name).first(num_first).episodes
    samples = [Sample(input="-", id=str(i), metadata={"number": i}) for i in range(len(episodes))]

    def play(chosen: Sequence[Sample], folder: str) -> Any:
        task = inspect_ai.Task(dataset=MemoryDataset(chosen), solver=playing(episodes), scorer=outcome())
        (log,) = inspect_ai.eval(
            task,
            model="openai-api/fake/model",
            display="none",
            log_dir=folder,
            max_tokens=1024,
            max_connections=CONCURRENCY,
            max_samples=CONCURRENCY,
        )
        return log

    with tempfile.TemporaryDirectory() as folder:
        play(samples[:1], folder)  # imports, fonts
        begun = time.process_time(), time.perf_counter()
        log = play(samples, folder)
        cpu_s, wall_s = time.process_time() - begun[0], time.perf_counter() - begun[1]
        if log.status != "success":
            raise RuntimeError(f"inspect-ai did not finish: {log.error}")
        values = [next(iter((sample.scores or {}).values())).value for sample in log.samples or ()]
    num_turns = int(sum(value["turns"] for value in values))
    share = sum(value["success"] for value in values) / len(values)
    return {"turns": num_turns, "success": share, "cpu_s": cpu_s, "wall_s": wall_s}


def playing(episodes: Sequence[Any]) -> Any:
    """Return a solver that plays an episode as a chat; each request is one question, as ours are."""
    from inspect_ai.model import ChatMessageUser, ContentImage, ContentText
    from inspect_ai.solver import solver

    from vlm_gym.chat import ChatSession

    @solver
    def play() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            spec = episodes[state.metadata["number"]]
            session = ChatSession(spec.make())
            session.reset(seed=spec.seed, options=None if spec.options is None else dict(spec.options))
            while not session.is_over:
                question = session.question
                shown = [ContentImage(image=question.picture_url), ContentText(text=question.text)]
                state.messages = [ChatMessageUser(content=shown)]
                state = await generate(state)
                session.answer(state.output.completion)
            state.store.set("success", bool(session.info["is_success"]))
            state.store.set("turns", len(session.turns))
            session.env.close()
            return state

        return solve

    return play()


def outcome() -> Any:
    """Return a scorer of success and turns."""
    from inspect_ai.scorer import Score, mean, scorer

    @scorer(metrics={"success": [mean()], "turns": [mean()]})
    def told() -> Any:
        async def score(state: Any, target: Any) -> Any:  # noqa: ARG001  # inspect-ai's form
            return Score(value={name: float(state.store.get(name)) for name in ("success", "turns")})

        return score

    return told()


if __name__ == "__main__":
    main()
