"""The prompt as a part of the observation, beside the picture, for agents that see nothing of `info`."""

import string
from typing import Any, Final, Literal, get_args

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from vlm_gym.errors import ConfigError, check_choice, check_int
from vlm_gym.wrappers.checks import check_pictures, check_task

Encoding = Literal["text", "bytes"]
Prompt = str | npt.NDArray[np.uint8]

DEFAULT_LENGTH: Final = 8192
MAX_LENGTH: Final = 1_000_000
CHARACTERS: Final = "".join(sorted({*string.printable, *"×÷−–—’‘“”…•°²³½¼¾→←≤≥≠"}))
"""What a prompt of "text" is made of; a task's own words need no other ones."""
FOREIGN: Final = "?"  # for any other character, as an answer may have them that the prompt quotes


class PromptObservation(gym.Wrapper[dict[str, Any], Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Makes the observation `Dict(pixels=..., prompt=...)`, with the picture as it was.

    Args:
        env: A task, with or without a parser, with pictures of bytes and `info` in words.
        encoding: "bytes" gives the prompt as UTF-8 in `Box(0, 255, (length,), uint8)`, padded with zeros, which every
            vector environment and buffer holds (`decode` reads it); "text" as a str in `spaces.Text`. Not in
            `AsyncVectorEnv` with shared memory: it returns such a text with the padding that it has there.
        length: How many bytes or characters there is room for.

    Raises:
        ConfigError: if an argument or the env is wrong; by `reset` and `step` if a prompt is longer than `length`.
    """

    def __init__(self, env: gym.Env[Any, Any], encoding: Encoding = "bytes", length: int = DEFAULT_LENGTH) -> None:
        gym.utils.RecordConstructorArgs.__init__(self, encoding=encoding, length=length)
        gym.Wrapper.__init__(self, env)
        check_choice("encoding", encoding, get_args(Encoding))
        check_int("length", length, 1, MAX_LENGTH)
        check_task(self, env)
        check_pictures(self, env)
        self.encoding = encoding
        self.length = length
        prompt: gym.Space[Any] = (
            gym.spaces.Text(length, charset=CHARACTERS)
            if encoding == "text"
            else gym.spaces.Box(0, 255, (length,), np.uint8)
        )
        self.observation_space = gym.spaces.Dict({"pixels": env.observation_space, "prompt": prompt})

    @staticmethod
    def decode(prompt: npt.NDArray[np.uint8]) -> str:
        """Return the words of a prompt in bytes, (length,) uint8."""
        return bytes(prompt).rstrip(b"\0").decode("utf-8")

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode."""
        picture, info = self.env.reset(seed=seed, options=options)
        return self._told(picture, info), info

    def step(self, action: Any) -> tuple[dict[str, Any], Any, bool, bool, dict[str, Any]]:
        """Play an action."""
        picture, reward, is_terminated, is_truncated, info = self.env.step(action)
        return self._told(picture, info), reward, is_terminated, is_truncated, info

    def _told(self, picture: Any, info: dict[str, Any]) -> dict[str, Any]:
        if "prompt" not in info:
            raise ConfigError("PromptObservation needs info in words: make the env without info='numeric'")
        words = info["prompt"]
        return {"pixels": picture, "prompt": self._text(words) if self.encoding == "text" else self._bytes(words)}

    def _text(self, words: str) -> str:
        self._check_length(len(words), "characters")
        known = self.observation_space["prompt"].character_set  # type: ignore[index]
        return words if known.issuperset(words) else "".join(char if char in known else FOREIGN for char in words)

    def _bytes(self, words: str) -> npt.NDArray[np.uint8]:
        encoded = words.encode("utf-8", "replace").replace(b"\0", b"?")
        self._check_length(len(encoded), "bytes")
        return np.frombuffer(encoded.ljust(self.length, b"\0"), np.uint8).copy()

    def _check_length(self, needed: int, unit: str) -> None:
        if needed > self.length:
            raise ConfigError(
                f"a prompt of {needed} {unit} does not fit in length={self.length}: choose a larger length"
            )
