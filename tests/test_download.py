"""Installing ALFWorld's games, from a server of this test: no network is used."""

import errno
import hashlib
import io
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vlm_gym import download, fetch
from vlm_gym.cli import main
from vlm_gym.download import ALFWORLD_URL, Installed, download_alfworld, download_traj_data
from vlm_gym.download_build import download_build
from vlm_gym.envs.household.thor_setup import BUILD, find_build
from vlm_gym.errors import ConfigError, DataNotFoundError
from vlm_gym.games.household.splits import list_games

TASK = "pick_and_place_simple-Mug-None-Desk-308"
NUM_GAMES = 6


def place(number):
    return f"json_2.1.1/valid_seen/{TASK}/trial_{number}/game.tw-pddl"


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


GAMES = {place(number): f'{{"game": "{number} {"x" * 30_000}"}}' for number in range(NUM_GAMES)}
ARCHIVE = zipped(GAMES | {"json_2.1.1/valid_seen/readme.txt": "no game"}, zipfile.ZIP_STORED)


class Server(ThreadingHTTPServer):
    """Serves `content` at any path. `cuts` are the bytes after which the next answers break off."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cuts, self.ranges, self.knows_ranges, self.status = ARCHIVE, [], [], True, None
        self.url = f"http://127.0.0.1:{self.server_address[1]}/json_2.1.3_tw-pddl.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        wanted, content = self.headers.get("Range"), self.server.content
        self.server.ranges.append(wanted)
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.server.knows_ranges else 0
        if self.server.status:
            self.send_error(self.server.status)
            return
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(content)
        self.wfile.write(content[start : start + cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(fetch, "RETRY_WAIT_S", 0)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def names_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def refused(*args, **kwargs):
    with pytest.raises(DataNotFoundError) as error:
        download_alfworld(*args, progress=False, **kwargs)
    return str(error.value)


def test_the_games_of_the_archive_are_installed_and_found(server, tmp_path):
    assert download_alfworld(tmp_path, server.url, progress=False) == Installed(tmp_path, NUM_GAMES, 0, 0)
    games = list_games(tmp_path, "valid_seen")
    assert {str(game.relative_to(tmp_path)): game.read_text() for game in games} == GAMES
    assert names_in(tmp_path) == {*GAMES, "json_2.1.3_tw-pddl.zip", "json_2.1.3_tw-pddl.zip.sha256"}


def test_a_second_download_asks_nobody_and_keeps_the_games(server, tmp_path):
    download_alfworld(tmp_path, server.url, progress=False)
    game = tmp_path / place(0)
    game.write_text("mine")
    assert download_alfworld(tmp_path, server.url, progress=False) == Installed(tmp_path, 0, NUM_GAMES, 1)
    assert game.read_text() == "mine"
    assert server.ranges == [None]


def test_overwriting_replaces_games(server, tmp_path):
    download_alfworld(tmp_path, server.url, progress=False)
    (tmp_path / place(0)).write_text("mine")
    done = download_alfworld(tmp_path, server.url, overwrite=True, progress=False)
    assert done == Installed(tmp_path, NUM_GAMES, 0, 0)
    assert (tmp_path / place(0)).read_text() == GAMES[place(0)]


def test_the_default_folder_is_that_of_the_environment_variable(server, tmp_path, monkeypatch):
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path / "data"))
    assert download_alfworld(url=server.url, progress=False).folder == tmp_path / "data"
    assert len(list_games(split="valid_seen")) == NUM_GAMES


def test_a_broken_connection_is_continued_where_it_broke(server, tmp_path):
    server.cuts = [100_000, 50_000]
    download_alfworld(tmp_path, server.url, progress=False)
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert len(list_games(tmp_path, "valid_seen")) == NUM_GAMES


def test_a_run_that_was_stopped_is_continued_by_the_next(server, tmp_path):
    (tmp_path / "json_2.1.3_tw-pddl.zip.part").write_bytes(ARCHIVE[:70_000])
    download_alfworld(tmp_path, server.url, progress=False)
    assert server.ranges == ["bytes=70000-"]


def test_a_run_that_was_stopped_before_its_check_is_finished_by_the_next(server, tmp_path):
    (tmp_path / "json_2.1.3_tw-pddl.zip.part").write_bytes(ARCHIVE)
    assert download_alfworld(tmp_path, server.url, progress=False).num_written == NUM_GAMES
    assert server.ranges == [f"bytes={len(ARCHIVE)}-"]


def test_a_part_longer_than_the_archive_is_thrown_away(server, tmp_path):
    (tmp_path / "json_2.1.3_tw-pddl.zip.part").write_bytes(ARCHIVE + b"more")
    assert download_alfworld(tmp_path, server.url, progress=False).num_written == NUM_GAMES
    assert server.ranges == [f"bytes={len(ARCHIVE) + 4}-", None]


def test_a_server_that_cannot_continue_starts_again(server, tmp_path):
    server.cuts, server.knows_ranges = [100_000], False
    assert download_alfworld(tmp_path, server.url, progress=False).num_written == NUM_GAMES
    assert server.ranges == [None, "bytes=100000-"]


def test_a_connection_that_breaks_for_ever_is_given_up_and_its_bytes_are_kept(server, tmp_path):
    server.cuts = [100_000] + [0] * 100
    message = refused(tmp_path, server.url)
    assert "the connection broke 5 times in a row (0.1 MB are kept and will be continued)" in message
    assert len(server.ranges) == 6
    assert (tmp_path / "json_2.1.3_tw-pddl.zip.part").read_bytes() == ARCHIVE[:100_000]


def test_a_server_without_the_archive_is_named_with_what_to_do(server, tmp_path):
    server.status = 404
    message = refused(tmp_path, server.url)
    assert f"cannot download {server.url}: the server says 404 Not Found" in message
    assert "vlm-gym download alfworld --file PATH" in message
    assert str(tmp_path / "json_2.1.3_tw-pddl.zip") in message


def test_without_a_network_the_error_says_what_was_tried(tmp_path):
    with Server() as closed:
        url = closed.url
    message = refused(tmp_path, url)
    assert f"cannot download {url}: " in message
    assert "refused" in message
    assert "when the network is there" in message


def test_a_damaged_download_is_not_kept(server, tmp_path):
    good = hashlib.sha256(ARCHIVE).hexdigest()
    server.content = ARCHIVE[:50_000] + b"?" + ARCHIVE[50_001:]
    message = refused(tmp_path, server.url, sha256=good)
    assert f"should have the SHA-256 {good}" in message
    assert names_in(tmp_path) == set()
    server.content = ARCHIVE
    assert download_alfworld(tmp_path, server.url, sha256=good.upper(), progress=False).num_written == NUM_GAMES


def test_the_releases_own_checksum_is_known_without_being_told(server, tmp_path, monkeypatch):
    monkeypatch.setitem(download.KNOWN_SHA256, server.url, download.KNOWN_SHA256[ALFWORLD_URL])
    assert "5df77ea759f2211a" in refused(tmp_path, server.url)


def test_an_archive_that_changed_since_its_download_is_refused(server, tmp_path):
    download_alfworld(tmp_path, server.url, progress=False)
    (tmp_path / "json_2.1.3_tw-pddl.zip").write_bytes(ARCHIVE + b"?")
    message = refused(tmp_path, server.url)
    assert hashlib.sha256(ARCHIVE).hexdigest() in message
    assert "delete it (and json_2.1.3_tw-pddl.zip.sha256, if there) to download it again" in message


def test_a_page_instead_of_an_archive_is_refused_and_not_kept(server, tmp_path):
    server.content = b"<html>please log in</html>"
    assert "gave no zip archive" in refused(tmp_path, server.url)
    assert names_in(tmp_path) == set()


def test_an_archive_that_is_here_already_needs_no_network(tmp_path):
    file = tmp_path / "mine.zip"
    file.write_bytes(ARCHIVE)
    done = download_alfworld(tmp_path / "data", file=file, progress=False)
    assert done == Installed(tmp_path / "data", NUM_GAMES, 0, 0)
    assert names_in(tmp_path / "data") == set(GAMES)
    assert "should have the SHA-256" in refused(tmp_path, file=file, sha256="0" * 64)


@pytest.mark.parametrize("position", [0.0, 0.3, 0.9])
def test_a_damaged_archive_is_named(position, tmp_path):
    file, damaged = tmp_path / "mine.zip", bytearray(ARCHIVE)
    start = int(position * len(ARCHIVE))
    damaged[start : start + 40] = bytes(40)
    file.write_bytes(damaged)
    assert f"{str(file)!r} is damaged or no zip file" in refused(tmp_path, file=file)
    file.write_bytes(ARCHIVE[: start + 50])
    assert f"{str(file)!r} is damaged or no zip file" in refused(tmp_path, file=file)


@pytest.mark.parametrize("name", [f"../{place(0)}", f"/{place(0)}", f"a\\..\\..\\{place(1)}", "x/../y"])
def test_an_archive_that_leads_out_of_its_folder_is_refused_as_a_whole(name, tmp_path):
    file, data = tmp_path / "mine.zip", tmp_path / "data"
    file.write_bytes(zipped(GAMES | {name: "bad"}))
    assert "has a file outside of its folder" in refused(data, file=file)
    assert names_in(tmp_path) == {"mine.zip"}


def test_only_games_are_unpacked(tmp_path):
    file = tmp_path / "mine.zip"
    others = {"setup.py": "", f"json_2.1.1/elsewhere/{TASK}/trial_1/game.tw-pddl": "", "valid_seen/game.tw-pddl": ""}
    file.write_bytes(zipped(others))
    assert "has no <split>/<task>/<trial>/game.tw-pddl" in refused(tmp_path / "data", file=file)
    file.write_bytes(zipped(others | GAMES))
    download_alfworld(tmp_path / "data", file=file, progress=False)
    assert names_in(tmp_path / "data") == set(GAMES)


def test_a_game_that_unpacks_to_gigabytes_is_refused(tmp_path):
    file = tmp_path / "mine.zip"
    file.write_bytes(zipped({place(0): "0" * (2**20 + 1)}))
    assert "more than any game" in refused(tmp_path, file=file)


@pytest.mark.parametrize("moment", ["write_bytes", "replace"])
def test_a_full_disk_is_named_and_leaves_no_half_game(moment, tmp_path, monkeypatch):
    file = tmp_path / "mine.zip"
    file.write_bytes(ARCHIVE)

    def no_space(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.Path, moment, no_space)
    message = refused(tmp_path / "data", file=file)
    assert f"cannot install the games in {str(tmp_path / 'data')!r}: the disk is full" in message
    assert not list((tmp_path / "data").rglob("game.tw-pddl"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    assert f"cannot install the games in {str(tmp_path / 'file' / 'data')!r}: " in refused(tmp_path / "file" / "data")


# What is left when it fails


def entries(folder):
    """Return all that is in a folder, folders included."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def break_off(*args, **kwargs):
    raise KeyboardInterrupt


