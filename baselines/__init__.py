"""Reference trainers for vlm_gym: supervised fine-tuning, then PPO. Needs the extra `[train]`, cnn_ppo `[cnn]`.

Raises:
    MissingDependencyError: if PyTorch is not installed.
"""

from importlib.util import find_spec

from vlm_gym.errors import MissingDependencyError
from vlm_gym.installation import install_hint
from vlm_gym.program import PROGRAM, extra_of

if find_spec("torch") is None:
    raise MissingDependencyError(f"PyTorch is missing: {install_hint(extra_of(PROGRAM))}")
