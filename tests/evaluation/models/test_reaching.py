"""Reaching servers: proxies, certificates, headers, addresses, file descriptors. Nothing ends in a traceback."""

import asyncio
import contextlib
import gc
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from openai_server import OpenAIServer, completion

from vlm_gym.chat import ChatSession
from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentRefusedError, ConfigError, MissingDependencyError
from vlm_gym.evaluation.models import endpoint_client
from vlm_gym.evaluation.models.connections import is_loopback
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.models.endpoint_settings import url_of
from vlm_gym.evaluation.models.pace import Pace
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_run

ELSEWHERE = "http://somewhere.invalid/v1"
SECRET = "s3cret-header-value"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    monkeypatch.setattr(endpoint_client, "FIRST_BACKOFF_S", 0.001)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture(scope="module")
def session():
    session = ChatSession(EpisodeSpec("vlm_gym/NumberLine-v0", 0).make())
    session.reset(seed=0)
    return session


def ask(base_url, session, **settings):
    async def answer():
        agent = EndpointAgent("model", EndpointSettings(**{"base_url": base_url, "max_retries": 0, **settings}))
        try:
            return await agent.answer(session, np.random.default_rng(0))
        finally:
            await agent.close()

    return asyncio.run(answer())


@pytest.fixture
def nobody():
    """A port where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"ALL_PROXY": "socks9://127.0.0.1:1"}, "look at $ALL_PROXY. A proxy is an address like http://HOST:PORT"),
        ({"HTTP_PROXY": "http://[::1"}, "look at $HTTP_PROXY. A proxy is"),
        ({"HTTP_PROXY": "http://h:1", "NO_PROXY": "[::1"}, "look at $HTTP_PROXY and $NO_PROXY"),
        ({"http_proxy": "http://h:1", "no_proxy": "::::"}, "$NO_PROXY a list of hosts with commas"),
        ({"HTTP_PROXY": "http://h:1", "NO_PROXY": "[::1]:x"}, "look at $HTTP_PROXY and $NO_PROXY"),
        ({"SSL_CERT_FILE": "/no/such/file"}, "the certificates cannot be read: look at $SSL_CERT_FILE"),
        ({"SSL_CERT_FILE": __file__}, "the certificates cannot be read: look at $SSL_CERT_FILE"),
    ],
)
def test_an_environment_that_cannot_be_used_is_told_before_anything_is_played(
    monkeypatch, capsys, tmp_path, environment, message
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    arguments = ["eval", "--agent", "openai:m", "--base-url", ELSEWHERE, "--panel", "cards-v0"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_socks_proxy_without_its_package_is_named(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    for name in [name for name in sys.modules if name.split(".")[0] == "socksio"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(MissingDependencyError, match=r"\$ALL_PROXY needs another package: pip install"):
        EndpointAgent("model", EndpointSettings(base_url=ELSEWHERE))


@pytest.mark.parametrize("kind", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_a_dead_proxy_is_what_cannot_be_reached(monkeypatch, session, nobody, kind):
    monkeypatch.setenv(kind, f"http://127.0.0.1:{nobody}")
    with pytest.raises(AgentRefusedError, match=rf"through a proxy, see \${kind.upper()}: is that one running"):
        ask(ELSEWHERE, session)


def test_a_dead_socks_proxy_is_too(monkeypatch, session, nobody):
    pytest.importorskip("socksio")
    monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{nobody}")
    with pytest.raises(AgentRefusedError, match=r"through a proxy, see \$ALL_PROXY"):
        ask(ELSEWHERE, session)


@contextlib.contextmanager
def saying(data):
    """Listen, and answer every connection with the same bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpcore leaves the socket to gc
def test_what_is_no_socks_proxy_is_told(monkeypatch, session):
    pytest.importorskip("socksio")
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")
        with pytest.raises(AgentRefusedError, match=r"the proxy fails: .*\$ALL_PROXY"):
            ask(ELSEWHERE, session)
    gc.collect()