FAILURES = ("no server", "404", "cut off before a byte", "a page", "a wrong checksum", "Ctrl-C", "no archive")


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_download_that_brought_nothing_leaves_nothing(failure, is_there, server, tmp_path, monkeypatch):
    data = tmp_path / "deep" / "data"
    if is_there:
        data.mkdir(parents=True)
    more = {}
    if failure == "404":
        server.status = 404
    elif failure == "cut off before a byte":
        server.cuts = [0] * 100
    elif failure == "a page":
        server.content = b"<html>please log in</html>"
    elif failure == "a wrong checksum":
        more = {"sha256": "0" * 64}
    elif failure == "Ctrl-C":
        monkeypatch.setattr(fetch, "_read", break_off)
    elif failure == "no archive":
        more = {"file": tmp_path / "none.zip"}
    url = "http://127.0.0.1:9/a.zip" if failure == "no server" else server.url
    with pytest.raises((DataNotFoundError, ConfigError, KeyboardInterrupt)):
        download_alfworld(data, url, progress=False, **more)
    assert entries(tmp_path) == ({"deep", "deep/data"} if is_there else set())


def test_what_came_before_ctrl_c_is_kept_and_continued(server, tmp_path, monkeypatch):
    read, chunks = fetch._read, []

    def one_chunk(response):
        if chunks:
            raise KeyboardInterrupt
        chunks.append(read(response))
        return chunks[0]

    monkeypatch.setattr(fetch, "_read", one_chunk)
    with pytest.raises(KeyboardInterrupt):
        download_alfworld(tmp_path / "data", server.url, progress=False)
    assert entries(tmp_path / "data") == {"json_2.1.3_tw-pddl.zip.part"}
    monkeypatch.setattr(fetch, "_read", read)
    assert download_alfworld(tmp_path / "data", server.url, progress=False).num_written == NUM_GAMES
    assert server.ranges == [None, f"bytes={len(chunks[0])}-"]


