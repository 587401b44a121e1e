"""Pictures as floats, for networks and libraries that do not scale bytes themselves."""

from typing import Any, Final, Literal, get_args

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from vlm_gym.errors import check_choice
from vlm_gym.wrappers.checks import check_pictures

Layout = Literal["HWC", "CHW"]
Floats = npt.NDArray[np.float32]

_WHITE: Final = np.float32(255)


class FloatPicture(gym.ObservationWrapper[Floats, Any, Any], gym.utils.RecordConstructorArgs):
    """Turns a picture of bytes into one of float32 from 0 to 1.

    Args:
        env: An env whose observations are pictures, (height, width, 3) uint8.
        layout: "HWC" keeps (height, width, 3); "CHW" gives (3, height, width), as PyTorch's convolutions want it.

    Raises:
        ConfigError: if the observations are something else.
    """

    def __init__(self, env: gym.Env[Any, Any], layout: Layout = "HWC") -> None:
        gym.utils.RecordConstructorArgs.__init__(self, layout=layout)
        gym.ObservationWrapper.__init__(self, env)
        check_choice("layout", layout, get_args(Layout))
        height, width, channels = check_pictures(self, env)
        self.layout = layout
        shape = (height, width, channels) if layout == "HWC" else (channels, height, width)
        self.observation_space = gym.spaces.Box(0.0, 1.0, shape, np.float32)

    def observation(self, observation: npt.NDArray[np.uint8]) -> Floats:
        """Return the picture as floats, in an array of its own."""
        turned = observation if self.layout == "HWC" else observation.transpose(2, 0, 1)
        return np.divide(turned, _WHITE, dtype=np.float32, order="C")
