"""The arguments of agents that are models: how an endpoint is reached, and how a model samples."""

import argparse
from pathlib import Path
from typing import Final, get_args

from vlm_gym.cli.arguments import count, number, read_json, seconds
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.endpoint_settings import EndpointSettings
from vlm_gym.evaluation.models.local_settings import LocalSettings, Precision, Quantization

DEFAULTS: Final = EndpointSettings()


def add_endpoint(command: argparse.ArgumentParser) -> None:
    """Add how a model is reached and how it samples."""
    group = command.add_argument_group(
        "models (openai:MODEL, anthropic:MODEL, responses:MODEL, hf:PATH)",
        "What is left out is left to the server; hf: models are greedy without a temperature.",
    )
    group.add_argument(
        "--base-url",
        metavar="URL",
        help="the endpoint's address (default: the provider's, https://api.openai.com/v1 or https://api.anthropic.com/v1)",
    )
    group.add_argument(
        "--key-env",
        metavar="NAME",
        help="the environment variable that holds the key, if it needs one (default: OPENAI_API_KEY, or "
        "ANTHROPIC_API_KEY for anthropic:)",
    )
    group.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=VARIABLE",
        help="a header of each request, its value from an environment variable: api-key=AZURE_KEY; may be repeated",
    )
    group.add_argument("--temperature", type=number, metavar="T", help="of sampling; 0 is greedy")
    group.add_argument("--top-p", type=number, metavar="P", help="sample from the likeliest tokens of this probability")
    group.add_argument(
        "--max-tokens",
        type=count,
        default=DEFAULTS.max_tokens,
        metavar="N",
        help="the most tokens of an answer, 0 to leave it to the server (default: %(default)s)",
    )
    group.add_argument(
        "--max-tokens-field",
        default=DEFAULTS.max_tokens_field,
        metavar="NAME",
        help="max_completion_tokens for servers that want it (default: %(default)s)",
    )
    group.add_argument("--sampling-seed", type=count, metavar="S", help="send each request a seed that follows from S")
    group.add_argument("--extra-body", default="{}", metavar="JSON", help="more fields of each request")
    group.add_argument(
        "--timeout",
        type=seconds,
        default=DEFAULTS.timeout_s,
        metavar="SECONDS",
        help="for one request (default: %(default)g)",
    )
    group.add_argument(
        "--max-retries",
        type=count,
        default=DEFAULTS.max_retries,
        metavar="N",
        help="how often a request that failed is sent again (default: %(default)s)",
    )
    group.add_argument(
        "--requests-per-minute", type=number, metavar="N", help="send no more requests, evenly spaced (default: any)"
    )
    group.add_argument(
        "--finish-reason",
        action="append",
        default=[],
        metavar="WORD=MEANING",
        help="what a server's own word for the end of an answer means: finished, length, filter or failure "
        "(docs/endpoints.md has those that are known); may be repeated",
    )
    group.add_argument("--price-in", type=number, default=0.0, metavar="X", help="of a million tokens read")
    group.add_argument("--price-out", type=number, default=0.0, metavar="X", help="of a million tokens written")
    group.add_argument("--cache", type=Path, metavar="FOLDER", help="keep all answers there; ask for none twice")
    _add_local(command)


def _add_local(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("how hf:PATH is loaded")
    group.add_argument(
        "--precision",
        choices=get_args(Precision),
        help="of the weights (default: the checkpoint's on a GPU, float32 without one)",
    )
    group.add_argument("--device-map", metavar="WHERE", help="cpu, cuda:1, or auto for all GPUs (default: auto)")
    group.add_argument("--attention", metavar="NAME", help="sdpa, eager or flash_attention_2 (default: the model's)")
    group.add_argument("--quantization", choices=get_args(Quantization), help="with bitsandbytes (default: none)")
    group.add_argument("--trust-remote-code", action="store_true", help="run Python code that comes with the model")


def local_of(options: argparse.Namespace) -> LocalSettings:
    """Return what the options say of how a model is loaded.

    Raises:
        ConfigError: if one of them is wrong.
    """
    return LocalSettings(
        precision=options.precision,
        device_map=options.device_map,
        attention=options.attention,
        quantization=options.quantization,
        trust_remote_code=options.trust_remote_code,
    )


def endpoint_of(options: argparse.Namespace) -> EndpointSettings:
    """Return what the options say of the endpoint.

    Raises:
        ConfigError: if one of them is wrong.
    """
    return EndpointSettings(
        base_url=options.base_url,
        key_env=options.key_env,
        headers=_pairs("--header", options.header),
        temperature=options.temperature,
        top_p=options.top_p,
        max_tokens=options.max_tokens or None,
        max_tokens_field=options.max_tokens_field,
        seed=options.sampling_seed,
        extra_body=read_json("--extra-body", options.extra_body),  # EndpointSettings checks it
        timeout_s=options.timeout,
        max_retries=options.max_retries,
        requests_per_minute=options.requests_per_minute,
        finish_reasons=_pairs("--finish-reason", options.finish_reason),
        price_in=options.price_in,
        price_out=options.price_out,
        cache=options.cache,
    )


def _pairs(option: str, texts: list[str]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in texts)
    for text in texts:
        if not all(text.partition("=")):
            name = "VARIABLE" if option == "--header" else "MEANING"
            raise ConfigError(f"{option} must be NAME={name}, got {text!r}")
    return pairs
