"""What both scripts start with: signals that stop a run, once for a checkpoint and twice at once."""

import signal

import pytest
from accelerate import Accelerator

from baselines import ablations, cnn_ppo, export, ppo, sft
from baselines.session import SECOND_SIGNAL_S, Stopper, read_train_config, start_policy
from vlm_gym.program import run

SCRIPTS = (ablations, cnn_ppo, export, ppo, sft)
ACCELERATOR = Accelerator(cpu=True)


@pytest.mark.parametrize(
    "words", [["--no.such", "1"], ["--seed"], ["seed"], ["--config", "no/such.yaml"], ["--resume="]]
)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_a_mistake_ends_a_script_with_2_and_one_line(capsys, script, words):
    assert run(script.__name__, lambda: script.main(words)) == 2
    out, errors = capsys.readouterr()
    assert (out, errors.count("\n"), errors.partition(": ")[0]) == ("", 1, script.__name__)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr("baselines.session.time.monotonic", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def usual_handler():
    """Ctrl-C stops Python, also where the tests run in the background and it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_for_a_checkpoint_and_the_exit_code_names_it(number, tmp_path):
    with Stopper() as stopper:
        assert not stopper.is_anyone_stopping(ACCELERATOR)
        signal.raise_signal(number)
        assert stopper.is_stopping()
        assert stopper.is_anyone_stopping(ACCELERATOR)
        with pytest.raises(SystemExit) as exit_:
            stopper.exit(tmp_path)
    assert exit_.value.code == 128 + number


def test_what_a_launcher_sends_on_is_the_same_signal(clock):
    """A terminal's Ctrl-C reaches each process by itself, and again from torchrun, which passes it on as SIGTERM."""
    with Stopper() as stopper:
        signal.raise_signal(signal.SIGINT)
        clock[0] += SECOND_SIGNAL_S / 2
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert stopper.signal == signal.SIGINT


def test_the_second_signal_stops_at_once(clock):
    with Stopper():
        signal.raise_signal(signal.SIGTERM)
        clock[0] += SECOND_SIGNAL_S
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_the_handlers_of_before_come_back():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with Stopper():
        assert signal.getsignal(signal.SIGTERM) != before[0]
        signal.raise_signal(signal.SIGINT)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", 6 * (5 + 1)),
        ("--chat.history 3", 6 * (5 + 1 + 3)),  # pictures of the update before
        ("--chat.history 3 --chat.history_pictures false", 6 * (5 + 1)),
        ("--chat.history all", 6 * (5 + 1 + 10)),
        ("--ppo.advantages group --ppo.group_size 2", 6 * 10),  # whole episodes
    ],
)
def test_a_policy_remembers_as_many_prompts_and_pictures_as_an_update_looks_at(settings, expected):
    """Fewer, and an update would process all of them in every epoch again."""
    run = "--task.num_envs 6 --ppo.turns 5 --ppo.minibatch 6 --model.parts [language]"
    policy = start_policy(read_train_config([*run.split(), *settings.split()], ""), ACCELERATOR, None)
    assert policy.module.encoder._cache.num_entries == policy.module.features._cache.num_entries == expected
