"""The autoreset modes of vector environments that this gymnasium has: 1.0 knows NEXT_STEP alone, and no name for it."""

import gymnasium as gym

ALL_MODES = ("NEXT_STEP", "SAME_STEP", "DISABLED")  # which our own vector environment has with every gymnasium
MODES = [mode.name for mode in getattr(gym.vector, "AutoresetMode", ())] or ["NEXT_STEP"]


def vector_kwargs(mode):
    """Return what `make_vec` and the classes of vector environments take for a mode."""
    return {"autoreset_mode": gym.vector.AutoresetMode[mode]} if hasattr(gym.vector, "AutoresetMode") else {}


def mode_value(mode):
    """Return what Gymnasium writes for a mode: "NextStep"."""
    return "".join(word.title() for word in mode.split("_"))
