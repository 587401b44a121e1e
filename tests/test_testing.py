"""The contract test that is shipped: every id of ours passes it, and it finds what is wrong."""

import pytest
from at_hand import PLAYABLE_IDS

from vlm_gym.registration import TASKS
from vlm_gym.testing import CHECKS, fault_of


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("task", PLAYABLE_IDS)
@pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")
def test_a_task_passes_every_check(task, check):
    assert fault_of(TASKS[task], check) is None
