"""verl's own agent-loop worker with a tiny Qwen3-VL and, in place of an inference server, a model keyed by pixels."""

import asyncio
import json
from pathlib import Path

import pytest
import tiny_checkpoints
import tiny_tokenizers
import transformers
import verl
import verl.workers.config.model
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen3_vl.processing_qwen3_vl import Qwen3VLProcessor
from verl.experimental.agent_loop.agent_loop import AgentLoopWorker
from verl.protocol import DataProto
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn
from verl.workers.rollout.replica import TokenOutput

END, PICTURE = "<|im_end|>", "<|image_pad|>"
TEMPLATE = (
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n{% if turn['content'] is string %}{{ turn['content'] }}"
    "{% else %}{% for part in turn['content'] %}{% if part['type'] == 'image' %}<|vision_start|>" + PICTURE +
    "<|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}" + END + "\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)  # fmt: skip


def make_checkpoint(folder):
    """Write a tiny Qwen3-VL with a chat template of Qwen's form."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (tiny_checkpoints, tiny_tokenizers):
            patch.setattr(module, "END", END)
            patch.setattr(module, "START", "<|im_start|>")
        patch.setattr(tiny_checkpoints, "chat_template", lambda *_, **__: TEMPLATE)
        tiny_checkpoints.qwen3_vl(folder)


def make_worker(model, checkpoint, folder, loop=None, rollout=None):
    """Return verl's worker, for a pixel model, settings of the agent loop and of the rollout."""
    path = folder / "agent_loop.yaml"
    target = {"name": "vlm_gym", "_target_": "vlm_gym.adapters.verl.VlmGymAgentLoop", **(loop or {})}
    OmegaConf.save(OmegaConf.create([target]), path)
    room = {"prompt_length": 4096, "response_length": 40_000, **(rollout or {})}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("transformers.AutoProcessor.from_pretrained", lambda path, **_: processor_of(path))
        worker = AgentLoopWorker(whole_config(checkpoint, path, room), Server(model))
    worker.llm_client.tokenizer = worker.tokenizer
    return worker


class WithoutVideos(Qwen3VLProcessor):
    """The processor where torchvision is missing, which has no build for the CPU: it could not read videos."""

    def check_argument_for_proper_class(self, argument_name, argument):
        return argument if argument is None else super().check_argument_for_proper_class(argument_name, argument)


WithoutVideos.__name__ = "Qwen3VLProcessor"  # by which verl knows what it is


def processor_of(path):
    """Return the checkpoint's processor."""
    pictures = Qwen2VLImageProcessorPil.from_pretrained(path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    return WithoutVideos(pictures, tokenizer, None, chat_template=TEMPLATE)


def whole_config(checkpoint, agent_loop, rollout):
    with initialize_config_dir(str(Path(verl.__file__).parent / "trainer" / "config"), version_base=None):
        config = compose("ppo_trainer")
    OmegaConf.set_struct(config, False)
    config.actor_rollout_ref.model.path = str(checkpoint)
    config.actor_rollout_ref.rollout.name = "vllm"
    config.actor_rollout_ref.rollout.agent.agent_loop_config_path = str(agent_loop)
    config.actor_rollout_ref.rollout.update(rollout)
    return config


class Server:
    """In place of an inference server: knows an answer by the last picture; remembers what it was asked."""

    def __init__(self, model):
        self.model, self.tokenizer, self.asked, self.most_at_once, self.at_once = model, None, [], 0, 0

    async def generate(self, request_id, *, prompt_ids, sampling_params, image_data=None, **_):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.asked.append((request_id, list(prompt_ids), len(image_data or ())))
        told = self.tokenizer.decode(prompt_ids).split("<|im_start|>")[-2]
        question = told.rpartition("<|vision_end|>")[2].removesuffix("\n").removesuffix(END)
        text = self.model.answer(image_data[-1], question)
        await asyncio.sleep(0)
        self.at_once -= 1
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        ids.append(self.tokenizer.convert_tokens_to_ids(END))
        more = dict.fromkeys(("min_global_steps", "max_global_steps"), len(self.asked))  # as if each had new weights
        return TokenOutput(token_ids=ids, log_probs=[-1.0] * len(ids), extra_fields=more)


def batch_of(worker, rows, tmp_path):
    """Return rows as verl's own data set reads them from JSON lines."""
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    config = OmegaConf.create({**worker.config.data, "cache_dir": str(tmp_path), "filter_overlong_prompts": False})
    data = RLHFDataset([str(path)], worker.tokenizer, config, worker.processor)
    return DataProto.from_single_dict(collate_fn([data[index] for index in range(len(data))]))
