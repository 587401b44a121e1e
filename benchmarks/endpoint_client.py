"""Measure what a turn costs the evaluator itself: CPU time of this process, while a server in another one answers.

Plays whole episodes as `vlm-gym eval` does, and then the same answers in the tasks alone, as many at once. The
difference is the evaluator's own: PNG, JSON, HTTP, the oracle's judgement, records and files. Exits with status 1 if
that is more than 5 ms a turn, or if there were never as many requests in flight as asked for.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.runs.sitting import Progress

SERVER: Final = Path(__file__).parents[1] / "tests" / "openai_server.py"
MAX_MS_PER_TURN: Final = 5.0
TEXT: Final = '{"thoughts": "hm", "action": "+"}'
TASKS: Final = ("NumberLine-v0", "Points24-v0", "Blackjack-v0", "Household-v0")


@contextmanager
def server(delay_s: float, counts: dict[str, int]) -> Iterator[str]:
    """Run the server in a process of its own; give its address, and at the end what it counted."""
    command = [sys.executable, str(SERVER), "--delay", str(delay_s), "--text", TEXT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        counts.update(json.loads(process.communicate()[0]))


def episodes(task: str, number: int) -> tuple[EpisodeSpec, ...]:
    return tuple(EpisodeSpec(f"vlm_gym/{task}", seed) for seed in range(number))


def play(folder: Path, url: str, plan: Plan, concurrency: int) -> Progress:
    async def run() -> Progress:
        agent = EndpointAgent("model", EndpointSettings(base_url=url))
        try:
            return await evaluate(folder, plan, agent, concurrency=concurrency)
        finally:
            await agent.close()

    return asyncio.run(run())


def play_alone(plan: Plan, concurrency: int) -> float:
    """Play the same answers without evaluator, as many episodes at once; return CPU seconds."""
    sessions = [ChatSession(plan.episodes[0].make(), plan.chat) for _ in range(concurrency)]
    sessions[0].reset(seed=0)
    begin_s = time.process_time()
    for first in range(0, len(plan.episodes), concurrency):
        playing = list(zip(sessions, plan.episodes[first : first + concurrency], strict=False))
        for session, episode in playing:
            session.reset(seed=episode.seed)
        while playing:
            for session, _ in playing:
                session.answer(TEXT)
            playing = [pair for pair in playing if not pair[0].is_over]
    return time.process_time() - begin_s


def measure(task: str, options: argparse.Namespace) -> bool:
    """Print a row; return whether the evaluator is cheap enough and keeps as many requests in flight as asked for."""
    chat = ChatSettings(history=options.history)
    warm_up, plan = (Plan(episodes(task, number), chat=chat) for number in (options.concurrency, options.episodes))
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, server(options.delay, counts) as url:
        play(Path(folder, "warm-up"), url, warm_up, options.concurrency)  # imports, fonts, connections
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        progress = play(Path(folder, "run"), url, plan, options.concurrency)
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    ms_per_turn, task_ms = (
        1000 * seconds / progress.num_turns for seconds in (cpu_s, play_alone(plan, options.concurrency))
    )
    print(
        f"{task:<16}{progress.num_turns:>7}{ms_per_turn:>9.2f}{task_ms:>9.2f}{ms_per_turn - task_ms:>9.2f}"
        f"{progress.num_turns / wall_s:>9.0f}{counts['in_flight']:>11}{progress.num_requests - progress.num_turns:>9}",
        flush=True,
    )
    return ms_per_turn - task_ms <= MAX_MS_PER_TURN and counts["in_flight"] >= options.concurrency


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=TASKS, metavar="ID", help="the tasks (default: one of each family)")
    parser.add_argument("--episodes", type=int, default=200, help="of each task (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=64, help="episodes at once (default: %(default)s)")
    parser.add_argument("--delay", type=float, default=0.5, help="seconds for an answer (default: %(default)s)")
    parser.add_argument("--history", type=int, default=0, help="past turns in each request (default: %(default)s)")
    options = parser.parse_args()
    print(f"{'CPU ms a turn':>32}\n{'task':<16}{'turns':>7}{'all':>9}{'task':>9}{'own':>9}{'turns/s':>9}", end="")
    print(f"{'in flight':>11}{'retries':>9}")
    are_good = [measure(task, options) for task in options.tasks]
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0 if all(are_good) else 1


if __name__ == "__main__":
    sys.exit(main())
