"""Settings of the trainer's tests: one thread each, since two that share a core are slower than one."""

import torch

torch.set_num_threads(1)
