"""VlmPolicy: any image-text-to-text model of transformers with a value head, as a Policy."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Final

import torch
from torch import Tensor
from torch.distributed.fsdp import FSDPModule

from baselines.models.inputs import PromptEncoder
from baselines.models.joint import join
from baselines.models.lora import only_start, save_adapter, set_trainable
from baselines.models.memory import TRAINING_ADVICE, TensorCache, memory_advice
from baselines.models.merging import Merger
from baselines.models.model_config import ModelConfig
from baselines.models.picture_features import PictureFeatures
from baselines.models.policy import Answer, Evaluation, Prompt
from baselines.models.sampling import Drawn, Sampled, draw, sample
from baselines.models.shared_prompts import distinct
from baselines.models.spans import Transcriber
from baselines.models.special_tokens import SpecialTokens, find_special_tokens
from baselines.models.static_sampling import sample_static
from baselines.models.stopping import Ending
from baselines.models.value_head import NoValues, ValueHead
from baselines.models.vlm_module import VlmModule
from baselines.sharding import own_part
from vlm_gym.errors import ConfigError
from vlm_gym.parsers import Parser

NUM_PROMPTS: Final = 1024  # of an update that nobody has told the size of


class VlmPolicy:
    """A Policy over a model of transformers and its processor.

    `config` says what trains and how it generates, `parser` where an answer is over. `num_prompts` are those of an
    update: as many are kept as the processor has made them, unless `config` sets a smaller bound. Without `has_values`
    there is no value head.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        config: ModelConfig,
        parser: Parser,
        num_prompts: int = NUM_PROMPTS,
        *,
        has_values: bool = True,
    ) -> None:
        self.model = model
        self.processor = processor
        self.special: SpecialTokens = find_special_tokens(model, processor)
        self.transcriber = Transcriber(processor.tokenizer, self.special.silent)
        self._is_over = Ending(self.transcriber, self.special.ends, parser)
        self.peft = set_trainable(model, config.training, config.apart)
        if self.peft:
            join(model)
        if config.checkpointing:
            model.activation_checkpointing_enable({"use_reentrant": False})
        encoder = PromptEncoder(processor, model.dtype, TensorCache(num_prompts, config.cache_mebibytes))
        width = model.config.get_text_config().hidden_size
        value_head = ValueHead(width, config.value_widths).to(model.device) if has_values else NoValues()
        memory = TensorCache(num_prompts, config.cache_mebibytes)
        features = PictureFeatures(model, encoder, memory) if config.remembers_pictures else None
        self.module = VlmModule(model, encoder, value_head, self.special.suppressed, features)
        self._own = self.module  # also when `module` has been wrapped for several processes
        self._trainable = tuple(name for name, value in self.module.named_parameters() if value.requires_grad)
        self._merger = Merger(model, keeps_memory=config.static_cache) if config.merge and self.peft else None
        self._has_static_cache = config.static_cache
        self._num_rows = 0  # of the largest batch so far, whose shape a static cache keeps
        self._start = self._copy_weights() if config.keep_reference and not self.peft else None

    def generate(
        self,
        prompts: Sequence[Prompt],
        *,
        max_new_tokens: int,
        temperature: float,
        generator: torch.Generator | None = None,
    ) -> list[Answer]:
        """Answer each prompt, in one batch."""
        run = self._sample_static if self._has_static_cache else self._sample
        with memory_advice("a smaller task.num_envs or sampling.max_new_tokens"), self._merged():
            answers = self._own.call(lambda: run(prompts, max_new_tokens, temperature, generator))
        return [
            self.transcriber.answer(tokens, is_cut_off=not is_ended, logp=logp) for tokens, is_ended, logp in answers
        ]

    def _sample(
        self, prompts: Sequence[Prompt], max_new_tokens: int, temperature: float, generator: torch.Generator | None
    ) -> list[Sampled]:
        source = _on_device(generator, self.model.device)

        def choose(logits: Tensor) -> Drawn:
            shaped = self._own.token_head.shape(logits, temperature or 1.0)
            return draw(shaped, source, is_greedy=temperature == 0)

        own, asked = distinct(prompts)
        inputs, positions = self._own.encode(own)
        return sample(
            self.model,
            inputs,
            positions,
            choose=choose,
            is_over=self._is_over,
            max_new_tokens=max_new_tokens,
            asked=asked.to(positions.device) if len(own) < len(prompts) else None,
        )

    def _sample_static(
        self, prompts: Sequence[Prompt], max_new_tokens: int, temperature: float, generator: torch.Generator | None
    ) -> list[Sampled]:
        self._num_rows = max(self._num_rows, len(prompts))
        rows = [*prompts, *[prompts[0]] * (self._num_rows - len(prompts))]
        return sample_static(
            self.model,
            self._own.encoder(rows, self.model.device),
            shape=lambda logits: self._own.token_head.shape(logits, temperature or 1.0),
            is_over=self._is_over,
            max_new_tokens=max_new_tokens,
            is_greedy=temperature == 0,
            generator=generator,
            num_answers=len(prompts),
        )

    def evaluate(self, prompts: Sequence[Prompt], answers: Sequence[Answer], *, temperature: float) -> Evaluation:
        """Return the log-probs of the answers and the values of the prompts, from one forward."""
        with memory_advice(TRAINING_ADVICE):
            evaluation: Evaluation = self.module(prompts, answers, temperature)
        return evaluation

    @torch.no_grad()
    def values(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return the values of the prompts, (B,) float32, without gradients."""
        return self._own.values(prompts)

    def write(self, text: str) -> Answer:
        """Return a text as this model's answer, with the end of its turn.

        Raises:
            ConfigError: if the text holds a special token, which no answer may.
        """
        tokens = self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        if set(tokens) & set(self.special.silent):
            raise ConfigError(f"an answer must not hold a special token such as <image>, got {text!r}")
        return self.transcriber.answer([*tokens, self.special.turn_end])

    @contextmanager
    def reference(self) -> Iterator[None]:
        """Evaluate as the model that training started from: the adapter switched off, or the starting weights.

        Raises:
            ConfigError: in full fine-tuning without `keep_reference`.
        """
        if self.peft:
            with only_start(self.peft):
                yield
        elif self._start is None:
            raise ConfigError("the reference model of full fine-tuning is a second copy: set keep_reference")
        else:
            with self._swapped(self._start):
                yield

    def parameter_groups(self, *, lr: float, value_lr: float) -> list[dict[str, Any]]:
        """Return the trainable parameters, the model's and the value head's, as groups for a torch optimizer."""
        trainable = [(name, value) for name, value in self._own.named_parameters() if name in set(self._trainable)]
        groups = [
            {"name": "model", "lr": lr, "params": [p for name, p in trainable if name.startswith("model.")]},
            {"name": "value_head", "lr": value_lr, "params": [p for n, p in trainable if n.startswith("value_head.")]},
        ]
        return [group for group in groups if group["params"]]

    def state_dict(self) -> dict[str, Tensor]:
        """Return what trains, by name: tensors that share the parameters' memory."""
        parameters = dict(self._own.named_parameters())
        return {name: parameters[name].detach() for name in self._trainable}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state_dict` returned.

        Raises:
            ConfigError: if a tensor is missing, unknown or of another shape.
        """
        own = self.state_dict()
        for name in own.keys() ^ state.keys():
            where = "is missing in the checkpoint" if name in own else "is not trained by this model"
            raise ConfigError(f"{name} {where}: load it with the model, rank and parts that it was saved with")
        for name, value in own.items():
            if value.shape != state[name].shape:
                raise ConfigError(
                    f"{name} has shape {tuple(state[name].shape)} in the checkpoint and {tuple(value.shape)} here: "
                    "load it with the model.name, model.rank and model.value_widths that it was saved with"
                )
            value.copy_(own_part(state[name], value))

    def save_pretrained(self, directory: str) -> None:
        """Write the model, with its adapter merged in, and the processor as an ordinary Hugging Face directory.

        Raises:
            ConfigError: if the base is quantised: its adapter cannot be merged.
        """
        if getattr(self.model, "is_quantized", False):
            raise ConfigError("an adapter cannot be merged into quantised weights: use save_adapter")
        with self._merged(is_final=True):
            self.model.save_pretrained(directory, state_dict=self._whole_weights(self.model))
        self.processor.save_pretrained(directory)

    def save_adapter(self, directory: str) -> None:
        """Write the adapter alone in PEFT's format.

        Raises:
            ConfigError: in full fine-tuning.
        """
        if not self.peft:
            raise ConfigError("there is no adapter in full fine-tuning: use save_pretrained")
        save_adapter(self.peft, directory, self._whole_weights(self.peft))

    def _whole_weights(self, model: Any) -> dict[str, Tensor] | None:
        """Return the weights that are whole now in FSDP2, whose state_dict() would divide them again; else None."""
        return dict(model.named_parameters()) if isinstance(self._own, FSDPModule) else None

    @contextmanager
    def _merged(self, is_final: bool = False) -> Iterator[None]:
        merger = Merger(self.model, is_final=True) if is_final and self.peft else self._merger
        with merger.merged() if merger else nullcontext():
            yield

    def _copy_weights(self) -> dict[str, Tensor]:
        return {name: value.cpu().clone() for name, value in self.state_dict().items() if name.startswith("model.")}

    @contextmanager
    def _swapped(self, weights: Mapping[str, Tensor]) -> Iterator[None]:
        parameters = dict(self._own.named_parameters())
        originals = {name: parameters[name].data for name in weights}
        try:
            for name, value in weights.items():
                parameters[name].data = value.to(parameters[name].device)
            yield
        finally:
            for name, value in originals.items():
                parameters[name].data = value


def _on_device(generator: torch.Generator | None, device: torch.device) -> torch.Generator | None:
    """Return a generator of the device that goes on from `generator`, which may live on the CPU."""
    if generator is None or generator.device.type == device.type:
        return generator
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    return torch.Generator(device).manual_seed(seed)
