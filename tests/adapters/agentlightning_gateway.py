"""Agent Lightning's own server and controller, as programs of their own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

MODEL, KEY, TIME_S = "Qwen/Qwen2.5-7B-Instruct", "none-of-your-business", 300


@contextlib.contextmanager
def gateway_in(folder):
    """Start both; yield a client of the server, and both processes."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    controller = [
        "runner_type=local", "local_runner.maximum_size=16", "local_runner.poll_interval=0.2", f"agl_server.url={url}"
    ]  # fmt: skip
    with (
        _program(folder, "agl-server", "host=127.0.0.1", f"port={port}", f"key={KEY}") as server,
        httpx.Client(base_url=url, timeout=30, headers={"Authorization": f"Bearer {KEY}"}) as client,
    ):
        end = time.monotonic() + TIME_S
        while not _answers(client):
            assert time.monotonic() < end
            time.sleep(0.1)
        with _program(folder, "agl-controller", *controller, f"agl_server.key={KEY}") as controlling:
            yield client, (server, controlling)


@contextlib.contextmanager
def _program(folder, name, *arguments):
    with (folder / f"{name}.log").open("w", encoding="utf-8") as log:
        command = [str(Path(sys.executable).with_name(name)), *arguments]
        environment = {**os.environ, "HYDRA_FULL_ERROR": "1"}
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as program:
            yield program
            program.terminate()


def _answers(client):
    with contextlib.suppress(httpx.TransportError):
        return client.get("/health").status_code < 500
    return False


def play(client, body):
    """Post rollouts, wait for their end; return the state and the events of each."""
    made = client.post("/api/rollouts", json=body).raise_for_status().json()
    end = time.monotonic() + TIME_S
    while client.get("/api/rollouts", params={"state_in": ["queuing", "running"]}).json():
        assert time.monotonic() < end
        time.sleep(0.2)
    states = [client.get(f"/api/rollouts/{one['rollout_id']}").json()["rollout"]["status"]["state"] for one in made]
    return states, [client.get(f"/api/rollouts/{one['rollout_id']}/events").json() for one in made]
