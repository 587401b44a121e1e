"""The autoreset modes of vector environments that this gymnasium has: 1.0 knows NEXT_STEP alone, and no name for it."""

import gymnasium as gym

MODES = [mode.name for mode in getattr(gym.vector, "AutoresetMode", ())] or ["NEXT_STEP"]


def vector_kwargs(mode):
    """Return what `make_vec` and the classes of vector environments take for a mode."""
    return {"autoreset_mode": gym.vector.AutoresetMode[mode]} if hasattr(gym.vector, "AutoresetMode") else {}
