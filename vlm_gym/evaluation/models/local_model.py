"""A Hugging Face model in this process, asked for many episodes at once.

The only file of the package that imports a deep-learning framework, and only once an agent is made.
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from vlm_gym.chat import ChatSession
from vlm_gym.errors import AgentRefusedError, ConfigError, DataNotFoundError, MissingDependencyError
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.models.endpoint_reply import clean
from vlm_gym.evaluation.models.gathering import Gatherer
from vlm_gym.evaluation.models.local_settings import LocalSettings
from vlm_gym.installation import install_hint
from vlm_gym.messages import Message, to_hugging_face

NUM_SEEDS: Final = 2**63
HUB_TIMEOUT_S: Final = 10.0
KEPT_GENERATION: Final = ("bos_token_id", "eos_token_id", "pad_token_id", "transformers_version", "_from_model_config")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Request:
    messages: tuple[Message, ...]
    seed: int


class LocalModelAgent(Agent):
    """Asks a vision-language model of the Hugging Face hub or of a directory.

    Chance belongs to the turn: a sampled answer does not depend on the batch it was sampled in, apart from rounding.

    Args:
        path: A directory, or a name on the hub.
        temperature: Of sampling; None and 0 are greedy.
        top_p: Sample from the likeliest tokens of this probability.
        max_tokens: The most tokens of an answer.
        settings: How it is loaded.

    Raises:
        ConfigError: if it is not a model for pictures and text with a chat template, or an argument is wrong.
        DataNotFoundError: if it cannot be found.
        MissingDependencyError: if the extra [train] is not installed.
    """

    def __init__(
        self,
        path: str,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = 1024,
        settings: LocalSettings | None = None,
    ) -> None:
        if not path.strip() or max_tokens is None:
            raise ConfigError("the agent hf needs a model, hf:PATH, and a token limit above 0")
        self.path, self.temperature, self.top_p, self.max_tokens = path, temperature or 0.0, top_p, max_tokens
        self.settings = settings or LocalSettings()
        self.processor, self.model = _load(path, self.settings)
        self._left_out = _start_afresh(self.model, self.processor.tokenizer)
        tokenizer = self.processor.tokenizer
        self._special_tokens = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
        self._gatherer = Gatherer(self._generate)

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Ask the model, together with what other episodes ask."""
        seed = int(rng.integers(NUM_SEEDS))
        reply = await self._gatherer.ask(_Request(session.messages(), seed))
        return replace(reply, seed=seed) if self.temperature else reply

    def describe(self) -> dict[str, Any]:
        """Return the model, its sampling, and the software that runs it."""
        import torch
        import transformers

        return {
            "name": f"hf:{self.path}",
            "model": self.path,
            "revision": getattr(self.model.config, "_commit_hash", None),
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "precision": str(self.model.dtype),
            **self.settings.chosen(),
            "generation": self.model.generation_config.to_diff_dict(),
            "generation_left_out": self._left_out,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }

    async def close(self) -> None:
        """Forget the event loop, so that another one may ask."""
        self._gatherer.forget()

    def _generate(self, requests: Sequence[_Request]) -> list[Reply]:
        import torch

        start_s = time.perf_counter()
        conversations = [to_hugging_face(request.messages, self._special_tokens) for request in requests]
        inputs = self._inputs(conversations).to(self.model.device, self.model.dtype)
        try:
            with torch.inference_mode():
                tokens = self.model.generate(
                    **inputs, max_new_tokens=self.max_tokens, logits_processor=self._chance(requests)
                )
        except torch.OutOfMemoryError as error:
            raise AgentRefusedError(
                f"no memory for {len(requests)} conversations at once: lower --concurrency, then go on with --resume"
            ) from error
        latency_s = time.perf_counter() - start_s
        prompt_lengths = inputs["attention_mask"].sum(dim=1).tolist()
        answers = tokens[:, inputs["input_ids"].shape[1] :].tolist()
        return [self._reply(answer, length, latency_s) for answer, length in zip(answers, prompt_lengths, strict=True)]

    def _inputs(self, conversations: Sequence[list[dict[str, Any]]]) -> Any:
        """Return what the model reads. The tokenizer renders the text: some processors ask their video part first."""
        tokenizer = self.processor.tokenizer
        texts: list[str] = [
            tokenizer.apply_chat_template(
                turns, chat_template=self.processor.chat_template, add_generation_prompt=True, tokenize=False
            )
            for turns in conversations
        ]
        parts = [[part for turn in turns for part in turn["content"]] for turns in conversations]
        pictures = [[part["image"] for part in each if part["type"] == "image"] for each in parts]
        begins = tokenizer.bos_token is not None and texts[0].startswith(tokenizer.bos_token)
        return self.processor(
            text=texts,
            images=pictures if any(pictures) else None,
            padding=True,
            return_tensors="pt",
            add_special_tokens=not begins,  # a template that writes the first token must not get it twice
        )

    def _chance(self, requests: Sequence[_Request]) -> list[Any]:
        """Return what makes greedy decoding sample: temperature, the likeliest tokens, and noise from each seed."""
        import transformers

        if self.temperature == 0.0:
            return []
        likeliest = [] if self.top_p is None else [transformers.TopPLogitsWarper(self.top_p)]
        noise = GumbelNoise([request.seed for request in requests], self.model.device)
        return [transformers.TemperatureLogitsWarper(self.temperature), *likeliest, noise]

    def _reply(self, tokens: list[int], num_prompt_tokens: int, latency_s: float) -> Reply:
        end = self.model.generation_config.eos_token_id
        ends = set(end if isinstance(end, list) else [end])
        length = next((i + 1 for i, token in enumerate(tokens) if token in ends), len(tokens))
        is_ended = bool(tokens) and tokens[length - 1] in ends
        return Reply(
            text=self.processor.tokenizer.decode(tokens[:length], skip_special_tokens=True),
            prompt_tokens=num_prompt_tokens,
            completion_tokens=length,
            latency_s=latency_s,
            num_requests=1,
            is_cut_off=not is_ended,
        )


