"""What a turn costs through an adapter to an agent framework, beside the plain environment and the driver.

    make adapter-cost                                   # every adapter, in the environments of `make adapters`
    python -m benchmarks.adapter_cost gem               # one, where its framework is installed

All play the same answers to the same episodes (NumberLine, Points24 and Household, two each, 54 turns, resets
included), one side after the other in one run. Printed are CPU milliseconds of a turn of all processes but the model's
server, and the adapter's lines of code. What only starts up is left out: a first pass, or the difference of a long and
a short run.
"""

import argparse
import ast
import asyncio
import contextlib
import functools
import json
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the model that is keyed by pixels, and what starts the frameworks' programs

from adapters.pixel_model import PixelModel, PixelServer, chosen_episodes  # noqa: E402

from vlm_gym.episodes import EpisodeSpec  # noqa: E402
from vlm_gym.rollout import Rollout  # noqa: E402

Script = list[tuple[EpisodeSpec, list[str]]]
PASSES: Final = 5
HEAD: Final = (
    "| adapter | plain env, CPU ms | driver, CPU ms | adapter, CPU ms | lines of code |\n|---|---|---|---|---|"
)


def main() -> None:
    """Measure and print a line of the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter", choices=sorted(ADAPTERS))
    options = parser.parse_args()
    script = recorded(chosen_episodes())
    num_turns = sum(len(answers) for _, answers in script)
    plain, driver = cost(play_plain, script), cost(play_driver, script)
    adapter = ADAPTERS[options.adapter](script)
    costs = " | ".join(f"{1e3 * seconds / num_turns:.2f}" for seconds in (plain, driver, adapter))
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {num_turns} turns\n{HEAD}")
    print(f"| {options.adapter} | {costs} | {lines_of(options.adapter)} |")


def recorded(episodes: list[EpisodeSpec]) -> Script:
    """Return what the model answers in each episode."""
    model, script = PixelModel(episodes), []
    with Rollout() as rollout:
        for episode in episodes:
            rollout.start(episode)
            while not rollout.is_over:
                question = rollout.session.question
                rollout.answer(model.answer(question.picture, question.text))
            script.append((episode, [turn.answers[-1] for turn in rollout.session.turns]))
    return script


def cost(play: Callable[[Script], object], script: Script, passes: int = PASSES) -> float:
    """Return the CPU seconds of this process for one pass, after a first one."""
    play(script)
    start = time.process_time()
    for _ in range(passes):
        play(script)
    return (time.process_time() - start) / passes


def play_plain(script: Script) -> None:
    """Play on the environments alone."""
    for episode, answers in script:
        env = _made(episode.task)
        env.reset(**episode.start)
        for answer in answers:
            env.step(answer)


@functools.cache
def _made(task: str) -> Any:
    return EpisodeSpec(task, 0).make()


def play_driver(script: Script) -> None:
    """Play on the driver, which tells each turn as messages."""
    for episode, answers in script:
        _DRIVER.start(episode)
        for answer in answers:
            _DRIVER.messages()
            _DRIVER.answer(answer)


_DRIVER: Final = Rollout()


def gem_cost(script: Script) -> float:
    """GEM's registry, one environment a task."""
    import gem

    from vlm_gym.adapters.gem import VlmGymEnv

    envs = {}
    for episode, _ in script:
        gem.register(f"cost:{episode.name}", VlmGymEnv, task=episode.task, options=episode.options)
        envs[episode.name] = gem.make(f"cost:{episode.name}")

    def play(script: Script) -> None:
        for episode, answers in script:
            envs[episode.name].reset(seed=episode.seed)
            for answer in answers:
                envs[episode.name].step(answer)

    return cost(play, script)


def skyrl_cost(script: Script) -> float:
    """An environment an episode, as SkyRL's generator makes them; pictures are PNG."""
    import skyrl_gym

    skyrl_gym.register("cost", "vlm_gym.adapters.skyrl:VlmGymEnv")

    def play(script: Script) -> None:
        for episode, answers in script:
            env = skyrl_gym.make("cost", env_config={}, extras=episode.to_row())
            env.init([])
            for answer in answers:
                env.step(answer)
            env.close()

    return cost(play, script)


def trl_cost(script: Script) -> float:
    """The tool calls alone, without the trainer."""
    from vlm_gym.adapters.trl import VlmGymEnv

    env = VlmGymEnv()

    def play(script: Script) -> None:
        for episode, answers in script:
            env.reset(**episode.to_row())
            for answer in answers:
                env.act("", json.loads(answer)["action"] if answer.startswith("{") else answer)

    return cost(play, script)