def stop_after(num_games, error, monkeypatch):
    """Let unpacking stop in the middle of the game after so many."""
    write, written = download.Path.write_bytes, []

    def stopping(path, content):
        if path.name.startswith("game") and len(written) == num_games:
            write(path, content[:100])
            raise error
        written.append(path)
        return write(path, content)

    monkeypatch.setattr(download.Path, "write_bytes", stopping)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device"), SystemExit(1)]
)
@pytest.mark.parametrize("num_games", [1, NUM_GAMES - 1])
def test_half_unpacked_games_are_not_played_until_they_are_finished(error, num_games, tmp_path, monkeypatch):
    file, data = tmp_path / "mine.zip", tmp_path / "data"
    file.write_bytes(ARCHIVE)
    with monkeypatch.context() as patch:
        stop_after(num_games, error, patch)
        with pytest.raises((DataNotFoundError, KeyboardInterrupt, SystemExit)):
            download_alfworld(data, file=file, progress=False)
    assert len(list(data.rglob("game.tw-pddl"))) == num_games
    assert not list(data.rglob("*.part"))
    assert all(any(folder.iterdir()) for folder in data.rglob("*") if folder.is_dir())
    with pytest.raises(DataNotFoundError, match="`vlm-gym download alfworld` was interrupted"):
        list_games(data, "valid_seen")
    done = download_alfworld(data, file=file, progress=False)
    assert (done.num_written, done.num_kept) == (NUM_GAMES - num_games, num_games)
    assert len(list_games(data, "valid_seen")) == NUM_GAMES
    assert names_in(data) == set(GAMES)


