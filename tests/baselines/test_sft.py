"""Supervised fine-tuning: honest answers, and a model that PPO can start from."""

import itertools
import json
import re
from collections import Counter

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from baselines import lessons, ppo, sft
from baselines.checkpoint import CheckpointError
from baselines.config import build
from baselines.demonstrations import CHOOSERS, Wording, correct, demonstrate
from baselines.lessons import Lessons, choose, mix
from baselines.models.loading import load_policy
from baselines.progress import METRICS, read_metrics
from baselines.rollout import is_held_out, make_rollout
from baselines.session import Stopper, start_accelerator, start_policy
from baselines.settings import SftConfig, TaskConfig, TrainConfig
from vlm_gym import TASKS as REGISTERED
from vlm_gym import cli
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, DataNotFoundError, VlmGymError
from vlm_gym.games.formula import evaluate
from vlm_gym.games.number_line import ACTIONS as NUMBER_LINE_ACTIONS
from vlm_gym.parsers import AnswerText, find_parser

# The tiny model sees small pictures of every task, of homes too.
pytestmark = pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")

TASKS = ("NumberLine-v0", "EZPoints-v0", "Points24-v0", "Blackjack-v0", "Household-v0")


def answers(task, actions, num_episodes=40):
    starts = map(TaskConfig(task, {"image_size": 84}).episode, range(num_episodes))
    found = demonstrate(starts, actions, np.random.default_rng(0))
    return [json.loads(one.text) for one in found]


def test_answers_of_the_right_form_play_at_random():
    """Format-only SFT starts at chance: what is learnt later is not the oracle's."""
    said = answers("NumberLine-v0", "random", 300)
    assert all(tuple(one) == ("current number", "target number", "action") for one in said)
    is_up = [int(one["target number"]) > int(one["current number"]) for one in said]
    agrees = np.mean([(one["action"] == "+") == up for one, up in zip(said, is_up, strict=True)])
    assert abs(agrees - 0.5) < 4 * 0.5 / np.sqrt(len(said))


def test_random_answers_are_drawn_from_all_actions_and_legal_ones_from_the_legal():
    anything = Counter(one["action"] for one in answers("EZPoints-v0", "random", 200))
    assert set(anything) == {*map(str, range(1, 11)), "+", "*", "="}
    for one in answers("EZPoints-v0", "legal"):
        begun = one["formula"] != "(empty)"
        assert (one["action"] in ("+", "*", "=")) <= begun


def test_the_oracles_answers_solve_the_task():
    said = answers("EZPoints-v0", "oracle", 10)
    assert len(said) == 40
    assert [one["action"] for one in said][3::4] == ["="] * 10


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("actions", CHOOSERS)
def test_every_task_has_answers_of_every_kind(task, actions):
    """Where nothing is hidden there is no searcher: the oracle is one."""
    has_searcher = "Household" in task
    assert bool(answers(task, actions, 2)) == (actions != "searcher" or has_searcher)


@pytest.mark.parametrize("task", [task.id for task in REGISTERED.values() if not task.needs_data])
def test_every_task_has_random_answers_to_begin_with(task):
    assert next(demonstrate([EpisodeSpec(task, 0)], "random", np.random.default_rng(0)), None)


@pytest.mark.parametrize("settings", [{"actions": "searcher"}, {"actions": "oracle", "held_out": 1.0}, {"episodes": 0}])
def test_sft_without_an_answer_is_refused_at_once(settings):
    with pytest.raises(ConfigError, match=r"SFT has no answers to learn from: .*NumberLine-v0 .*gave none|sft\."):
        Lessons(build(TrainConfig, {"task": {"id": "NumberLine-v0"}, "sft": settings}))


def test_answers_come_again_with_the_same_seed():
    config = build(TrainConfig, {"task": {"arguments": {"image_size": 84}}, "sft": {"episodes": 5}})
    one, other = Lessons(config), Lessons(config)
    assert [demonstration.text for demonstration in one] == [demonstration.text for demonstration in other]