class GumbelNoise:
    """Adds Gumbel noise to the logits (n, V), each row's from a generator of its own: the largest sum is a sample.

    Source: Gumbel 1954, "Statistical Theory of Extreme Values and Some Practical Applications".
    """

    def __init__(self, seeds: Sequence[int], device: Any) -> None:
        import torch

        self._generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, _tokens: Any, scores: Any) -> Any:
        """Return noisy logits; called once a token, as a logits processor of transformers."""
        import torch

        rows = [torch.empty_like(scores[0]).exponential_(generator=generator) for generator in self._generators]
        return scores - torch.stack(rows).clamp_min(torch.finfo(scores.dtype).tiny).log()


def _load(path: str, settings: LocalSettings) -> tuple[Any, Any]:
    """Return the processor and the model of a checkpoint, on the GPU if there is one."""
    try:
        import torch
        from transformers import AutoModelForImageTextToText

        from vlm_gym.evaluation.models.processors import load_processor
    except ImportError as error:
        raise MissingDependencyError(
            f"torch and transformers, which run hf: models, are missing: {install_hint('train')}"
        ) from error
    has_gpu, quantization = torch.cuda.is_available(), _quantization(settings)
    is_local = Path(path).is_dir() or not _is_on_hub(path)
    try:
        options = {"local_files_only": is_local, "trust_remote_code": settings.trust_remote_code}
        processor = load_processor(_base_model(path), **options)
        default: Any = "auto" if has_gpu else torch.float32
        attention = {} if settings.attention is None else {"attn_implementation": settings.attention}
        model = AutoModelForImageTextToText.from_pretrained(
            path,
            dtype=default if settings.precision is None else getattr(torch, settings.precision),
            device_map=settings.device_map or ("auto" if has_gpu else None),
            quantization_config=quantization,
            **attention,
            **options,
        )
    except ImportError as error:
        raise MissingDependencyError(f"the model {path!r} needs another package: {clean(str(error))}") from error
    except (ValueError, RuntimeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{path!r} cannot be loaded as a model for pictures and text: {clean(str(error))}") from error
    except OSError as error:
        if Path(path).is_dir():
            raise ConfigError(f"{path!r} cannot be loaded as a model: {clean(str(error))}") from error
        is_unreachable = is_local and not Path(path).is_dir()
        why = "no directory, not in the cache, and the hub cannot be reached" if is_unreachable else clean(str(error))
        raise DataNotFoundError(f"there is no model {path!r}: {why}") from error
    return processor, model.eval()


def _base_model(path: str) -> str:
    """Return where the processor of a model is: that of a PEFT adapter is its base model's."""
    adapter = Path(path) / "adapter_config.json"
    if not adapter.is_file() or (Path(path) / "config.json").is_file():
        return path
    base = json.loads(adapter.read_text(encoding="utf-8")).get("base_model_name_or_path")
    if not isinstance(base, str):
        raise ConfigError(f"{adapter} does not say which model it adapts: base_model_name_or_path is {base!r}")
    return base


def _quantization(settings: LocalSettings) -> Any:
    from transformers import BitsAndBytesConfig
    from transformers.utils import is_bitsandbytes_available

    if settings.quantization is None:
        return None
    if not is_bitsandbytes_available():
        raise MissingDependencyError(f"bitsandbytes is missing: {install_hint('quantize')}")
    if settings.quantization == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)


def _is_on_hub(path: str) -> bool:
    """Ask the hub once for a model, where transformers would try for minutes; False if it cannot be reached."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        HfApi().model_info(path, timeout=HUB_TIMEOUT_S)
    except (HFValidationError, RepositoryNotFoundError) as error:
        raise DataNotFoundError(f"there is no model {path!r}: neither a directory nor a name on the hub") from error
    except Exception as error:  # of httpx or of another client, as the hub's version has it
        logger.info("the hub cannot be reached (%s)", error)
        return False
    return True


def _start_afresh(model: Any, tokenizer: Any) -> dict[str, Any]:
    """Give a model plain greedy decoding, and return what its checkpoint had set instead.

    A checkpoint's repetition_penalty, say, changes greedy answers too: what is sampled, and how, is ours to say. Only
    the tokens that begin, end and fill a text are the checkpoint's.
    """
    from transformers import GenerationConfig

    own = model.generation_config
    end = tokenizer.eos_token_id if own.eos_token_id is None else own.eos_token_id
    fill = tokenizer.pad_token_id if own.pad_token_id is None else own.pad_token_id
    model.generation_config = GenerationConfig(
        do_sample=False, bos_token_id=own.bos_token_id, eos_token_id=end, pad_token_id=fill
    )
    left_out = own.to_diff_dict()
    return {name: value for name, value in left_out.items() if name not in KEPT_GENERATION}
