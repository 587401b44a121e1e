"""vlm_gym in agent frameworks: one module each, on the same driver (`vlm_gym.Rollout`), imported only where it is used.

An adapter says how a framework names things; what is played, told, read and paid is what `vlm-gym eval` plays.
"""
