"""`python -m vlm_gym` is the command `vlm-gym`."""

import sys

from vlm_gym.cli import main

sys.exit(main())
