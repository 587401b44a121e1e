"""Pushing an exported model to the Hugging Face Hub: the real client, and a server that speaks the hub's protocol."""

import huggingface_hub.constants
import pytest
from hub_server import TOKEN, Hub

from baselines import export, ppo
from vlm_gym.errors import ConfigError, VlmGymError

NAME = "somebody/plays"
TINY = (
    *("--task.num-envs=2", "--sft.steps=0", "--ppo.turns=1", "--ppo.epochs=1", "--ppo.minibatch=2", "--ppo.updates=1"),
    *("--evaluation.episodes=1", "--evaluation.samples=0", "--sampling.max-new-tokens=2", "--device=cpu"),
)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    ppo.main([*TINY, "--folder", str(folder)])
    return folder


@pytest.fixture
def hub(monkeypatch):
    with Hub() as hub:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


@pytest.mark.parametrize("flags", [["--push", NAME], [f"--push={NAME}", "--adapter"]], ids=["model", "adapter"])
def test_what_was_exported_is_on_the_hub(run_folder, hub, flags, caplog):
    export.main(["--resume", str(run_folder), *flags])
    folder = run_folder / ("adapter" if "--adapter" in flags else "model")
    assert hub.files[NAME] == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert any(name.endswith(".safetensors") for name in hub.files[NAME])
    assert hub.visibility[NAME] == "private"
    assert f"is now at {hub.address}/{NAME}" in caplog.text
    card = hub.files[NAME]["README.md"].decode()
    assert f"library_name: {'peft' if '--adapter' in flags else 'transformers'}" in card
    assert f"hf download {NAME} --local-dir plays\nvlm-gym eval --agent hf:plays --task NumberLine-v0 " in card
    assert "base_model" not in card  # the built-in one is on no hub


def test_it_can_be_pushed_again(run_folder, hub):
    for _ in range(2):
        export.main(["--resume", str(run_folder), "--push", NAME])
    assert "vlm_gym.json" in hub.files[NAME]


def test_who_has_not_logged_in_is_told_before_any_work(run_folder, hub, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    with pytest.raises(VlmGymError, match=r"the hub refuses it \(401\): log in with `hf auth login`, or set HF_TOKEN"):
        export.main(["--resume", str(run_folder), "--push", NAME, "--folder", str(run_folder)])
    assert not hub.files


@pytest.mark.parametrize("part", ["create", "preupload", "commit"])
def test_a_hub_that_fails_is_told_and_the_export_stays(run_folder, hub, part):
    hub.fails[part] = 400
    with pytest.raises(VlmGymError, match=f"--push {NAME}: the hub fails: Bad request.*told to fail; push it again"):
        export.main(["--resume", str(run_folder), "--push", NAME])
    assert not hub.files.get(NAME)


def test_a_hub_that_is_not_there_is_told(run_folder, hub, monkeypatch):
    with Hub() as gone:
        address = gone.address
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    with pytest.raises(VlmGymError, match=f"--push {NAME}: the hub cannot be reached"):
        export.main(["--resume", str(run_folder), "--push", NAME])


@pytest.mark.parametrize("name", ["a/b/c", "owner/na me", "-x"])
def test_a_name_that_is_none_is_told(run_folder, hub, name):
    with pytest.raises(VlmGymError, match=r"--push expected OWNER/NAME, got"):
        export.main(["--resume", str(run_folder), f"--push={name}"])


@pytest.mark.parametrize("arguments", [["--push"], ["--push", "--adapter"], ["--push="]])
def test_a_push_without_a_name_is_told(arguments):
    with pytest.raises(ConfigError, match="--push needs a name on the Hugging Face Hub, OWNER/NAME"):
        export.main([*arguments, "--resume", "somewhere"])
