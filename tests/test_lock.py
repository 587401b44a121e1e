"""requirements/*.txt holds exact versions that setup.cfg allows: of everything, for every Python, in every group."""

import configparser
import importlib.metadata
import re
import runpy
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")
CORE = SETUP["options"]["install_requires"].split()
EXTRAS = {extra: text.split() for extra, text in SETUP["options.extras_require"].items()}
PYTHONS = re.findall(r"Python :: (3\.\d+)", SETUP["metadata"]["classifiers"])
LOCKS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "requirements").glob("*.txt"))}
SCRIPT = (ROOT / "requirements" / "lock.sh").read_text(encoding="utf-8")
GROUPS = re.findall(r"^lock (\w+) 3\.(\d+) '\.\[([\w,]+)\]'$", SCRIPT, re.MULTILINE)
CASES = [
    (name, extras.split(","), python)
    for name, oldest, extras in GROUPS
    for python in PYTHONS
    if int(python.split(".")[1]) >= int(oldest)
]
OF_CUDA = re.compile(r"^(nvidia|cuda|triton|pytorch-triton)")
USED_UNNAMED = {  # not by an import of ours, but: what asks for it
    "tensorboard": "torch.utils.tensorboard",
    "num2words": "the processor of SmolVLM",
    "bitsandbytes": "transformers, for a quantized model",
    "flask": "ai2thor, which says nothing of its version",
    "werkzeug": "the same",
    "openai": "inspect-ai, for models behind an OpenAI-compatible endpoint",
    "trl": "nothing of it is called: its trainer calls us",
    "agentlightning": "nothing of it is called: its controller runs our agent",
    **dict.fromkeys(("torch", "cachetools", "fastapi", "uvicorn"), "verl, which names none of them"),
}
ADAPTERS = {"inspect", "openenv", "skyrl", "gem", "trl", "verifiers", "verl", "agentlightning"}
ALONE = {"thor", *ADAPTERS}  # groups with an environment of their own
IMPORTED_AS = {"gem-llm": "gem", "opencv-python": "cv2", "pillow": "PIL", "pyyaml": "yaml"}


