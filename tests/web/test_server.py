"""Who is let in, and what is refused: requests as they come over the wire."""

import contextlib
import http.client
import json
import socket
import threading

import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.run_folder import read_turns
from vlm_gym.web.server import MAX_BODY, PlayServer


def ask(server, path, values=None, *, method=None, token=None, headers=None):
    """Send one request; return the status, the headers and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    body = values if values is None or isinstance(values, bytes) else json.dumps(values).encode()
    kinds = {} if body is None else {"Content-Type": "application/json"}
    address = f"/{server.token if token is None else token}/{path}"
    connection.request(method or ("GET" if body is None else "POST"), address, body, {**kinds, **(headers or {})})
    reply = connection.getresponse()
    told = reply.read()
    connection.close()
    return reply.status, reply.headers, told


@pytest.fixture
def server(serve):
    with serve("NumberLine", options={"position": 1, "target": 3}) as running:
        yield running


def test_it_listens_on_the_loopback_address_alone(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_address[1]}/{server.token}/"
    assert len(server.token) >= 20


def test_the_page_and_its_parts_come_with_a_strict_policy(server):
    for path in ("", "page.css", "page.js", "actions.js", "dom.js", "request.js", "turns.js", "icon.svg", "state"):
        status, headers, body = ask(server, path)
        assert status == 200
        assert body
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
    assert ask(server, "?a=b")[0] == 200


@pytest.mark.parametrize("token", ["", "wrong", ".", "%00"])
def test_a_wrong_token_is_refused(server, folder, token):
    for path, values in (("state", None), ("", None), ("answer", {"version": 1, "text": "+"})):
        status, _, body = ask(server, path, values, token=token)
        assert status == 403
        assert "Wrong address" in json.loads(body)["error"]
    assert read_turns(folder) == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", ""])
def test_a_foreign_host_is_refused(server, folder, host):
    assert ask(server, "state", headers={"Host": host})[0] == 403
    assert ask(server, "answer", {"version": 1, "text": "+"}, headers={"Host": host})[0] == 403
    assert read_turns(folder) == []


def test_a_forwarded_port_is_let_in(server):
    assert ask(server, "state", headers={"Host": "localhost:9000"})[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_another_pages_request_is_refused(server, folder, origin):
    assert ask(server, "answer", {"version": 1, "text": "+"}, headers={"Origin": origin})[0] == 403
    assert read_turns(folder) == []


def test_a_form_of_another_page_cannot_answer(server):
    values = {"version": 1, "text": "+"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert ask(server, "answer", values, headers={"Content-Type": kind})[0] == 415


@pytest.mark.parametrize(
    "path", ["nothing", "../server.py", "page.css/..", "pictures/../run.json", "pictures/", "answer"]
)
def test_there_is_nothing_at_other_addresses(server, path):
    assert ask(server, path)[0] == 404


@pytest.mark.parametrize(
    ("values", "status"),
    [
        (b"{", 400),
        (b"[1]", 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
        ({"text": "+"}, 400),
        ({"version": "1", "text": "+"}, 400),
        ({"version": 1, "text": 5}, 400),
        ({"version": 1}, 404),
        ({"version": 99, "text": "+"}, 409),
    ],
)
def test_a_request_of_another_form_is_refused(server, folder, values, status):
    got, _, body = ask(server, "answer", values)
    assert got == status
    assert json.loads(body)["error"]
    assert read_turns(folder) == []


def test_a_request_that_is_too_large_is_refused_unread(server):
    for length in (str(MAX_BODY + 1), "9" * 5000):
        status, _, body = ask(server, "answer", b"", headers={"Content-Length": length})
        assert status == 413
        assert "1,000,000 characters" in json.loads(body)["error"]
    for length in ("-1", "many", ""):
        assert ask(server, "answer", b"", headers={"Content-Length": length})[0] == 411


def test_other_methods_are_not_known(server):
    for method in ("PUT", "DELETE", "OPTIONS"):
        assert ask(server, "state", method=method)[0] == 501


def test_a_stale_answer_is_told_where_the_game_stands(server):
    assert ask(server, "answer", {"version": 1, "text": "+"})[0] == 200
    status, _, body = ask(server, "answer", {"version": 1, "text": "+"})
    told = json.loads(body)
    assert status == 409
    assert "another tab" in told["error"]
    assert told["state"]["version"] == 2


def test_of_many_answers_to_one_turn_exactly_one_is_played(server, folder):
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(ask(server, "answer", {"version": 1, "text": "-"})[0]))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 19
    assert len(read_turns(folder)) == 1


def test_fifty_requests_wait_while_the_server_is_busy(begin):
    """The system answers for a server that has no time yet, as long as its queue has room."""
    server = PlayServer(begin("NumberLine"))
    with server, contextlib.ExitStack() as waiting:
        for _ in range(50):
            waiting.enter_context(socket.create_connection(server.server_address[:2], timeout=1))


def test_broken_unicode_and_a_megabyte_are_answers_like_others(server, folder):
    texts = ["\ud800 \x00 \u2028 +++", "x" * 1_000_000]
    for version, text in enumerate(texts, start=1):
        status, _, body = ask(server, "answer", {"version": version, "text": text})
        assert status == 200
        assert len(body) < 100_000
    assert [turn.answers[0] for turn in read_turns(folder)] == texts


def test_a_browser_that_leaves_harms_nobody(server):
    with socket.create_connection(server.server_address[:2]) as half:
        half.sendall(f"POST /{server.token}/answer HTTP/1.1\r\nHost: localhost\r\nContent-".encode())
    assert ask(server, "state")[0] == 200


def test_a_port_that_is_taken_is_named(server, begin, tmp_path):
    with pytest.raises(ConfigError, match=r"cannot listen on port .* --port 0 takes a free one"):
        PlayServer(server.game, server.server_address[1])
