"""Reference trainers for vlm_gym: supervised fine-tuning, then PPO. Needs the extra `[train]`."""
