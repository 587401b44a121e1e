"""A Hugging Face model as an agent: a tiny LLaVA with random weights, loaded as any other."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.cli import main
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentRefusedError, ConfigError, DataNotFoundError, MissingDependencyError
from vlm_gym.evaluation.models.agent_names import make_agent
from vlm_gym.evaluation.models.endpoint import EndpointSettings
from vlm_gym.evaluation.models.local_model import GumbelNoise, LocalModelAgent
from vlm_gym.evaluation.models.local_settings import LocalSettings
from vlm_gym.evaluation.runs.episodes import run_episode
from vlm_gym.evaluation.runs.run_folder import read_run
from vlm_gym.installation import install_hint
from vlm_gym.rollout import Rollout

if "VLM_GYM_ALL_TESTS" not in os.environ:
    pytest.importorskip("transformers", reason="local models need torch and transformers: pip install 'vlm-gym[train]'")

import torch
from tiny_checkpoints import CHECKPOINTS, llava

from vlm_gym.messages import to_hugging_face

TASK, ARGUMENTS = "vlm_gym/NumberLine-v0", {"max_position": 2, "image_size": 84}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "llava"
    llava(folder)
    return str(folder)


def conversations(number, **settings):
    sessions = [ChatSession(EpisodeSpec(TASK, 0, ARGUMENTS).make(), ChatSettings(**settings)) for _ in range(number)]
    for seed, session in enumerate(sessions):
        session.reset(seed=seed)
    return sessions


async def ask_together(agent, sessions):
    rngs = [np.random.default_rng(i) for i in range(len(sessions))]
    try:
        return await asyncio.gather(*map(agent.answer, sessions, rngs))
    finally:
        await agent.close()


async def ask_one_by_one(agent, sessions):
    replies = [await agent.answer(session, np.random.default_rng(i)) for i, session in enumerate(sessions)]
    await agent.close()
    return replies


@pytest.mark.parametrize("temperature", [None, 1.0])
def test_an_answer_does_not_hang_on_the_batch(checkpoint, temperature):
    agent = LocalModelAgent(checkpoint, temperature, top_p=0.9, max_tokens=8)
    sessions = conversations(3, history="all", max_reasks=1)
    sessions[0].answer("what?")  # a longer conversation than the others
    together = asyncio.run(ask_together(agent, sessions))
    alone = asyncio.run(ask_one_by_one(agent, sessions))
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    assert [reply.prompt_tokens for reply in together] == [reply.prompt_tokens for reply in alone]
    assert together[0].prompt_tokens > together[1].prompt_tokens
    assert all(1 <= reply.completion_tokens <= 8 for reply in together)
    assert all(reply.is_cut_off == (reply.completion_tokens == 8) for reply in together)


def test_what_waits_is_generated_together(checkpoint):
    agent = LocalModelAgent(checkpoint, max_tokens=2)
    sizes, generate = [], agent.model.generate

    def counting(**inputs):
        sizes.append(len(inputs["input_ids"]))
        return generate(**inputs)

    agent.model.generate = counting
    replies = asyncio.run(ask_together(agent, conversations(8)))
    assert sizes == [8]
    assert all(reply.num_requests == 1 and reply.latency_s > 0 for reply in replies)


def test_whole_episodes_are_the_same_again(checkpoint):
    async def play():
        agent = make_agent(f"hf:{checkpoint}", EndpointSettings(temperature=0.7, max_tokens=6))
        episodes = [EpisodeSpec(TASK, seed, ARGUMENTS) for seed in range(4)]
        turns = []
        records = await asyncio.gather(
            *(run_episode(Rollout(), agent, each, on_turn=lambda turn, shown: turns.append(turn)) for each in episodes)
        )
        await agent.close()
        return [record.num_turns for record in records], {(turn.episode, turn.turn): turn.answers for turn in turns}

    first = asyncio.run(play())
    assert first == asyncio.run(play())
    assert len(first[1]) == sum(first[0])
    assert len(set(first[1].values())) > 1


def test_special_tokens_in_an_answer_are_only_words(checkpoint):
    """Read as the tokens that they name, they would stand for pictures that are not there."""
    agent = LocalModelAgent(checkpoint, max_tokens=2)
    (session,) = conversations(1, history="all", max_reasks=3)
    for answer in ("<image><image>", "</s><s><pad>", "\ud800\x00<ima<image>ge>"):
        session.answer(answer)
    (reply,) = asyncio.run(ask_together(agent, [session]))
    assert reply.completion_tokens > 0


def test_an_episode_that_is_cancelled_cancels_no_other(checkpoint):
    agent = LocalModelAgent(checkpoint, max_tokens=2)

    async def play():
        tasks = [asyncio.create_task(ask_together(agent, [session])) for session in conversations(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    cancelled, *others = asyncio.run(play())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert all(replies[0].completion_tokens > 0 for replies in others)


def test_too_little_memory_says_what_to_do(checkpoint, monkeypatch):
    agent = LocalModelAgent(checkpoint, max_tokens=2)

    def fail(**inputs):
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(agent.model, "generate", fail)
    with pytest.raises(AgentRefusedError, match="no memory for 2 conversations at once: lower --concurrency"):
        asyncio.run(ask_together(agent, conversations(2)))


def test_noise_makes_the_largest_logit_a_sample():
    logits = torch.tensor([[2.0, 1.0, 0.0, -torch.inf]]).repeat(20_000, 1)
    noise = GumbelNoise(list(range(len(logits))), "cpu")
    drawn = torch.bincount(noise(None, logits).argmax(dim=1), minlength=4) / len(logits)
    assert torch.allclose(drawn, logits[0].softmax(dim=0), atol=0.015)


@pytest.mark.parametrize("shown", ["picture", "text"])
def test_the_models_input_is_what_its_processor_makes_of_a_conversation(checkpoint, shown):
    agent = LocalModelAgent(checkpoint, max_tokens=2)
    (session,) = conversations(1, history="all", max_reasks=1, show=shown)
    session.answer("what?")
    conversation = to_hugging_face(session.messages())
    ours = agent._inputs([conversation])
    theirs = agent.processor.apply_chat_template(
        [conversation], add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
        processor_kwargs={"padding": True},
    )  # fmt: skip
    assert set(ours) == set(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_every_architecture_is_loaded_as_the_trainer_loads_it(tmp_path, name):
    """Without torchvision too, which some processors want for videos."""
    CHECKPOINTS[name](tmp_path)
    agent = LocalModelAgent(str(tmp_path), max_tokens=2)
    (reply,) = asyncio.run(ask_together(agent, conversations(1)))
    assert 1 <= reply.completion_tokens <= 2
    assert reply.prompt_tokens > 10


OWN_GENERATION = {"repetition_penalty": 50.0, "no_repeat_ngram_size": 2, "do_sample": True, "temperature": 0.1}


def test_a_checkpoints_own_generation_settings_change_no_answer(tmp_path, checkpoint):
    llava(tmp_path)
    path = tmp_path / "generation_config.json"
    own = json.loads(path.read_text())
    path.write_text(json.dumps({**own, **OWN_GENERATION, "min_new_tokens": 3}))
    agents = [LocalModelAgent(folder, max_tokens=24) for folder in (checkpoint, str(tmp_path))]
    plain, penalised = (asyncio.run(ask_together(agent, conversations(2))) for agent in agents)
    assert [reply.text for reply in plain] == [reply.text for reply in penalised]
    described = agents[1].describe()
    assert described["generation_left_out"] == {**OWN_GENERATION, "min_new_tokens": 3}
    assert described["generation"]["eos_token_id"] == own["eos_token_id"]
    assert described["generation"].get("repetition_penalty") is None
    assert not described["generation"]["do_sample"]
    assert agents[0].describe()["generation_left_out"] == {}


def test_how_a_model_is_loaded_can_be_chosen(checkpoint, tmp_path, capsys):
    arguments = ["eval", "--agent", f"hf:{checkpoint}", "--task", "NumberLine-v0", "--episodes", "1"]
    arguments += ["--arg", "image_size=84", "--max-tokens", "2", "--out", str(tmp_path / "run")]
    chosen = ["--precision", "bfloat16", "--device-map", "cpu", "--attention", "eager"]
    assert main([*arguments, *chosen]) == 0
    agent = read_run(tmp_path / "run")["agent"]
    assert (agent["precision"], agent["device_map"], agent["attention"]) == ("bfloat16", "cpu", "eager")
    loaded = LocalModelAgent(checkpoint, max_tokens=2, settings=LocalSettings("bfloat16", "cpu", "eager"))
    assert loaded.model.dtype == torch.bfloat16
    assert loaded.model.config._attn_implementation == "eager"
    assert main([*arguments, "--attention", "flush"]) == 2
    assert "cannot be loaded as a model for pictures and text" in capsys.readouterr().err


def test_quantisation_needs_its_package(checkpoint, monkeypatch):
    monkeypatch.setattr("transformers.utils.is_bitsandbytes_available", lambda *args, **kwargs: False)
    with pytest.raises(MissingDependencyError, match=r"^bitsandbytes is missing: pip install"):
        LocalModelAgent(checkpoint, settings=LocalSettings(quantization="4bit"))


OWN_CODE = """
from transformers import LlavaConfig

