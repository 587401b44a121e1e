"""vlm_gym in agent frameworks: a module each, on the one driver (`vlm_gym.Rollout`), imported only by who uses it.

An adapter says how a framework names things; what is played, told, read and paid is what `vlm-gym eval` plays.
"""