def test_the_learning_rate_goes_up_stays_and_comes_down():
    config = SftConfig(steps=90, warmup=10)
    shares = [sft.lr_share(config, step) for step in range(90)]
    assert shares[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert set(shares[10:61]) == {1.0}
    assert shares[61:] == pytest.approx([1 - (step - 60) / 30 for step in range(61, 90)])


@pytest.mark.parametrize(("num_answers", "batch"), [(100, 10), (100, 7), (5, 12), (1, 3), (64, 64)])
def test_no_answer_comes_again_before_every_other_one_has_come(num_answers, batch):
    steps = 3 * num_answers // batch + 2
    order = [number for step in range(steps) for number in choose(num_answers, batch, step, seed=3)]
    passes = [order[start : start + num_answers] for start in range(0, len(order) - num_answers + 1, num_answers)]
    assert len(passes) >= 2
    assert all(sorted(one) == list(range(num_answers)) for one in passes)
    assert num_answers == 1 or len({tuple(one) for one in passes}) > 1
    assert choose(num_answers, batch, 1, seed=3) == choose(num_answers, batch, 1, seed=3)


HOMES = TaskConfig("Household-v0", {"image_size": 224, "notes": True, "prompt": "action_only"})


def retraced(demonstrations, number, task=HOMES):
    """Follow answers through one episode as long as what they say is what is played next; return what was played."""
    rollout = make_rollout()
    rollout.start(task.episode(number))
    played = []
    for one in demonstrations:
        if rollout.messages()[-1].text != one.prompt.question.text:
            break
        played.append(json.loads(one.text)["action"])
        rollout.answer(one.text)
    return played, rollout


def test_a_searcher_teaches_what_a_player_can_know():
    found = list(demonstrate([HOMES.episode(3)], "searcher", np.random.default_rng(0)))
    played, rollout = retraced(found, 3)
    assert len(played) == len(found)
    assert rollout.session.info["is_success"]


def test_with_noise_other_things_are_played_and_the_answers_stay_the_teachers():
    starts = [HOMES.episode(number) for number in range(30)]
    noisy = list(demonstrate(starts, "searcher", np.random.default_rng(1), noise=0.2))
    text = " ".join(one.prompt.question.text for one in noisy)
    assert "Not possible now:" in text  # the last answer, which is not possible any more
    shares = []
    rollout = make_rollout()
    place = 0
    for start in starts:
        rollout.start(start)
        while place < len(noisy) and noisy[place].prompt.question.text == rollout.messages()[-1].text:
            expected = rollout.session.task.searcher_action()
            assert json.loads(noisy[place].text)["action"] == expected
            rollout.answer(noisy[place].text)
            place += 1
            if rollout.is_over:
                break
        shares.append(rollout.is_over)
        while place < len(noisy) and rollout.session.info["goal"] in noisy[place].prompt.question.text:
            place += 1
    assert 0 < sum(shares) < len(shares)  # some episodes were disturbed, some were not


def test_a_learners_turns_get_the_teachers_answers_each_time_that_it_meets_a_prompt():
    start = HOMES.episode(5)
    go, wrong = AnswerText('{"action": "go to cabinet 1"}', is_cut_off=False), AnswerText("no", is_cut_off=True)
    said = [*[go] * 9, wrong]
    found = list(correct([start, HOMES.episode(6)], [said, []], "searcher"))
    rollout, expected = make_rollout(), []
    rollout.start(start)
    for answer in said:
        expected.append((rollout.messages()[-1].text, rollout.session.task.searcher_action()))
        rollout.answer(answer)
    assert [(one.prompt.question.text, json.loads(one.text)["action"]) for one in found] == expected
    assert max(Counter(expected).values()) == 8  # it is stuck


@pytest.mark.parametrize("task", ["EZPoints-v0", "Points24-Solvable-v0", "Points24-Planning-L1-v0"])
def test_with_a_plan_the_thoughts_are_the_rest_of_a_solution_and_the_press_follows(task):
    starts = map(TaskConfig(task, {"prompt": "action_only"}).episode, range(12))
    shown = ChatSettings(show="text", question="{observation_text}")
    num_whole = 0
    for one in demonstrate(starts, "oracle", np.random.default_rng(0), chat=shown, wording=Wording(has_plan=True)):
        said = json.loads(one.text)
        assert list(said) == ["thoughts", "action"]
        assert said["thoughts"].split()[0] == said["action"]
        written = re.search(r"Formula: (.*?)\.(?: |$)", one.prompt.question.text)[1]
        whole = [*written.replace("(empty)", "").split(), *said["thoughts"].split()]
        assert whole.pop() == "="
        target = int(re.search(r"Target: (\d+)", one.prompt.question.text)[1])
        assert evaluate(tuple(whole)) == target
        num_whole += "(empty)" in written
    assert num_whole == 12


def test_nothing_is_planned_where_an_action_leads_nowhere_or_the_task_does_not_plan():
    starts = map(TaskConfig("Points24-v0", {"prompt": "action_only"}).episode, range(6))
    said = demonstrate(starts, "legal", np.random.default_rng(0), wording=Wording(has_plan=True))
    assert {"thoughts" in json.loads(one.text) for one in said} == {True, False}
    said = demonstrate([HOMES.episode(3)], "searcher", np.random.default_rng(0), wording=Wording(has_plan=True))
    assert all(list(json.loads(one.text)) == ["action"] for one in said)


@pytest.mark.parametrize(("num_old", "num_new", "places"), [(50, 20, 60), (50, 20, 20), (50, 200, 60), (7, 0, 30)])
def test_a_round_goes_through_its_new_answers_once_and_fills_up_with_old_ones(num_old, num_new, places):
    order = mix(num_old + num_new, num_old, places, (3, 1))
    new = [number for number in order if number >= num_old]
    assert len(order) == places
    assert len(new) == len({*new}) == min(num_new, places)
    assert order != sorted(order)
    assert order == mix(num_old + num_new, num_old, places, (3, 1))
    assert order != mix(num_old + num_new, num_old, places, (3, 2))


@pytest.mark.parametrize("task", ["Points24-v0", "NumberLine-v0", "Household-v0"])
def test_problems_that_are_held_out_are_not_taught_by_teacher_or_correction(task):
    teacher, share = "oracle" if "Household" not in task else "searcher", 0.4
    starts = list(map(TaskConfig(task).episode, range(30)))
    rollout, held_out = make_rollout(), 0
    for start in starts:
        rollout.start(start)
        taught = [
            *demonstrate([start], teacher, np.random.default_rng(0), held_out=share),
            *correct([start], [[AnswerText("no", is_cut_off=False)]], teacher, held_out=share),
        ]
        has_solution = rollout.session.task.oracle_action() is not None
        assert bool(taught) == (has_solution and not is_held_out(rollout, share))
        held_out += is_held_out(rollout, share)
    assert 0 < held_out < 30


@pytest.mark.parametrize("task", ["Points24-v0", "Household-v0"])
def test_of_later_turns_only_a_share_is_taught(task):
    teacher, starts = (
        "oracle" if "Household" not in task else "searcher",
        list(map(TaskConfig(task).episode, range(20))),
    )
    manner = {"chat": ChatSettings(history="all")}  # so a first turn is one without an answer before it

    def taught(later_turns):
        shown = demonstrate(starts, teacher, np.random.default_rng(0), later_turns=later_turns, **manner)
        openings = [not any(turn.role == "assistant" for turn in one.prompt.messages) for one in shown]
        return sum(openings), len(openings) - sum(openings)

    num_openings, num_later = taught(1.0)
    assert 0 < num_openings <= len(starts) < num_later
    assert taught(0.0) == (num_openings, 0)
    assert taught(0.5)[0] == num_openings
    assert 0.3 * num_later < taught(0.5)[1] < 0.7 * num_later


def test_the_order_and_the_suits_of_cards_are_no_other_problem():
    rollout, problems = make_rollout(), []
    for cards in (["3H", "KS", "8D", "AC"], ["AD", "3S", "10H", "8C"], ["3H", "KS", "8D", "2C"]):
        rollout.start(TaskConfig("Points24-v0").episode(0, {"cards": cards}))
        problems.append(rollout.session.task.problem())
    assert problems[0] == problems[1] == "24 from [1, 3, 8, 10]"
    assert problems[2] != problems[0]


ROUNDS = [
    *("--config", "tiny-household", "--sft.steps", "6", "--sft.rounds", "3", "--sft.batch", "4", "--model.layers", "1"),
    *("--sft.episodes", "3", "--sft.more_episodes", "2", "--sft.learner_episodes", "3", "--sft.noise", "0.3"),
    *("--task.num-envs", "2", "--sampling.max-new-tokens", "4"),
]


def test_every_round_brings_more_answers_of_teacher_and_learner(tmp_path, caplog):
    caplog.set_level("INFO", logger="baselines")
    sft.main([*ROUNDS, "--folder", str(tmp_path)])
    counts = [int(words.split()[3]) for words in caplog.messages if "SFT round" in words]
    assert len(counts) == 2
    assert counts[0] < counts[1]
    played = [json.loads((tmp_path / "sft" / f"learner-00{number}.json").read_text()) for number in (1, 2)]
    assert [len(one) for one in played] == [3, 3]
    assert {len(one) for rows in played for one in rows} == {50}  # four tokens are no command
    lines = read_metrics(tmp_path / "sft", "step")
    learner = [(line["step"], line["learner/success"], line["learner/temperature"]) for line in lines[:-1]]
    assert learner == [(3, 0.0, 0.0), (5, 0.0, 1.0)]
    assert lines[-1].keys() == {"step", "loss", "cpu_seconds"}
    assert lines[-1]["step"] == 6


@pytest.mark.parametrize("stop", [1, 3])  # counted from 0; a line is told behind the step of 3, not behind that of 1
def test_rounds_go_on_where_they_stopped_bit_for_bit(tmp_path, monkeypatch, stop):
    monkeypatch.setattr(sft, "TOLD_EVERY", 4)
    sft.main([*ROUNDS, "--folder", str(tmp_path / "whole")])
    step, steps = sft._step, []

    def stopped(policy, *arguments):
        steps.append(arguments[2])
        return step(policy, *arguments)

    monkeypatch.setattr(sft, "_step", stopped)
    monkeypatch.setattr(Stopper, "is_stopping", lambda _: bool(steps) and steps[-1] == stop)
    with pytest.raises(SystemExit):
        sft.main([*ROUNDS, "--folder", str(tmp_path / "cut")])
    monkeypatch.setattr(Stopper, "is_stopping", lambda _: False)
    sft.main(["--resume", str(tmp_path / "cut")])
    assert steps == list(range(6))
    weights = [load_file(tmp_path / name / "sft" / "model" / "model.safetensors") for name in ("whole", "cut")]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    recorded = [read_metrics(tmp_path / name / "sft", "step") for name in ("whole", "cut")]
    for line in itertools.chain(*recorded):
        line.pop("cpu_seconds", None)
    assert recorded[0] == recorded[1]
    assert [line["step"] for line in recorded[0]] == [3, 4, 5, 6]


def test_the_rounds_divide_the_steps():
    config = SftConfig(steps=10, rounds=3)
    assert [lessons.round_of(step, config) for step in range(10)] == [0] * 4 + [1] * 3 + [2] * 3
    assert [lessons.first_step(number, config) for number in range(3)] == [0, 4, 7]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"noise": 0.7}, r"sft\.noise must be from 0 to 0\.6, got 0\.7"),
        ({"learner_episodes": 3}, r"want a teacher: sft\.actions oracle or searcher, got 'random'"),
        ({"data": "here", "more_episodes": 3}, r"sft\.data is a data set as it is"),
        ({"rounds": 0}, r"sft\.rounds"),
        ({"data": "here", "later_turns": 0.5}, r"sft\.data is a data set as it is: set sft\.later_turns to 1$"),
        ({"later_turns": 1.5}, r"sft\.later_turns must be a share from 0 to 1, got 1\.5"),
        ({"held_out": 1.0}, r"sft\.held_out must be 0 or a share below 1, got 1\.0"),
        ({"data": "here", "held_out": 0.1}, r"sft\.data is a data set as it is: set sft\.held_out to 0"),
    ],
)
def test_rounds_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        build(TrainConfig, {"sft": settings})


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "number-line"
    assert (
        cli.main(["collect", "NumberLine-v0", "--arg", "image_size=84", "--samples", "40", "--out", str(folder)]) == 0
    )
    return folder


