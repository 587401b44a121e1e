"""Many environments of one task in one process: what `gym.make_vec(id, num_envs=64)` makes."""

from vlm_gym.vector.environment import TaskVectorEnv

__all__ = ["TaskVectorEnv"]
