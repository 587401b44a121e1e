"""What errors say about installing an extra fits where the package was installed from."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from vlm_gym import installation
from vlm_gym.installation import NAME, SOURCE, install_hint

COMMIT = "9f0c2d7e5b1a4c3d8e6f7a9b0c1d2e3f4a5b6c7d"
ORIGINS = [
    ({"url": "file:///home/me/vlm_gym", "dir_info": {"editable": True}}, "pip install -e '/home/me/vlm_gym[eval]'"),
    ({"url": "file:///home/me/vlm_gym", "dir_info": {}}, "pip install '/home/me/vlm_gym[eval]'"),
    ({"url": "file:///home/me/my%20code/50%25/vlm", "dir_info": {}}, "pip install '/home/me/my code/50%/vlm[eval]'"),
    (
        {"url": "file:///tmp/vlm_gym-0.1.0-py3-none-any.whl", "archive_info": {"hash": "sha256=00"}},
        "pip install '/tmp/vlm_gym-0.1.0-py3-none-any.whl[eval]'",
    ),
    (
        {"url": "https://example.org/vlm_gym-0.1.0.tar.gz", "archive_info": {}},
        "pip install 'vlm-gym[eval] @ https://example.org/vlm_gym-0.1.0.tar.gz'",
    ),
    (
        {"url": "https://example.org/me/vlm_gym.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        f"pip install 'vlm-gym[eval] @ git+https://example.org/me/vlm_gym.git@{COMMIT}'",
    ),
    (
        {"url": "file:///srv/git/vlm_gym", "vcs_info": {"vcs": "git", "requested_revision": "v1"}},
        "pip install 'vlm-gym[eval] @ git+file:///srv/git/vlm_gym@v1'",
    ),
    (
        {
            "url": "ssh://git@example.org/me/mono.git",
            "vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"},
            "subdirectory": "python/vlm_gym",
        },
        f"pip install 'vlm-gym[eval] @ git+ssh://git@example.org/me/mono.git@{COMMIT}#subdirectory=python/vlm_gym'",
    ),
    (None, "pip install 'vlm-gym[eval]'"),
]


def installed_from(folder, origin):
    """Write what an installer leaves in site-packages; None is an index."""
    place = folder / "vlm_gym-0.1.0.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 0.1.0\n")
    if origin is not None:
        (place / "direct_url.json").write_text(json.dumps(origin))
    return folder


@pytest.mark.parametrize(("origin", "hint"), ORIGINS)
def test_the_hint_names_where_the_package_came_from(monkeypatch, tmp_path, origin, hint):
    monkeypatch.setattr(sys, "path", [str(installed_from(tmp_path / "site", origin))])
    monkeypatch.setattr(installation, "SOURCE", tmp_path / "site")
    assert install_hint("eval") == hint
    assert shlex.split(install_hint()) == shlex.split(hint.replace("[eval]", ""))


@pytest.mark.parametrize(("origin", "hint"), ORIGINS)
def test_a_shell_reads_the_hint_as_it_is_meant(origin, hint):
    *command, requirement = shlex.split(hint)
    assert command in (["pip", "install"], ["pip", "install", "-e"])
    assert requirement.count("[eval]") == 1


def test_a_clone_that_nobody_installed_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert install_hint("train") == f"pip install -e {shlex.quote(f'{SOURCE}[train]')}"


def test_the_egg_info_of_a_clone_hides_no_origin(monkeypatch, tmp_path):
    """In a clone's folder Python finds the folder's own metadata first, which have no origin."""
    clone, origin = tmp_path / "clone", {"url": "file:///home/me/clone", "dir_info": {"editable": True}}
    (clone / "vlm_gym.egg-info").mkdir(parents=True)
    (clone / "vlm_gym.egg-info" / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 0.1.0\n")
    monkeypatch.setattr(sys, "path", [str(clone), str(installed_from(tmp_path / "site", origin))])
    assert install_hint("data") == "pip install -e '/home/me/clone[data]'"


def test_no_message_names_an_extra_in_another_way():
    """Every hint comes from `install_hint`."""
    root = Path(__file__).parents[1]
    files = [*(root / "vlm_gym").rglob("*.py"), *(root / "baselines").rglob("*.py")]
    by_hand = [path for path in files if re.search(r"vlm[-_]gym\[[a-z]", path.read_text(encoding="utf-8"))]
    assert by_hand == [root / "vlm_gym" / "installation.py"]


@pytest.mark.slow
def test_pip_understands_the_hint_of_a_folder(tmp_path):
    """pip resolves it to this very project with the extra, without an index."""
    where = shlex.split(installation._requirement({"url": SOURCE.as_uri(), "dir_info": {}}, "[eval]"))
    options = ["--dry-run", "--no-deps", "--no-build-isolation", "--no-index", "--ignore-installed", "--quiet"]
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pip", "install", *options, "--report", str(report), *where]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named pip" in ran.stderr or "setuptools" in ran.stderr or "bdist_wheel" in ran.stderr:
        pytest.skip("pip cannot build a package here without an index")
    assert ran.returncode == 0, ran.stderr
    (chosen,) = json.loads(report.read_text())["install"]
    assert chosen["metadata"]["name"] == NAME
    assert chosen["requested_extras"] == ["eval"]