def test_the_answers_of_a_data_set_can_be_learnt(collected, tmp_path):
    config = build(TrainConfig, {"sft": {"data": str(collected)}})
    data = Lessons(config)
    assert len(data) == 40
    assert data[np.int64(3)].prompt.pictures[0].shape == (84, 84, 3)
    assert data[3].prompt.question.text.startswith("You are playing NumberLine.")
    assert find_parser("json").parse(data[3].text, NUMBER_LINE_ACTIONS).action in ("+", "-")
    sft.main(f"--folder {tmp_path} --sft.data {collected} --sft.steps 2 --sft.batch 4".split())
    assert (tmp_path / "sft" / "model").is_dir()


def test_a_gradient_that_is_no_number_stops_and_leaves_no_model(tmp_path):
    arguments = f"--folder {tmp_path} --sft.lr 1e30 --sft.warmup 0 --sft.steps 9 --sft.batch 2 --sft.episodes 3"
    with pytest.raises(VlmGymError, match=r"the gradient of SFT's step \d is (nan|inf): a smaller --sft.lr may help"):
        sft.main(arguments.split())
    assert not (tmp_path / "sft" / "model").exists()


def test_a_folder_without_a_data_set_is_told(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"holds no data/.*`vlm-gym collect ID"):
        Lessons(build(TrainConfig, {"sft": {"data": str(tmp_path)}}))


