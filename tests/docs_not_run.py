"""What stands in the docs and is not run by tests/docs, and why: the one place that says so.

A key is the beginning of a command (its first words), or of a line in a block of Python. A test says when one no longer
stands on a page, and when a test that is named here is gone.
"""

RUN_ELSEWHERE = {
    "make": "tests/test_makefile.py",  # what each target would run; CI runs them
    "python -m baselines": "tests/baselines/test_configs.py",
    "python -m benchmarks.beside_inspect": "tests/test_beside_inspect.py",
    "python -m benchmarks.beside_trl": "tests/adapters/test_trl.py",
    "python -m benchmarks.training_speed": "tests/baselines/test_training_benchmarks.py",
    "python -m benchmarks.training_gpu": "tests/baselines/test_training_benchmarks.py",
    "bash benchmarks/gpu.sh": "tests/baselines/test_training_benchmarks.py",
    "python -m benchmarks.vector_envs": "tests/vector/test_benchmark.py",
    "inspect eval": "tests/adapters/test_inspect.py",
    "python -m vlm_gym.adapters.openenv": "tests/adapters/test_openenv.py",
    "from openenv import GenericEnvClient": "tests/adapters/test_openenv.py",
    "import skyrl_gym, vlm_gym": "tests/adapters/test_skyrl.py",
    "import gem": "tests/adapters/test_gem.py",
    "from trl import GRPOConfig, GRPOTrainer": "tests/adapters/test_trl.py",
    "vf-eval vlm_gym_verifiers": "tests/adapters/test_verifiers.py",
    "python examples/verl_rows.py": "tests/adapters/test_verl.py",
    "import httpx": "tests/adapters/test_agentlightning.py",
    "vlm_gym.adopt(": "tests/adopted/test_real_environments.py",
    "vlm-gym floor mine/Lake-v0": "tests/adopted/test_real_environments.py",
    "vlm-gym eval --agent openai:MODEL --task mine/Lake-v0": "tests/adopted/test_real_environments.py",
    "vlm-gym eval --agent random --task Gym-v0": "tests/envs/test_adopted.py",
    "vlm-gym results": "tests/test_results.py",
    "vlm-gym play": "tests/web/test_play_web.py",  # waits for a person
    "vlm-gym view": "tests/web/test_view.py",  # serves until Ctrl-C
    "vlm-gym eval --agent oracle --panel cards-v0 --executor ray": "tests/evaluation/runs/test_cluster.py",
    '"""Lamps: say how many of five lamps are lit."""': "tests/test_write_a_task.py",
    "python -c from vlm_gym.testing": "tests/test_write_a_task.py",
    "vlm-gym eval --agent oracle --task lamps/Lamps-v0": "tests/test_write_a_task.py",
    "vlm-gym report runs/oracle": "tests/test_write_a_task.py",
    "vlm-gym collect lamps/Lamps-v0": "tests/test_write_a_task.py",
}
"""Run, at a small size or with the packages that they need, by the tests named here."""

NOT_RUN = {
    "vllm serve": "needs a GPU and downloads a model",
    "python -m sglang.launch_server": "needs a GPU and downloads a model",
    "ollama": "downloads a model",
    "llama-server": "downloads a model",
    "inspect view": "a program of others, which serves until Ctrl-C",
    "accelerate launch": "needs a GPU; DDP with two processes on a CPU is tested in tests/baselines",
    "torchrun": "takes minutes; DDP with two processes on a CPU is tested in tests/baselines",
    "python -m venv": "makes an environment, as make does for these tests",
    "pip install": "installs; that the extra is there is tested",
    "source": "is for the reader's shell",
    "export": "is for the reader's shell",
    "python -m benchmarks.adapter_cost": "needs the frameworks, each in an environment of its own",
    "play(gym.make(": "opens a window and waits for a person",
}
"""Run by nobody; options of our own programs are checked all the same."""