class OwnConfig(LlavaConfig):
    model_type = "own_llava"
"""


def test_code_of_a_checkpoint_runs_only_when_it_may(tmp_path):
    llava(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config.update(model_type="own_llava", auto_map={"AutoConfig": "own.OwnConfig"})
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text("raise SystemExit('it ran')\n" + OWN_CODE)
    with pytest.raises(ConfigError, match=r"trust_remote_code|cannot be loaded"):
        LocalModelAgent(str(tmp_path))
    with pytest.raises(SystemExit, match="it ran"):
        LocalModelAgent(str(tmp_path), settings=LocalSettings(trust_remote_code=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precision": "float8"}, "precision must be one of 'float32', 'bfloat16', 'float16'"),
        ({"quantization": "2bit"}, "quantization must be one of '8bit', '4bit'"),
        ({"device_map": ""}, "device_map must be a text or None"),
        ({"attention": 7}, "attention must be a text or None, got 7"),
        ({"trust_remote_code": "yes"}, "trust_remote_code must be True or False"),
    ],
)
def test_a_way_to_load_that_is_none_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        LocalSettings(**settings)


def test_the_description_names_the_software(checkpoint):
    described = LocalModelAgent(checkpoint, max_tokens=2).describe()
    assert described["name"] == f"hf:{checkpoint}"
    assert (described["temperature"], described["precision"]) == (0.0, "torch.float32")
    assert described["torch"] == torch.__version__
    json.dumps(described)


@pytest.mark.parametrize(
    ("config", "message"),
    [(None, "cannot be loaded"), ("{}", "cannot be loaded"), ('{"model_type": "gpt2"}', "'gpt2' model, which has no")],
)
def test_a_folder_without_a_model_is_refused(tmp_path, config, message):
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(ConfigError, match=message) as caught:
        make_agent(f"hf:{tmp_path}")
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing': neither a directory nor a name on the hub"):
        make_agent(f"hf:{tmp_path / 'nothing'}")


def test_a_hub_that_cannot_be_reached_is_asked_once(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    start_s = time.perf_counter()
    with pytest.raises(DataNotFoundError, match="'some/model': no directory, not in the cache, and the hub cannot be"):
        make_agent("hf:some/model")
    assert time.perf_counter() - start_s < 20.0  # transformers alone takes minutes


def test_a_model_without_a_token_limit_is_refused():
    with pytest.raises(ConfigError, match="a token limit above 0"):
        make_agent("hf:somewhere", EndpointSettings(max_tokens=None))
    with pytest.raises(ConfigError, match="needs a model, hf:PATH"):
        make_agent("hf:")


def test_a_model_without_a_chat_template_is_refused(tmp_path):
    llava(tmp_path)
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match="has no chat template"):
        make_agent(f"hf:{tmp_path}")


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=re.escape(install_hint("train"))):
        LocalModelAgent("somewhere")


def test_no_other_agent_imports_torch():
    code = (
        "import sys; from vlm_gym.evaluation.models.agent_names import make_agent; make_agent('openai:m');"
        "make_agent('random'); import vlm_gym.evaluation.models.local_model;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