def test_a_data_set_of_another_form_is_told(collected, tmp_path):
    folder = tmp_path / "trl"
    arguments = ["--samples", "5", "--format", "trl", "--unit", "conversation", "--out", str(folder)]
    assert cli.main(["collect", "NumberLine-v0", *arguments]) == 0
    with pytest.raises(ConfigError, match="has no column answer, picture, prompt: expected --unit step"):
        Lessons(build(TrainConfig, {"sft": {"data": str(folder)}}))


def test_past_turns_can_be_learnt_from(tmp_path):
    """The messages are those that the trainer sends where it plays the same turns itself."""
    told = {"history": 2, "system": "You play.", "show": "both"}
    folder, arguments = tmp_path / "data", ["--history", "2", "--system", "You play.", "--show", "both"]
    command = [
        "collect",
        "Points24-v0",
        "--samples",
        "6",
        "--format",
        "trl",
        "--arg",
        "image_size=84",
        "--out",
        str(folder),
    ]
    assert cli.main([*command, *arguments]) == 0
    config = build(TrainConfig, {"sft": {"data": str(folder)}, "chat": told, "task": {"id": "Points24-v0"}})
    data = Lessons(config)
    rollout = make_rollout(config.chat.settings)
    for number, row in enumerate(data._data._rows):
        if row["turn"] == 1:
            rollout.start(EpisodeSpec(row["task"], row["seed"], {"image_size": 84}))
        prompt, answer = data[number]
        expected = rollout.messages()
        assert [(one.role, one.text) for one in prompt.messages] == [(one.role, one.text) for one in expected]
        pictures = [one.picture for one in expected if one.picture is not None]
        assert len(prompt.pictures) == len(pictures) == min(row["turn"], 3)
        assert all(map(np.array_equal, prompt.pictures, pictures))
        rollout.answer(answer)
    sft.main(f"--folder {tmp_path} --sft.data {folder} --sft.steps 1 --sft.batch 2 --chat.history 2".split())