def test_the_groups_are_those_that_make_installs():
    assert {name for name, _, _ in GROUPS} | {"all", "build"} == set(LOCKS)
    assert {name for name, _, _ in GROUPS} == {"test", "dev", "docs", "alfworld", "demo", "train", *ALONE}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_exact_versions_and_no_address(name):
    lines = [line for line in LOCKS[name].splitlines() if not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[a-z0-9.]+( ; [\w '.<>=!()*]+)?", line)] == []
    assert re.findall(r"://|/\w|--|\\", LOCKS[name]) == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_what_torch_needs_for_cuda(name):
    """They come with the torch that needs them; a new torch needs its list in requirements/uv.toml."""
    assert [line for line in LOCKS[name].splitlines() if OF_CUDA.match(line)] == []


@pytest.mark.parametrize(
    ("name", "python"),
    [*((name, python) for name, _, python in CASES), *(("build", python) for python in PYTHONS)],
)
def test_a_lock_has_one_version_of_each_package_and_all_locks_the_same(name, python):
    found = pins(name, python)
    if name not in ALONE:
        shared = pins("all", python)
        assert {package: version for package, version in found.items() if package in shared}.items() <= shared.items()
        assert name == "docs" or found.keys() <= shared.keys()


@pytest.mark.parametrize(("name", "extras", "python"), CASES)
def test_a_lock_satisfies_setup_cfg(name, extras, python):
    locked = pins(name, python)
    for line in (*CORE, *(line for extra in extras for line in EXTRAS[extra])):
        requirement = Requirement(line)
        version = locked.get(canonicalize_name(requirement.name))
        assert version, f"{line} is not in requirements/{name}.txt: make lock"
        assert version in requirement.specifier, (
            f"{line} does not allow {version} of requirements/{name}.txt: make lock"
        )


@pytest.mark.parametrize(("name", "extras"), sorted({(name, tuple(extras)) for name, extras, _ in CASES}))
def test_whatever_the_locked_packages_need_is_locked_too(name, extras):
    """Followed through the packages that are installed here in the locked version."""
    python = ".".join(map(str, sys.version_info[:2]))
    if (name, list(extras), python) not in CASES:
        pytest.skip(f"requirements/{name}.txt is for a newer Python than {python}")
    locked = pins(name, python)
    waiting = [Requirement(line) for line in (*CORE, *(line for extra in extras for line in EXTRAS[extra]))]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen or OF_CUDA.match(key[0]):
            continue
        seen.add(key)
        assert key[0] in locked, f"{requirement} is not in requirements/{name}.txt: make lock"
        waiting += needs(requirement, locked[key[0]])


def test_torch_is_the_one_that_the_trials_use():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    torch = re.search(r"^TORCH \?= (torch==\S+)$", makefile, re.MULTILINE)[1]
    settings = (ROOT / "requirements" / "uv.toml").read_text(encoding="utf-8")
    assert f'constraint-dependencies = ["{torch}"]' in settings
    assert f'version = "{torch.split("==")[1]}"' in settings
    assert torch in LOCKS["train"].splitlines()


@pytest.mark.parametrize("line", sorted({*CORE, *(line for lines in EXTRAS.values() for line in lines)}))
def test_a_requirement_has_an_upper_bound(line):
    """Or a release of tomorrow breaks what was installed today."""
    assert re.search(r"<|==", line)


@pytest.mark.parametrize("extra", sorted(set(EXTRAS) - {"test", "dev", "docs"}))
def test_an_extra_brings_nothing_that_is_never_imported(extra):
    of_the_package = ("eval", "data", "ray", *ALONE, "alfworld")
    folders = ["vlm_gym"] if extra in of_the_package else ["vlm_gym", "baselines"]
    source = "\n".join(path.read_text(encoding="utf-8") for name in folders for path in (ROOT / name).rglob("*.py"))
    for line in EXTRAS[extra]:
        name = Requirement(line).name
        if name not in USED_UNNAMED:
            module = IMPORTED_AS.get(name, name.replace("-", "_"))
            named = rf"^\s*(import|from) {module}\b|import_module\(\"{module}\""
            assert re.search(named, source, re.MULTILINE), f"{name} in [{extra}]"


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_is_documented(extra):
    page = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("| ") and f"`{extra}`" in line.split("|")[1]]


def test_the_newest_of_everything_is_asked_for_without_our_upper_bounds():
    newest = runpy.run_path(str(ROOT / "requirements" / "newest.py"))
    asked = [
        Requirement(line) for line in newest["newest_requirements"]((ROOT / "setup.cfg").read_text(encoding="utf-8"))
    ]
    wanted = {Requirement(line).name for extra in newest["EXTRAS"] for line in EXTRAS[extra]}
    assert {requirement.name for requirement in asked} == (wanted | {Requirement(line).name for line in CORE}) - {
        "torch"
    }
    assert all(
        set(map(str, requirement.specifier)) <= {"".join(map(str, requirement.specifier))} for requirement in asked
    )
    assert all(specifier.operator == ">=" for requirement in asked for specifier in requirement.specifier)
    assert {"pddl"} == {each.name: each.extras for each in asked}["textworld"]


def pins(name, python):
    """Return the version of each package in a lock, on Linux with this Python."""
    system = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
    system |= {"os_name": "posix", "implementation_name": "cpython", "platform_machine": "x86_64", "extra": ""}
    found = {}
    for line in LOCKS[name].splitlines():
        if line.startswith("#"):
            continue
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(system):
            (specifier,) = requirement.specifier
            assert requirement.name not in found, f"two versions of {requirement.name}"
            found[requirement.name] = specifier.version
    return found


def needs(requirement, version):
    """Return what an installed package needs here, nothing if it is not installed in this version."""
    try:
        distribution = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return []
    if distribution.version.split("+")[0] != version:
        return []
    lines = [Requirement(line) for line in distribution.requires or ()]
    chosen = ("", *requirement.extras)
    return [line for line in lines if line.marker is None or any(line.marker.evaluate({"extra": e}) for e in chosen)]
