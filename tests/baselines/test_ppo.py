"""A whole run of the tiny model: what it writes, and that nothing is lost when it is killed, stopped or damaged."""

import importlib.util
import json
import logging
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_checkpoints import llava

from baselines import export, ppo, sft
from baselines.checkpoint import best_checkpoint, list_checkpoints
from baselines.models.loading import load_policy
from baselines.models.policy import Prompt
from baselines.progress import read_metrics
from baselines.run import Run
from baselines.session import Stopper, read_train_config, start_accelerator, start_policy
from vlm_gym import cli
from vlm_gym.chat import ChatSettings
from vlm_gym.errors import ConfigError, VlmGymError
from vlm_gym.evaluation.models.local_model import LocalModelAgent
from vlm_gym.evaluation.models.trained import training_of
from vlm_gym.evaluation.runs.panels import FIRST_SEED
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_run, read_turns

ROOT = Path(__file__).parents[2]
NUM_UPDATES = 6
SMALL = (
    "--task.num-envs=3 --sft.steps=3 --sft.batch=4 --sft.episodes=5 --ppo.turns=3 --ppo.epochs=2 --ppo.minibatch=4 "
    f"--ppo.microbatch=3 --ppo.updates={NUM_UPDATES} --evaluation.episodes=4 --evaluation.every=3 "
    "--checkpoint.every=1 --checkpoint.keep=9 --sampling.max-new-tokens=12 --device=cpu --ppo.final-lr-share=0"
).split()


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """A run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    ppo.main([*SMALL, "--folder", str(folder)])
    return folder


def start_run(folder):
    command = [sys.executable, "-m", "baselines.ppo", *SMALL, "--folder", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for(path, process, seconds=300):
    end = time.monotonic() + seconds
    while not path.is_dir():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end
        time.sleep(0.01)


def copy_run(whole_run, tmp_path):
    return Path(shutil.copytree(whole_run, tmp_path / "run"))


def weights(folder, update=NUM_UPDATES):
    return load_file(folder / "ppo" / f"step-{update:06d}" / "policy.safetensors")


def assert_same_run(one, other):
    expected, got = weights(one), weights(other)
    assert expected.keys() == got.keys()
    for name in expected:
        assert expected[name].equal(got[name]), name
    lines = [[strip(line) for line in read_metrics(folder)] for folder in (one, other)]
    assert lines[0] == lines[1]


def strip(line):
    return {name: value for name, value in line.items() if "seconds" not in name}


def test_a_run_without_updates_measures_what_sft_made_on_every_task(tmp_path, capsys):
    tasks = "[NumberLine-v0, NumberLine-Night-v0]"
    small = ["--ppo.updates", "0", "--evaluation.episodes", "3", "--evaluation.samples", "1", "--sft.steps", "2"]
    ppo.main([*SMALL, "--folder", str(tmp_path), *small, "--evaluation.task", tasks])
    (line,) = read_metrics(tmp_path)
    assert line["update"] == 0
    assert {name.removesuffix("/episodes"): line[name] for name in line if name.endswith("/episodes")} == {
        "greedy": 3,
        "sampled": 3,
        "NumberLine-Night-v0/greedy": 3,
        "NumberLine-Night-v0/sampled": 3,
    }
    said = capsys.readouterr().out
    assert "evaluation after update 0, NumberLine-Night-v0, sampled: positive return" in said
    assert [path.name for path in (tmp_path / "plays").iterdir()] == ["before PPO"]


def test_a_run_writes_what_it_measured(whole_run):
    lines = read_metrics(whole_run)
    assert [line["update"] for line in lines] == [0, 1, 2, 3, 3, 4, 5, 6, 6]
    assert [line["env_turns"] for line in lines if "env_turns" in line] == [9 * update for update in range(1, 7)]
    measured = [line for line in lines if "greedy/success" in line]
    assert len(measured) == 3
    for line in lines:
        if "env_turns" in line:
            moved = [line[f"epoch_{number}/{name}"] for number in (1, 2) for name in ("divergence", "clipped_share")]
            assert all(number >= 0 for number in moved)
            assert line["update/clipped_share"] == pytest.approx(sum(moved[1::2]) / 2)
            assert 0 <= line["update/sampler_divergence"] < 1e-6  # of one float32 model
    assert all(line["greedy/low"] <= line["greedy/positive_return"] <= line["greedy/high"] for line in measured)
    for name in ("faults", "illegal", "cut_off", "return", "turns"):
        assert all(f"{part}/{name}" in measured[-1] for part in ("greedy", "sampled"))
    assert (whole_run / "curve.png").stat().st_size > 10_000
    assert list((whole_run / "tensorboard").iterdir())
    assert (whole_run / "sft" / "model" / "model.safetensors").is_file()
    assert len(list_checkpoints(whole_run / "ppo")) == NUM_UPDATES
    assert best_checkpoint(whole_run / "ppo") is not None


def test_the_learning_rate_changes_once_per_update(whole_run):
    """Defect of the published code: its schedule is stepped once per GPU."""
    rates = [line["lr"] for line in read_metrics(whole_run) if "lr" in line]
    assert rates == pytest.approx([1e-3 * (1 - done / NUM_UPDATES) for done in range(NUM_UPDATES)])


@pytest.mark.parametrize(("share", "end"), [("1.0", 0.4), ("0.25", 0.1), ("0.0", 0.0)])
def test_the_references_weight_goes_straight_down_to_what_is_left(tmp_path, share, end):
    settings = ["--ppo.reference_weight", "0.4", "--ppo.final_reference_share", share, "--folder", str(tmp_path)]
    config = read_train_config([*SMALL, *settings], "")
    run, found = Run.start(config, start_accelerator(config), None), []
    for update in range(1, NUM_UPDATES + 1):
        run.follow_schedules(update)
        found.append(run.learner.config.reference_weight)
    assert found == pytest.approx([0.4 + (end - 0.4) * done / (NUM_UPDATES - 1) for done in range(NUM_UPDATES)])


def test_a_checkpoint_holds_only_what_trains(whole_run):
    """Defect of the published code: no checkpoint is ever saved."""
    names = weights(whole_run).keys()
    assert all("lora" in name or name.startswith("value_head.") for name in names)
    assert any("lora" in name for name in names)


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_bit_for_bit(whole_run, tmp_path):
    """Train 6 updates = train 3, kill -9, resume 3: the same weights and the same metrics."""
    folder = tmp_path / "run"
    process = start_run(folder)
    wait_for(folder / "ppo" / "step-000003", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(list_checkpoints(folder / "ppo")) < NUM_UPDATES
    ppo.main(["--resume", str(folder)])
    assert_same_run(whole_run, folder)


@pytest.mark.slow
def test_a_run_that_is_told_to_stop_writes_a_checkpoint_and_goes_on_bit_for_bit(whole_run, tmp_path):
    folder = tmp_path / "run"
    process = start_run(folder)
    wait_for(folder / "ppo" / "step-000002", process)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 128 + signal.SIGTERM
    assert f"go on with --resume {folder}" in said
    assert not list((folder / "ppo").glob("*.unfinished"))
    spent = read_metrics(folder)[-1]["cpu_seconds"] + time.process_time()
    ppo.main(["--resume", str(folder)])
    assert read_metrics(folder)[-1]["cpu_seconds"] >= spent
    assert_same_run(whole_run, folder)


@pytest.mark.slow
def test_sft_that_is_stopped_goes_on_bit_for_bit(whole_run, tmp_path):
    folder = tmp_path / "run"
    process = start_run(folder)
    wait_for(folder, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=300)
    assert process.returncode == 128 + signal.SIGTERM
    ppo.main(["--resume", str(folder)])
    assert_same_run(whole_run, folder)


def test_a_run_that_is_stopped_plays_no_more(tmp_path):
    """It has seconds to write its checkpoint; what it would play is not what the run came to."""
    arguments = [*SMALL, "--sft.steps", "0", "--evaluation.samples", "2", "--folder", str(tmp_path)]
    stopper = Stopper()
    stopper.signal = signal.SIGTERM
    with pytest.raises(SystemExit):
        ppo.train(read_train_config(arguments, ""), stopper)
    assert [place.name for place in list_checkpoints(tmp_path / "ppo")] == ["step-000000"]
    assert [place.name for place in (tmp_path / "plays").iterdir()] == ["before PPO"]


def test_what_is_recorded_replaces_what_was_there(whole_run, tmp_path):
    folder = copy_run(whole_run, tmp_path)
    arguments = ["--resume", str(folder), "--ppo.updates", "6", "--ppo.clip", "0.3", "--evaluation.samples", "2"]
    ppo.main(arguments)
    assert len(read_episodes(folder / "plays" / "after update 6")) == 2


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_can_be_resumed(whole_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(whole_run, folder)
    newest = folder / "ppo" / "step-000006"
    (newest / "policy.safetensors").write_bytes(b"")
    with pytest.raises(VlmGymError, match=f"the checkpoint {newest} is damaged") as raised:
        ppo.main(["--resume", str(folder)])
    offered = str(raised.value).rpartition("--resume ")[2]
    assert offered == str(folder / "ppo" / "step-000005")
    ppo.main(["--resume", offered])
    assert_same_run(whole_run, folder)


def test_a_folder_with_a_run_is_not_overwritten(whole_run):
    before = json.dumps(read_metrics(whole_run))
    with pytest.raises(VlmGymError, match=f"holds a run already, up to step-000006: go on with --resume {whole_run}"):
        ppo.main([*SMALL, "--folder", str(whole_run), "--seed", "5"])
    assert json.dumps(read_metrics(whole_run)) == before


def test_what_is_refused_leaves_the_run_as_it_was(whole_run, tmp_path):
    folder = copy_run(whole_run, tmp_path)
    before = (folder / "config.yaml").read_text()
    for setting, told in (
        ("--model.value_widths=[4, 4]", r"has shape .* load it with the model.name, model.rank and model.value_widths"),
        ("--task.id=EZPoints-v0", r"task.id was 'NumberLine-v0', now 'EZPoints-v0'"),
        ("--ppo.lr=-1", "ppo.lr must be 0 or above"),
    ):
        with pytest.raises(VlmGymError, match=told):
            ppo.main(["--resume", str(folder), setting])
        assert (folder / "config.yaml").read_text() == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    for script in (ppo, sft):
        with pytest.raises(VlmGymError, match=r"--folder \S+file cannot be written .*: choose another one"):
            script.main([*SMALL, "--folder", str(tmp_path / "file")])


def test_wandb_is_asked_for_before_any_work(tmp_path):
    if importlib.util.find_spec("wandb"):
        pytest.skip("wandb is installed")
    with pytest.raises(VlmGymError, match="pip install wandb, or --wandb false"):
        ppo.main([*SMALL, "--folder", str(tmp_path / "run"), "--wandb", "true"])
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_another_number_of_environments_is_refused(whole_run, tmp_path):
    folder = copy_run(whole_run, tmp_path)
    with pytest.raises(VlmGymError, match="was written by 1 processes with 3 environments each: here are 1 and 2"):
        ppo.main(["--resume", str(folder), "--task.num-envs", "2"])


def test_a_checkpoint_of_more_processes_is_refused_by_all_of_the_fewer(whole_run, tmp_path):
    """Process 0 finds its own part in it, and would go on with a share of the episodes."""
    folder = copy_run(whole_run, tmp_path)
    place = folder / "ppo" / "step-000006"
    digests = json.loads((place / "manifest.json").read_text())
    for file in tuple(place.glob("process-0.*")):
        other = file.name.replace("process-0", "process-1")
        shutil.copy(file, place / other)
        digests[other] = digests[file.name]
    (place / "manifest.json").write_text(json.dumps(digests))
    with pytest.raises(VlmGymError, match="was written by 2 processes with 3 environments each: here are 1 and 3"):
        ppo.main(["--resume", str(folder)])


def test_a_checkpoint_is_not_resumed_in_another_folder(whole_run, tmp_path):
    """What it holds fits the model that SFT left in its own folder, and no other one."""
    newest = whole_run / "ppo" / "step-000006"
    with pytest.raises(VlmGymError, match=f"--resume {newest} goes on in that run's own folder, got --folder .*copy"):
        ppo.main(["--resume", str(newest), "--folder", str(tmp_path / "fork")])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "cuda"], "PyTorch sees no GPU here"),
        (["--processes", "2"], "expected 2 processes, got 1: `accelerate launch --cpu` starts only one"),
        (["--evaluation.panel", "household-v0"], "the panel 'household-v0' has no episode of vlm_gym/NumberLine-v0"),
        (["--task.arguments.image_size", "3"], "image_size must be"),
    ],
)
def test_a_run_that_cannot_be_is_told_in_one_line(tmp_path, arguments, message, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(VlmGymError, match=message):
        ppo.main([*SMALL, "--sft.steps", "0", "--folder", str(tmp_path), *arguments])


@pytest.fixture(autouse=True)
def _quiet_logs():
    yield
    logging.getLogger("baselines").setLevel(logging.NOTSET)


def test_a_trained_model_can_be_exported(whole_run, tmp_path):
    """It is an ordinary directory, and says what the trained one says."""
    folder = tmp_path / "run"
    shutil.copytree(whole_run, folder)
    export.main(["--resume", str(folder)])
    config = read_train_config(["--resume", str(folder)], "")
    accelerator = start_accelerator(config)
    trained = start_policy(config, accelerator, folder / "sft" / "model")
    trained.load_state_dict(weights(folder))
    exported = load_policy(replace(config.model, name=str(folder / "model")))
    prompt = Prompt.of(np.zeros((84, 84, 3), np.uint8), "Answer in JSON.")
    answer = trained.write('{"action": "+"}')
    logp = [policy.evaluate([prompt], [answer], temperature=1.0).logp for policy in (trained, exported)]
    assert torch.allclose(*logp, atol=1e-4)


def test_a_run_can_be_exported_as_an_adapter_of_the_model_it_began_with(tmp_path):
    """SFT's adapter and PPO's are one then, and the evaluator plays it like any model: hf:DIRECTORY."""
    llava(tmp_path / "base")
    folder = tmp_path / "run"
    model = f"--model.name {tmp_path / 'base'} --model.rank 2 --sft.rank 3 --sft.steps 2 --sft.lr 0.1 --ppo.lr 0.1"
    ppo.main([*SMALL, *model.split(), "--folder", str(folder)])
    export.main(["--resume", str(folder), "--adapter"])
    assert json.loads((folder / "adapter" / "adapter_config.json").read_text())["r"] == 5
    config = read_train_config(["--resume", str(folder)], "")
    trained = start_policy(config, start_accelerator(config), folder / "sft" / "model")
    trained.load_state_dict(weights(folder))
    plain = replace(config.model, adapter=None)
    adapted = load_policy(replace(plain, adapter=str(folder / "adapter")))
    prompt = Prompt.of(np.zeros((84, 84, 3), np.uint8), "Answer in JSON.")
    answer = trained.write('{"action": "+"}')
    logp = [one.evaluate([prompt], [answer], temperature=1.0).logp for one in (trained, adapted, load_policy(plain))]
    assert torch.allclose(logp[0], logp[1], atol=1e-3)
    assert not torch.allclose(logp[0], logp[2], atol=1e-2)
    agent = LocalModelAgent(str(folder / "adapter"), max_tokens=4)
    weight = next(value for name, value in agent.model.named_parameters() if "lora_B" in name)
    assert weight.abs().sum() > 0


@pytest.mark.parametrize(
    ("settings", "flags", "message"),
    [
        ({"quantization": "4bit"}, [], "quantised weights cannot take the adapter in: export it with --adapter"),
        ({"rank": 0}, ["--adapter"], "trained whole weights"),
    ],
)
def test_an_export_that_cannot_be_is_told(tmp_path, whole_run, settings, flags, message):
    shutil.copytree(whole_run, tmp_path / "run")
    changed = ["--sft.rank=null", *(f"--model.{name}={value}" for name, value in settings.items())]
    with pytest.raises(VlmGymError, match=message):
        export.main(["--resume", str(tmp_path / "run"), *flags, *changed])


def test_the_command_that_measures_an_exported_model_plays_what_was_trained(tmp_path):
    config = read_train_config(["--evaluation.task", "[NumberLine-v0, NumberLine-Night-v0]"], "")
    told, other = export.how_to_measure(config, tmp_path / "model")
    assert other == told.replace("--task NumberLine-v0", "--task NumberLine-Night-v0") + "-NumberLine-Night-v0"
    command = shlex.split(told)
    assert command[2:4] == ["--agent", f"hf:{tmp_path / 'model'}"]
    command[command.index("--out") + 1] = str(tmp_path / "measured")
    end = command.index("--max-tokens")
    command[3:4], command[end : end + 2] = ["oracle"], []
    assert cli.main([*command[1:], "--episodes", "2"]) == 0
    assert len(read_episodes(tmp_path / "measured")) == 2
    said = (tmp_path / "measured" / "run.json").read_text()
    assert '"image_size": 84' in said
    assert f'"seed": {FIRST_SEED}' in said


TOLD = ("--chat.history", "1", "--chat.system", "You play.", "--chat.tell_mistakes", "true", "--chat.show", "both")


@pytest.mark.parametrize(
    "told", [TOLD, ("--chat.show", "text", "--chat.question", "null"), ()], ids=["all", "text", "none"]
)
def test_an_exported_model_is_told_its_task_as_in_training(tmp_path, told, capsys):
    """What the command line does not say comes from the model's directory; what it says counts."""
    folder, run = tmp_path / "run", tmp_path / "measured"
    ppo.main([*SMALL, "--folder", str(folder), "--ppo.updates", "1", "--sft.steps", "1", *told])
    export.main(["--resume", str(folder)])
    config = read_train_config(["--resume", str(folder)], "")
    command = ["eval", "--agent", f"hf:{folder / 'model'}", "--task", config.task.id, "--seed", str(FIRST_SEED)]
    command += ["--episodes", "2", "--max-tokens", str(config.sampling.max_new_tokens)]
    assert cli.main([*command, "--out", str(run)]) == 0
    assert "as in its training (vlm_gym.json)" in capsys.readouterr().err
    written = read_run(run)
    assert ChatSettings(**written["chat"]) == config.chat.settings
    assert written["episodes"][0]["arguments"] == dict(config.task.arguments)
    in_training = {each.episode: each.requests for each in read_turns(folder / "plays" / "after update 1")}
    measured = {each.episode: each.requests for each in read_turns(run)}
    assert measured
    assert all(in_training[episode] == requests for episode, requests in measured.items())
    other = tmp_path / "otherwise"
    assert (
        cli.main([*command, "--history", "0", "--show", "picture", "--arg", "image_size=84", "--out", str(other)]) == 0
    )
    assert (read_run(other)["chat"]["history"], read_run(other)["chat"]["show"]) == (0, "picture")
    assert read_run(other)["episodes"][0]["arguments"] == {"image_size": 84}


