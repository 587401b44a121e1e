"""Loading a model's processor, also where torchvision is missing (it has no build for the CPU).

Without it, some processors refuse to start because they want to read videos too. Ours never do. The trainer and the
agent hf: load a model's processor in the same way.
"""

import shutil
from pathlib import Path
from typing import Any, Final

from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
from transformers.utils import cached_file

from vlm_gym.errors import ConfigError

_PICTURES, _WORDS = "image_processor", "tokenizer"
_FILES: Final = (
    "preprocessor_config.json",
    "processor_config.json",
    "video_preprocessor_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "tokenizer_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
)


def load_processor(name: str, **options: Any) -> Any:
    """Return the processor of a checkpoint directory or model name, padding on the left.

    Args:
        name: The directory, or the name on the hub.
        options: Those of `from_pretrained`: trust_remote_code, local_files_only.

    Raises:
        ConfigError: if the model has none for pictures, or no chat template.
    """
    config = AutoConfig.from_pretrained(name, **options)
    is_own_code = bool(options.get("trust_remote_code")) and type(config) not in PROCESSOR_MAPPING
    if not is_own_code and type(config) not in PROCESSOR_MAPPING:
        raise ConfigError(f"{name!r} is a {config.model_type!r} model, which has no processor for pictures")
    processor_class = None if is_own_code else PROCESSOR_MAPPING[type(config)]
    if processor_class is None or set(processor_class.get_attributes()) <= {_PICTURES, _WORDS}:
        processor = AutoProcessor.from_pretrained(name, **options)
    else:
        processor = _without_videos(processor_class, name).from_pretrained(name, **options)
    if not getattr(processor, "chat_template", None):
        raise ConfigError(f"{name!r} has no chat template: take the model's instruction-tuned version")
    processor.tokenizer.padding_side = "left"
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    return processor


def _without_videos(processor_class: type[Any], source: str) -> type[Any]:
    """Return a processor class that reads pictures and words, and does without what reads videos and sounds."""

    class PictureProcessor(processor_class):  # type: ignore[misc]  # transformers is Any here
        @classmethod
        def _get_arguments_from_pretrained(cls, name: str, _processor_dict: Any = None, **options: Any) -> list[Any]:
            parts = {
                _PICTURES: AutoImageProcessor.from_pretrained(name, **options),
                _WORDS: AutoTokenizer.from_pretrained(name, **options),
            }
            return [parts.get(attribute) for attribute in cls.get_attributes()]

        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            return argument and super().check_argument_for_proper_class(argument_name, argument)

        def save_pretrained(self, directory: str) -> None:
            """Write the source's own files: they hold the parts that were left out here, too."""
            for file_name in _FILES:
                path = cached_file(source, file_name, _raise_exceptions_for_missing_entries=False)
                if path:
                    shutil.copyfile(path, Path(directory) / file_name)

    PictureProcessor.__name__ = processor_class.__name__
    return PictureProcessor
