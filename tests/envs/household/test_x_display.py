"""Whether there is an X server: asked of a stand-in, and of Xvfb where it is installed."""

import os
import shutil
import socket
import subprocess
import threading

import pytest
from x_server import FIRST_PORT, XServer

from vlm_gym.envs.household.x_display import problem_with


@pytest.fixture(autouse=True)
def _without_cookies(monkeypatch, tmp_path):
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, None),
        ({"has_glx": False}, "the X server has no GLX: it cannot draw with OpenGL"),
        ({"accepts": False}, "the X server refuses us: No way!"),
    ],
)
def test_a_server_is_asked_whether_it_can_draw(arguments, expected):
    server = XServer(**arguments)
    assert problem_with(server.display) == expected
    assert problem_with(f"{server.display}.0") == expected
    server.close()


@pytest.mark.parametrize("name", ["", "0", "none", ":", ":x", "a:b:c"])
def test_what_is_no_display_is_told(name):
    assert problem_with(name) == f"{name!r} is not the name of an X display, such as ':0'"


@pytest.mark.parametrize("name", [":63999", "unix:63999", "127.0.0.1:1"])
def test_a_display_without_a_server_is_told(name):
    assert problem_with(name).startswith(f"no X server answers at the display {name!r} (")


def test_a_server_that_says_nothing_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        display = f"127.0.0.1:{silent.getsockname()[1] - FIRST_PORT}"
        assert "timed out" in problem_with(display, timeout_s=0.1)


def test_a_server_that_hangs_up_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
        assert "no X server answers" in problem_with(f"127.0.0.1:{listener.getsockname()[1] - FIRST_PORT}")


@pytest.mark.parametrize(("option", "expected"), [("+extension", None), ("-extension", "the X server has no GLX")])
def test_xvfb_is_understood(option, expected, tmp_path, monkeypatch):
    if shutil.which("Xvfb") is None and "VLM_GYM_ALL_TESTS" not in os.environ:
        pytest.skip("Xvfb is not installed: apt-get install xvfb")
    cookie = b"\1" * 16
    name = b"MIT-MAGIC-COOKIE-1"
    fields = (b"host", b"", name, cookie)
    authority = tmp_path / "authority"
    authority.write_bytes(b"\1\0" + b"".join(len(field).to_bytes(2, "big") + field for field in fields))
    command = ["Xvfb", "-displayfd", "1", option, "GLX", "-auth", str(authority)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            display = f":{server.stdout.readline().strip()}"
            assert problem_with(display).startswith("the X server refuses us: ")
            monkeypatch.setenv("XAUTHORITY", str(authority))
            problem = problem_with(display)
            assert problem == expected if expected is None else problem.startswith(expected)
        finally:
            server.terminate()