@pytest.mark.parametrize(("rank", "flags"), [(0, []), (2, []), (2, ["--adapter"])])
def test_what_sft_alone_has_made_is_exported(tmp_path, rank, flags):
    llava(tmp_path / "base")
    folder = tmp_path / "run"
    model = f"--model.name {tmp_path / 'base'} --model.rank {rank} --sft.rank {rank} --sft.steps 2 --sft.lr 0.1"
    ppo.main([*SMALL, *model.split(), "--ppo.updates", "0", "--folder", str(folder)])
    export.main(["--resume", str(folder), *flags])
    config = read_train_config(["--resume", str(folder)], "")
    taught = start_policy(config, start_accelerator(config), folder / "sft" / "model")
    plain = replace(config.model, adapter=None)
    read = {"adapter": str(folder / "adapter")} if flags else {"name": str(folder / "model")}
    exported = load_policy(replace(plain, **read))
    prompt = Prompt.of(np.zeros((84, 84, 3), np.uint8), "Answer in JSON.")
    answer = taught.write('{"action": "+"}')
    logp = [one.evaluate([prompt], [answer], temperature=1.0).logp for one in (taught, exported, load_policy(plain))]
    assert torch.allclose(logp[0], logp[1], atol=1e-3)
    assert not torch.allclose(logp[0], logp[2], atol=1e-2)


def test_a_damaged_telling_is_told(tmp_path):
    (tmp_path / "vlm_gym.json").write_text('{"task": 1}')
    with pytest.raises(ConfigError, match=r"vlm_gym\.json must say how the model was trained, or not be there"):
        training_of(f"hf:{tmp_path}")
    assert training_of("hf:no/such/model") is None
    assert training_of("random") is None


def test_there_must_be_something_to_export(tmp_path, whole_run):
    with pytest.raises(VlmGymError, match="expected --resume with the folder of a run"):
        export.main([])
    (tmp_path / "config.yaml").write_text((whole_run / "config.yaml").read_text())
    with pytest.raises(VlmGymError, match="holds no checkpoint of PPO, and no model that SFT has made"):
        export.main(["--resume", str(tmp_path)])