def test_a_history_needs_data_that_hold_one(collected):
    with pytest.raises(
        ConfigError, match=r"holds no past turns, which chat\.history=3 shows: collect with --format trl"
    ):
        Lessons(build(TrainConfig, {"sft": {"data": str(collected)}, "chat": {"history": 3}}))


@pytest.mark.parametrize("rank", [0, 4])
def test_the_model_that_sft_leaves_is_the_one_that_ppo_starts_from(tmp_path, rank):
    arguments = f"--folder {tmp_path} --sft.rank {rank} --sft.steps 8 --sft.batch 4 --sft.microbatch 3 --sft.warmup 1"
    sft.main(arguments.split())
    before = (tmp_path / "sft" / "model").stat().st_mtime_ns
    sft.main(arguments.split())  # it is there already
    assert (tmp_path / "sft" / "model").stat().st_mtime_ns == before
    config = build(TrainConfig, {"folder": str(tmp_path), "task": {"arguments": {"image_size": 84}}})
    policy = start_policy(config, start_accelerator(config), tmp_path / "sft" / "model")
    fresh = load_policy(config.model)
    example = Lessons(config)[0]
    said = [policy.write(example.text)]
    trained, untrained = (
        one.evaluate([example.prompt], said, temperature=1.0).logp.sum().item() for one in (policy, fresh)
    )
    assert trained > untrained + 1.0