def openenv_cost(script: Script) -> float:
    """The server in a process of its own, and OpenEnv's client."""
    import openenv
    from adapters.openenv_server import serving

    async def episode_of(url: str, episode: EpisodeSpec, answers: list[str]) -> None:
        async with openenv.GenericEnvClient(base_url=url) as client:
            row = episode.to_row()
            start = {name: json.loads(row[name]) for name in ("arguments", "options")}
            await client.reset(task=episode.task, seed=episode.seed, **start)
            for answer in answers:
                await client.step({"text": answer})

    with serving() as (url, server):

        def play(script: Script) -> None:
            for episode, answers in script:
                asyncio.run(episode_of(url, episode, answers))

        play(script)
        before = cpu_of(server.pid) + time.process_time()
        play(script)
        return cpu_of(server.pid) + time.process_time() - before


def inspect_cost(script: Script) -> float:
    """`inspect_ai.eval` in this process, with its log."""
    import inspect_ai

    from vlm_gym.adapters.inspect import panel

    names = [episode.name for episode, _ in script]

    def play(_: Script) -> None:
        for task in ("cards-v0", "household-v0"):
            chosen = [name for name in names if ("Household" in name) == (task == "household-v0")]
            inspect_ai.eval(panel(task), model="openai-api/pixels/pixels", sample_id=chosen, display="none")

    with model_server() as url, in_a_folder():
        os.environ.update(PIXELS_API_KEY="none", PIXELS_BASE_URL=url)
        return cost(play, script, passes=1)


def verl_cost(script: Script) -> float:
    """Verl's data set and agent-loop worker with a tiny Qwen3-VL: tokens of words and pictures, but no inference."""
    from adapters.verl_worker import batch_of, make_checkpoint, make_worker

    from vlm_gym.adapters.verl import verl_rows
    from vlm_gym.evaluation.runs.panels import Panel

    episodes = tuple(episode for episode, _ in script)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_checkpoint(folder / "model")
        worker = make_worker(PixelModel(episodes), folder / "model", folder)
        batch = batch_of(worker, verl_rows(Panel("cost", "", episodes, "")), folder)
        return cost(lambda _: asyncio.run(worker.generate_sequences(batch)), script, passes=1)


def verifiers_cost(script: Script) -> float:
    """`vf-eval`, one process a turn; what two more plays of each episode cost, halved."""
    from adapters.test_verifiers import play

    names = json.dumps([episode.name for episode, _ in script])

    def run(repeats: int, url: str) -> float:
        before = _children()
        for panel in ("cards-v0", "household-v0"):
            with tempfile.TemporaryDirectory() as folder:
                select = ("--env.taskset.panel", panel, "--select.include.names", names)
                play(Path(folder), url, *select, "-r", str(repeats))
        return _children() - before

    with model_server() as url:
        once = run(1, url)
        return (run(3, url) - once) / 2


def agentlightning_cost(script: Script) -> float:
    """Its server and controller; one process an episode, whose start is part of the cost."""
    from adapters.agentlightning_gateway import MODEL, gateway_in, play

    from vlm_gym.adapters.agentlightning import rollouts

    keys = {episode.key for episode, _ in script}
    body = [
        one for panel in ("cards-v0", "household-v0") for one in rollouts(panel, 2) if one["input"]["data_id"] in keys
    ]
    with model_server() as url, tempfile.TemporaryDirectory() as folder, gateway_in(Path(folder)) as (client, programs):
        client.post("/api/models", json=[{"model": MODEL, "endpoint": url}]).raise_for_status()
        play(client, body[:1])
        before = sum(cpu_of(program.pid) for program in programs)
        play(client, body)
        return sum(cpu_of(program.pid) for program in programs) - before


@contextlib.contextmanager
def model_server() -> Iterator[str]:
    """Serve the model from a process that is not measured."""
    near, far = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(far,), daemon=True)
    process.start()
    yield near.recv()
    process.kill()


def _serve(pipe: Any) -> None:
    with PixelServer(PixelModel(chosen_episodes())) as server:
        pipe.send(server.url)
        pipe.recv()


@contextlib.contextmanager
def in_a_folder() -> Iterator[None]:
    """Let logs fall into a folder that is removed."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        yield
        os.chdir(here)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and its children that have ended; Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def lines_of(adapter: str) -> int:
    """Count an adapter's lines of code, without docstrings, comments and blank lines."""
    tree = ast.parse((ROOT / "vlm_gym" / "adapters" / f"{adapter}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return len(ast.unparse(tree).split("\n")) - ast.unparse(tree).split("\n").count("")


ADAPTERS: Final[dict[str, Callable[[Script], float]]] = {
    "gem": gem_cost,
    "skyrl": skyrl_cost,
    "trl": trl_cost,
    "openenv": openenv_cost,
    "inspect": inspect_cost,
    "verl": verl_cost,
    "verifiers": verifiers_cost,
    "agentlightning": agentlightning_cost,
}


if __name__ == "__main__":
    main()
