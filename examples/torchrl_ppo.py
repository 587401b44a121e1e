"""torchrl: PPO on the pictures of a task through `GymEnv`, and a task played in text.

Install:  pip install vlm-gym torchrl torch
Run:      python examples/torchrl_ppo.py
          python examples/torchrl_ppo.py --text          # a few turns in text, without training

`GymEnv` takes a task by its id. `info="numeric"` and `auto_register_info_dict()` bring `is_success`, `action_mask` and
the reward terms into the TensorDict. Its workers import only gymnasium: there, say
"vlm_gym:vlm_gym/NumberLine-v0". For answers in text, torchrl must be told once what their space is (`as_non_tensor`).
Choose image_size=84, and one process for card tasks, `ParallelEnv` for household tasks.

Printed (73 s of CPU time on two shared, busy cores of an AMD EPYC, 2026-11-29):

    PPO on vlm_gym/NumberLine-v0, 15000 steps
    success before 62 %, after 100 %
"""

import argparse

import torch
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.collectors import Collector
from torchrl.data import NonTensor
from torchrl.envs import Compose, GymEnv, SerialEnv, ToTensorImage, TransformedEnv
from torchrl.envs.libs.gym import register_gym_spec_conversion
from torchrl.modules import ConvNet, ProbabilisticActor, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

import vlm_gym  # noqa: F401  # registers the tasks
from vlm_gym.envs.spaces import AnswerSpace

NUM_ENVS, NUM_TURNS, NUM_EPOCHS, MINIBATCH = 8, 32, 4, 64


@register_gym_spec_conversion(AnswerSpace)
def as_non_tensor(space, dtype=None, device=None, **_):  # noqa: ARG001  # torchrl's signature
    """Answers are texts, which are held as they are."""
    return NonTensor(shape=(), device=device, example_data="")


def make(env):
    """Make the task with pictures as floats, (3, 84, 84)."""
    task = GymEnv(env, image_size=84, info="numeric", categorical_action_encoding=True).auto_register_info_dict()
    return TransformedEnv(task, Compose(ToTensorImage()))


def networks(num_actions):
    """Return actor and critic, each with a CNN of its own."""

    def body(size):
        cnn = ConvNet(in_features=3, num_cells=[16, 32], kernel_sizes=[8, 4], strides=[4, 2])  # any batch shape
        return nn.Sequential(cnn, nn.ReLU(), nn.LazyLinear(128), nn.ReLU(), nn.Linear(128, size))

    logits = TensorDictModule(body(num_actions), in_keys=["pixels"], out_keys=["logits"])
    actor = ProbabilisticActor(
        logits, in_keys=["logits"], distribution_class=torch.distributions.Categorical, return_log_prob=True
    )
    return actor, ValueOperator(body(1), in_keys=["pixels"])


def train(options):
    """Train, and return the share of successes among the episodes of each batch."""
    torch.manual_seed(options.seed)
    task = make(options.env)
    actor, critic = networks(task.action_spec.space.n)
    start = task.reset()
    actor(start), critic(start)  # sizes of the lazy layers
    loss_of = ClipPPOLoss(actor, critic, clip_epsilon=0.2, entropy_coeff=0.01)
    advantage = GAE(gamma=0.9, lmbda=0.95, value_network=critic)
    optimizer = torch.optim.Adam(loss_of.parameters(), lr=1e-3)
    envs = SerialEnv(NUM_ENVS, lambda: make(options.env))
    envs.set_seed(options.seed)
    per_batch = NUM_ENVS * NUM_TURNS
    steps = max(1, options.steps // per_batch) * per_batch
    collector = Collector(envs, actor, frames_per_batch=per_batch, total_frames=steps)
    shares = []
    for batch in collector:
        ended = batch["next", "done"].squeeze(-1)
        shares.append(batch["next", "is_success"][ended].float().mean().item())
        for _ in range(NUM_EPOCHS):
            with torch.no_grad():
                advantage(batch)
            samples = batch.reshape(-1)
            for part in torch.randperm(len(samples)).split(MINIBATCH):
                losses = loss_of(samples[part])
                loss = losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(loss_of.parameters(), 0.5)
                optimizer.step()
    collector.shutdown()
    return shares


def play_in_text(env, num_turns=5):
    """Play some turns in text, with answers of which the first cannot be read."""
    task = GymEnv(env, image_size=84, parser="json", info="numeric").auto_register_info_dict()
    answers = ("I cannot see anything.", *(task._env.action_space.sample() for _ in range(num_turns - 1)))
    turn = task.reset()
    for answer in answers:
        turn["action"] = answer
        turn = task.step(turn)["next"]
        print(f"{answer!r}: reward {turn['reward'].item():+.0f}, is_fault {turn['is_fault'].item()}")
        if turn["done"].item():
            turn = task.reset()


def main():
    """Train and say what it brought, or play in text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="vlm_gym/NumberLine-v0")
    parser.add_argument("--steps", type=int, default=15_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--text", action="store_true", help="play a few turns in text instead")
    options = parser.parse_args()
    if options.text:
        play_in_text(options.env)
        return
    shares = train(options)
    tenth = max(1, len(shares) // 10)
    before, after = sum(shares[:tenth]) / tenth, sum(shares[-tenth:]) / tenth
    print(f"PPO on {options.env}, {options.steps} steps")
    print(f"success before {100 * before:.0f} %, after {100 * after:.0f} %")


if __name__ == "__main__":
    main()