def test_a_model_of_other_settings_is_not_taken(tmp_path):
    """It would be trained on, and the run's configuration would tell another story."""
    small = f"--folder {tmp_path} --sft.steps 1 --sft.batch 2 --sft.episodes 2 --ppo.updates 1".split()
    sft.main(small)
    for setting, told in (
        ("--sft.steps=9", r"sft\.steps was 1, now 9"),
        ("--task.id=EZPoints-v0", r"task\.id was 'NumberLine-v0', now 'EZPoints-v0'"),
        ("--model.name=/no/where", r"model\.name was 'tiny', now '/no/where'"),
    ):
        for script in (sft, ppo):
            with pytest.raises(VlmGymError, match=f"was made with other settings .{told}.*choose another --folder"):
                script.main([*small, setting])
    assert "steps: 1" in (tmp_path / "config.yaml").read_text()
    assert "id: NumberLine-v0" in (tmp_path / "config.yaml").read_text()
    assert not (tmp_path / "ppo").exists()


def test_answers_to_another_task_are_warned_of(collected, caplog):
    Lessons(build(TrainConfig, {"task": {"id": "EZPoints-v0"}, "sft": {"data": str(collected)}}))
    assert "holds vlm_gym/NumberLine-v0, none of vlm_gym/EZPoints-v0" in caplog.text


def test_a_full_disk_leaves_no_half_of_a_model(tmp_path, full_disk):
    config = build(TrainConfig, {"folder": str(tmp_path), "sft": {"steps": 1, "episodes": 2, "batch": 2}})
    accelerator = start_accelerator(config)
    with Stopper() as stopper:
        with pytest.raises(CheckpointError, match=r"what SFT made could not be written.*GB are free"), full_disk(4096):
            sft.train(config, accelerator, stopper)
        assert {path.name for path in (tmp_path / "sft").iterdir()} == {sft.MADE_BY, METRICS}
        assert (sft.train(config, accelerator, stopper) / "adapter_config.json").is_file()
