"""A toy policy and probe environments: small enough for known answers, through the real update code."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from baselines.learner import Learner
from baselines.models.policy import Answer, Evaluation, Prompt
from baselines.ppo import learn
from baselines.rollout import Sampling, Seat, collect, collect_episodes
from baselines.settings import PpoConfig
from vlm_gym.actions import ActionSet
from vlm_gym.chat import ChatSettings
from vlm_gym.envs.base import Status, TaskEnv, TaskSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.games.outcome import Outcome
from vlm_gym.rollout import Rollout
from vlm_gym.session_pool import SessionPool
from vlm_gym.wrappers import TextPlay

WORDS = ("left", "right")
END = len(WORDS)
ANY_TASK = "vlm_gym/NumberLine-v0"  # a probe is played instead


class ToyModule(nn.Module):
    """Says one of two words, then the end, whatever; both word and value are linear in one pixel of the picture."""

    def __init__(self):
        super().__init__()
        self.word = nn.Linear(2, len(WORDS))
        self.value = nn.Linear(2, 1)
        for layer in (self.word, self.value):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, prompts, answers, temperature=1.0):
        seen = see(prompts)
        every = torch.log_softmax(self.word(seen) / temperature, dim=-1)  # (B, 2)
        lengths = [len(answer.tokens) for answer in answers]
        mask = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]  # (B, L)
        first = torch.tensor([answer.tokens[0] for answer in answers])
        blank = torch.zeros(len(answers), max(lengths) - 1)
        said = every.gather(1, first[:, None])
        entropy = -(every.exp() * every).sum(1, keepdim=True)
        return Evaluation(torch.cat([said, blank], 1), mask, torch.cat([entropy, blank], 1), self.value(seen)[:, 0])


class ToyPolicy:
    """A Policy around a ToyModule. Its second token, the end, is certain."""

    def __init__(self):
        self.module = ToyModule()

    def generate(self, prompts, *, max_new_tokens, temperature, generator=None):
        logits = self.module.word(see(prompts))
        if temperature == 0:
            words = logits.argmax(1)
        else:
            words = torch.multinomial(torch.softmax(logits / temperature, 1), 1, generator=generator)[:, 0]
        every = torch.log_softmax(logits / (temperature or 1.0), 1)
        answers = [self.write(WORDS[word]) for word in words.tolist()]
        return [
            replace(answer, logp=(row[answer.tokens[0]].item(), 0.0))
            for answer, row in zip(answers, every, strict=True)
        ]

    def evaluate(self, prompts, answers, *, temperature):
        return self.module(prompts, answers, temperature)

    @torch.no_grad()
    def values(self, prompts):
        return self.module.value(see(prompts))[:, 0]

    def write(self, text):
        return Answer((WORDS.index(text), END), text, ((0, len(text)), (len(text), len(text))))

    def reference(self):
        return nullcontext()

    def parameter_groups(self, *, lr, value_lr):
        return [
            {"name": "model", "lr": lr, "params": list(self.module.word.parameters())},
            {"name": "value_head", "lr": value_lr, "params": list(self.module.value.parameters())},
        ]

    def state_dict(self):
        return dict(self.module.state_dict())

    def load_state_dict(self, state):
        self.module.load_state_dict(state)


def see(prompts):
    """Return what the toy sees, (B, 2): one-hot, whether the picture is dark or bright."""
    bright = torch.tensor([float(prompt.question.picture[0, 0, 0] > 127) for prompt in prompts])
    return torch.stack([1 - bright, bright], dim=1)


def picture(is_bright):
    return np.full((2, 2, 3), 255 if is_bright else 0, np.uint8)


class ProbeState(NamedTuple):
    is_bright: bool
    turn: int
    paid: float


class Probe(TaskEnv):
    """A task whose values are known. `rule` maps (is_bright, word, turn) to a reward; it ends after `turns`.

    `brightness` says which picture is shown in each turn; None draws it. With `is_cut_off` the end is a truncation.
    """

    reward_weights: ClassVar = {"paid": 1.0, "fault": -1.0}
    option_names: ClassVar = ()

    def __init__(self, rule, turns=1, brightness=None, *, is_cut_off=False):
        super().__init__(TaskSettings(), ActionSet(WORDS), len(WORDS))
        self.rule, self.turns, self.brightness, self.is_cut_off = rule, turns, brightness, is_cut_off

    def _deal(self, options):
        is_bright = self.brightness[0] if self.brightness else bool(self.np_random.integers(2))
        return ProbeState(is_bright, 0, 0.0)

    def _move(self, state, action):
        paid = self.rule(state.is_bright, action, state.turn)
        turn = state.turn + 1
        is_bright = self.brightness[min(turn, len(self.brightness) - 1)] if self.brightness else state.is_bright
        return Outcome(ProbeState(is_bright, turn, paid), {"paid": paid})

    def _status(self, state):
        return Status(state.turn == self.turns and not self.is_cut_off, state.paid > 0, 0.0)

    def _legal_actions(self, state):
        return WORDS

    def _draw(self, state):
        return picture(state.is_bright)

    def _describe(self, state):
        return ""

    def _read_out(self, state):
        return ()

    def _write_prompt(self, state):
        return f"turn {state.turn}"

    def _best_action(self, state):
        return None

    def _best_value(self, state):
        return 0.0


def probe_rollout(probe):
    """Return a rollout that plays a probe, whatever the episode's task is called."""

    def in_text(_):
        env = probe()
        return gym.wrappers.TimeLimit(TextPlay(env), env.turns) if env.is_cut_off else TextPlay(env)

    return Rollout(pool=SessionPool(ChatSettings(), wrap=in_text))


def make_learner(policy, folder=Path("unused"), **settings):
    config = PpoConfig(**{"lr": 0.05, "value_lr": 0.05, "epochs": 2, "minibatch": 32, "microbatch": 16, **settings})
    optimizer = torch.optim.Adam(policy.parameter_groups(lr=config.lr, value_lr=config.value_lr))
    return Learner(policy, optimizer, config, 1.0, Accelerator(cpu=True), folder)


def make_seats(probe, num_seats=8, group_size=1):
    return [
        Seat(
            probe_rollout(probe), lambda number, start=seat // group_size: EpisodeSpec(ANY_TASK, 1000 * start + number)
        )
        for seat in range(num_seats)
    ]


def train(probe, num_updates=60, **settings):
    """Train a toy policy on a probe; return the policy."""
    policy = ToyPolicy()
    size = settings.get("group_size")
    learner, seats = make_learner(policy, **settings), make_seats(probe, 64 if size else 8, size or 1)
    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    for _ in range(num_updates):
        if size:
            turns, _ = collect_episodes(policy, seats, Sampling(4, 1.0), generator)
        else:
            turns, _ = collect(policy, seats, 8, Sampling(4, 1.0), generator)
        learn(learner, turns, rng)
    return policy


def value_of(policy, is_bright):
    return policy.values([Prompt.of(picture(is_bright), "")]).item()


def chance_of(policy, word, is_bright):
    seen = see([Prompt.of(picture(is_bright), "")])
    return torch.softmax(policy.module.word(seen), 1)[0, WORDS.index(word)].item()