def test_unpacking_that_wrote_no_game_leaves_nothing(tmp_path, monkeypatch):
    file = tmp_path / "mine.zip"
    file.write_bytes(ARCHIVE)
    stop_after(0, KeyboardInterrupt(), monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        download_alfworld(tmp_path / "data", file=file, progress=False)
    assert entries(tmp_path) == {"mine.zip"}


def test_games_that_were_complete_are_played_though_more_could_not_be_unpacked(tmp_path, monkeypatch):
    file = tmp_path / "mine.zip"
    file.write_bytes(ARCHIVE)
    download_alfworld(tmp_path / "data", file=file, progress=False)
    file.write_bytes(zipped(GAMES | {place(NUM_GAMES): "{}"}))
    stop_after(0, KeyboardInterrupt(), monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        download_alfworld(tmp_path / "data", file=file, progress=False)
    assert len(list_games(tmp_path / "data", "valid_seen")) == NUM_GAMES


def test_a_process_that_was_killed_just_before_the_end_is_finished_by_the_next(tmp_path):
    file = tmp_path / "mine.zip"
    file.write_bytes(ARCHIVE)
    download_alfworld(tmp_path / "data", file=file, progress=False)
    (tmp_path / "data" / "json_2.1.1" / "UNFINISHED").touch()
    assert download_alfworld(tmp_path / "data", file=file, progress=False).num_kept == NUM_GAMES
    assert len(list_games(tmp_path / "data", "valid_seen")) == NUM_GAMES


@pytest.mark.parametrize("position", [0.3, 0.9])
def test_an_archive_that_is_damaged_inside_is_not_taken_for_the_games(position, tmp_path):
    file, damaged, data = tmp_path / "mine.zip", bytearray(ARCHIVE), tmp_path / "data"
    start = int(position * len(ARCHIVE))
    damaged[start : start + 40] = bytes(40)
    file.write_bytes(damaged)
    refused(data, file=file)
    assert not list(data.rglob("*.part"))
    with pytest.raises(DataNotFoundError):
        list_games(data, "valid_seen")


@pytest.mark.parametrize("url", ["ftp://host/a.zip", "file:///etc/passwd", "a.zip", "https://host/", "http://ho st/a"])
def test_an_address_that_is_none_is_refused(url, tmp_path):
    with pytest.raises(ConfigError, match="url must be the http or https address of an archive, got "):
        download_alfworld(tmp_path, url, progress=False)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no archive '.*none.zip'"):
        download_alfworld(tmp_path, file=tmp_path / "none.zip")


@pytest.mark.parametrize(("is_terminal", "num_lines"), [(False, range(5, 25)), (True, range(2, 3))])
def test_progress_is_shown_on_stderr(is_terminal, num_lines, server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fetch.sys.stderr, "isatty", lambda: is_terminal)
    download_alfworld(tmp_path, server.url)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"games: {NUM_GAMES} of {NUM_GAMES}\n" in captured.err
    assert "json_2.1.3_tw-pddl.zip: 0 of 0 MB\n" in captured.err
    assert captured.err.count("\n") in num_lines


# What AI2-THOR needs


TRAJ_DATA = {name.replace("game.tw-pddl", "traj_data.json"): "{}" for name in GAMES}
THOR_ARCHIVE = zipped(TRAJ_DATA | GAMES | {f"json_2.1.1/valid_seen/{TASK}/trial_0/initial_state.pddl": "(define"})
PLAYER = zipped({BUILD: "#!/bin/sh", f"{BUILD}_Data/level0": "0"})


def test_traj_data_lie_beside_the_games(server, tmp_path):
    server.content = THOR_ARCHIVE
    assert download_traj_data(tmp_path, server.url, progress=False) == Installed(tmp_path, NUM_GAMES, 0, 0)
    files = {str(path.relative_to(tmp_path)) for path in (tmp_path / "json_2.1.1").rglob("*") if path.is_file()}
    assert files == set(TRAJ_DATA)


def test_traj_data_that_are_not_all_there_let_the_text_games_be_played(tmp_path, monkeypatch):
    archive, thor_archive = tmp_path / "games.zip", tmp_path / "thor.zip"
    archive.write_bytes(ARCHIVE)
    thor_archive.write_bytes(THOR_ARCHIVE)
    download_alfworld(tmp_path, file=archive, progress=False)
    write = download._write

    def write_some(target, content):
        if "trial_3" in str(target):
            raise KeyboardInterrupt
        write(target, content)

    monkeypatch.setattr(download, "_write", write_some)
    with pytest.raises(KeyboardInterrupt):
        download_traj_data(tmp_path, file=thor_archive, progress=False)
    assert len(list_games(str(tmp_path), "valid_seen")) == NUM_GAMES
    monkeypatch.undo()
    assert download_traj_data(tmp_path, file=thor_archive, progress=False).num_kept == 3


def test_an_archive_without_traj_data_is_refused_with_what_to_do(tmp_path):
    archive = tmp_path / "games.zip"
    archive.write_bytes(ARCHIVE)
    with pytest.raises(DataNotFoundError, match=r"has no <split>.*traj_data.json: `vlm-gym download thor` gets"):
        download_traj_data(tmp_path, file=archive, progress=False)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VLM_GYM_THOR_BUILD", raising=False)
    return tmp_path


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_the_player_is_put_where_ai2thor_looks_for_it(server, home):
    server.content = PLAYER
    player = download_build(server.url, sha256=sha256(PLAYER), progress=False)
    assert player == home / ".ai2thor" / "releases" / BUILD / BUILD == find_build()
    assert (player.parent / f"{BUILD}_Data" / "level0").read_text() == "0"
    assert {path.name for path in player.parent.parent.iterdir() if path.suffix != ".sha256"} == {BUILD}
    server.ranges.clear()
    assert download_build(server.url, sha256=sha256(PLAYER), progress=False) == player
    assert server.ranges == []


def test_another_player_is_refused_by_its_checksum(server, home):
    server.content = PLAYER
    with pytest.raises(DataNotFoundError, match=r"should have the SHA-256 cc61de81"):
        download_build(server.url, progress=False)
    assert not list((home / ".ai2thor").rglob(BUILD))


def test_an_archive_without_a_player_leaves_nothing(home):
    archive = home / "build.zip"
    archive.write_bytes(zipped({"readme.txt": "no player"}))
    with pytest.raises(DataNotFoundError, match=f"has no {BUILD}"):
        download_build(file=archive, sha256=sha256(archive.read_bytes()), progress=False)
    assert list((home / ".ai2thor" / "releases").iterdir()) == []
    assert archive.is_file()


def test_without_a_network_the_player_can_be_brought(home, server):
    server.status = 404
    with pytest.raises(DataNotFoundError, match=r"run `vlm-gym download thor --build --file PATH` here"):
        download_build(server.url, progress=False)


def test_the_command_gets_each_on_the_users_word(tmp_path, home, capsys):
    archive = tmp_path / "thor.zip"
    archive.write_bytes(THOR_ARCHIVE)
    assert main(["download", "thor", "--data-dir", str(tmp_path), "--file", str(archive)]) == 0
    assert f"{NUM_GAMES} games written, 0 were there" in capsys.readouterr().out
    assert main(["download", "thor", "--build", "--file", str(archive)]) == 2
    assert "should have the SHA-256" in capsys.readouterr().err
    for wrong in (["alfworld", "--build"], ["thor", "--build", "--data-dir", str(tmp_path)]):
        assert main(["download", *wrong]) == 2
        assert "--build is for `vlm-gym download thor`" in capsys.readouterr().err