def test_a_proxy_that_refuses_is_told(monkeypatch, session):
    with saying(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(AgentRefusedError, match="407 Proxy Authentication Required"):
            ask(ELSEWHERE.replace("http:", "https:"), session)
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(AgentRefusedError, match=r"the proxy refuses .* user and password"):
            ask(ELSEWHERE, session)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_needs_no_proxy(monkeypatch, session, nobody, host):
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"socks9://127.0.0.1:{nobody}")
    monkeypatch.setenv("NO_PROXY", "[::1")
    with OpenAIServer() as server:
        assert ask(f"http://{host}:{server.port}/v1", session).text == "fine"


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "127.8.8.8", "::1", "[::1]", "LOCALHOST"])
def test_this_machine_has_many_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.com", "10.0.0.1", "0.0.0.0", "example.com", "", "127.0.0.1.example.com"])
def test_other_hosts_are_other_machines(host):
    assert not is_loopback(host)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate that nobody has signed, and its key, as files."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    what = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run([*command, *names, *what], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@contextlib.contextmanager
def https(certificate, body):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with (
                        contextlib.suppress(ssl.SSLError),
                        context.wrap_socket(connection, server_side=True) as wrapped,
                    ):
                        received = b""
                        while b'"max_tokens"' not in received:
                            received += wrapped.recv(65536)
                        wrapped.sendall(head + body)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}/v1"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_certificate_that_nobody_signed_is_told_and_can_be_trusted(monkeypatch, session, certificate):
    with https(certificate, completion("fine").body) as url:
        with pytest.raises(
            AgentRefusedError, match=r"certificate of localhost is not trusted .*\$SSL_CERT_FILE may name"
        ):
            ask(url, session, max_retries=8)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert ask(url, session).text == "fine"


def test_https_where_http_is_spoken_is_told(session):
    with (
        saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port,
        pytest.raises(AgentRefusedError, match=r"does not speak TLS as expected .* http:// instead of https://"),
    ):
        ask(f"https://localhost:{port}/v1", session)


def limited(num_files):
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({num_files}, {num_files}))"
    return f"{limit}; import sys; from vlm_gym.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.slow
