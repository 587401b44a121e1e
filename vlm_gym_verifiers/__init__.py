"""Tasks as an environment of verifiers, under the top-level name that its loader takes: `vf-eval vlm_gym_verifiers`.

All of it is `vlm_gym.adapters.verifiers`.
"""

from vlm_gym.adapters.verifiers import VlmGymEnv, VlmGymTaskset

__all__ = ["VlmGymEnv", "VlmGymTaskset"]