def test_no_file_descriptors_left_is_told_and_loses_nothing(tmp_path):
    arguments = [
        "eval",
        "--agent",
        "openai:model",
        "--task",
        "NumberLine-v0",
        "--episodes",
        "60",
        "--concurrency",
        "50",
    ]
    with OpenAIServer(answer=lambda request: '{"action": "+"}', delay_s=0.3) as server:
        arguments += ["--base-url", server.base_url, "--out", str(tmp_path / "run"), "--resume"]
        command = [sys.executable, "-c", limited(32), *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 2
        assert "no file descriptors left: lower --concurrency, or raise the limit (ulimit -n 8192)" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert main(arguments) == 0


def test_headers_come_from_the_environment_and_are_told_to_the_endpoint_alone(monkeypatch, session, tmp_path, capsys):
    monkeypatch.setenv("AZURE_KEY", SECRET)
    monkeypatch.setenv("ORGANISATION", "me")
    with OpenAIServer(answer=lambda request: f'{{"action": "+"}} your header is {SECRET}, me') as server:
        arguments = ["eval", "--agent", "openai:model", "--base-url", f"{server.base_url}?api-version=2024-10-21"]
        arguments += ["--header", "api-key=AZURE_KEY", "--header", "X-Org=ORGANISATION", "--task", "NumberLine-v0"]
        assert main([*arguments, "--episodes", "1", "--out", str(tmp_path / "run")]) == 0
    assert set(server.paths) == {"/v1/chat/completions?api-version=2024-10-21"}
    assert {(headers["api-key"], headers["x-org"]) for headers in server.headers} == {(SECRET, "me")}
    assert not any("authorization" in headers for headers in server.headers)
    written = [path.read_text() for path in (tmp_path / "run").glob("*.json*")]
    assert not [text for text in written if SECRET in text]
    assert any("your header is ***, me" in text for text in written)
    agent = read_run(tmp_path / "run")["agent"]
    assert agent["headers"] == {"api-key": "AZURE_KEY", "X-Org": "ORGANISATION"}
    assert agent["base_url"].endswith("/v1?api-version=2024-10-21")
    assert SECRET not in "".join(capsys.readouterr())


def test_a_header_named_authorization_takes_the_place_of_the_key(monkeypatch, session):
    monkeypatch.setenv("OPENAI_API_KEY", "the-key")
    monkeypatch.setenv("BASIC", "Basic dXNlcjpwYXNz")
    with OpenAIServer() as server:
        ask(server.base_url, session)
        ask(server.base_url, session, headers={"authorization": "BASIC"})
    assert [headers["authorization"] for headers in server.headers] == ["Bearer the-key", "Basic dXNlcjpwYXNz"]


@pytest.mark.parametrize(
    ("headers", "value", "message"),
    [
        (
            {"api-key": "NO_SUCH"},
            None,
            "the header api-key must be in the environment variable NO_SUCH.*: it is not set",
        ),
        ({"api-key": "MINE"}, "two\nlines", "environment variable MINE, as printable ASCII: check how it was set"),
        ({"api-key": "MINE"}, "ü", "printable ASCII"),
        ({"api key": "MINE"}, "x", "a header must have a name that the agent does not set itself, got 'api key'"),
        ({"Content-Type": "MINE"}, "x", "does not set itself, got 'Content-Type'"),
        ({"api-key": "sk-1234"}, "x", "must name the environment variable that holds it"),
        ([], "x", "headers must map names to environment variables"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(monkeypatch, headers, value, message):
    if value is not None:
        monkeypatch.setenv("MINE", value)
    with pytest.raises(ConfigError, match=message) as caught:
        EndpointAgent("model", EndpointSettings(headers=headers))
    assert "sk-1234" not in str(caught.value)


@pytest.mark.parametrize("option", ["--header", "--finish-reason"])
@pytest.mark.parametrize("text", ["word", "=x", "x="])
def test_a_pair_that_is_none_is_named(capsys, tmp_path, option, text):
    arguments = ["eval", "--agent", "openai:m", "--task", "NumberLine-v0", f"{option}={text}", "--out", str(tmp_path)]
    assert main(arguments) == 2
    assert f"{option} must be NAME=" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["key", "api_key", "token", "sig", "X-Amz-Signature", "subscription-key", "password"])
def test_a_key_in_an_address_is_refused_without_showing_it(name):
    with pytest.raises(ConfigError, match="base_url must have no user, password, fragment, or key") as caught:
        EndpointSettings(base_url=f"https://h/v1?{name}=s3cret")
    assert "s3cret" not in str(caught.value)


def test_an_address_may_have_a_query_and_be_written_in_full():
    settings = EndpointSettings(base_url=" https://h/openai/deployments/d/chat/completions/?api-version=1&x= ")
    assert settings.base_url == "https://h/openai/deployments/d?api-version=1&x="
    assert (
        url_of(settings.base_url, "/chat/completions")
        == "https://h/openai/deployments/d/chat/completions?api-version=1&x="
    )


def test_a_run_goes_on_at_another_address_and_no_other_model(tmp_path, capsys):
    arguments = [
        "eval",
        "--agent",
        "openai:model",
        "--task",
        "NumberLine-v0",
        "--episodes",
        "4",
        "--out",
        str(tmp_path),
    ]
    with OpenAIServer(answer=lambda request: '{"action": "+"}') as server:
        assert main([*arguments, "--base-url", server.base_url, "--max-requests", "3", "--concurrency", "1"]) == 1
    with OpenAIServer(answer=lambda request: '{"action": "+"}') as server:
        again = [*arguments, "--base-url", f"{server.base_url}?api-version=2", "--resume"]
        assert main(again) == 0
        assert server.num_requests
        assert main([*again, "--temperature", "1"]) == 2
    assert "sampling.temperature: null there, 1.0 here" in capsys.readouterr().err
    assert len(read_episodes(tmp_path)) == 4


def test_requests_are_evenly_spaced_retries_too(session):
    from openai_server import BROKEN

    with OpenAIServer(plan=lambda number: BROKEN if number < 3 else None) as server:
        start_s = time.monotonic()
        assert ask(server.base_url, session, requests_per_minute=1200, max_retries=5).num_requests == 4
        assert time.monotonic() - start_s >= 3 * 0.05


def test_many_at_once_wait_for_one_another():
    async def wait_for_all():
        pace = Pace(6000.0)
        ends = []
        await asyncio.gather(*(wait(pace, ends) for _ in range(20)))
        return ends

    async def wait(pace, ends):
        await pace.wait()
        ends.append(time.monotonic())

    ends = asyncio.run(wait_for_all())
    assert ends[-1] - ends[0] >= 19 * 0.01 - 0.005


@pytest.mark.parametrize("value", [0, -1, float("nan"), 1e9, "3"])
def test_a_pace_that_is_none_is_refused(value):
    with pytest.raises(ConfigError, match="requests_per_minute must be a number from"):
        EndpointSettings(requests_per_minute=value)
