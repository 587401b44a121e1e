"""The memory and the arithmetic of training a 7B, without a GPU and without weights: the real code on fake tensors.

    python -m benchmarks.training_memory --model llava-1.6-7b
    python -m benchmarks.training_memory --model qwen2.5-vl-7b --microbatch 2 8 --envs 32 64 --checkpointing
    python -m benchmarks.training_memory --model qwen3-vl-8b --rank 64 --new-tokens 128
    python -m benchmarks.training_memory --model llava-1.6-7b --same 4 8      answers to one prompt, read once

The training forward and backward and the generation of baselines/ run as they are, on the model's real shapes, with
NumberLine at 300 pixels and its own prompt. Of an answer's tokens the first and the last ones are generated: between
them the cache grows by the same each time. "Peak" is the largest sum of all tensors alive. What kernels allocate for
themselves, the allocator's fragmentation and CUDA's own gigabyte or so come on top: leave a tenth free.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from baselines.models.inputs import append
from baselines.models.model_config import ModelConfig
from baselines.models.policy import Answer, Prompt
from baselines.models.vlm import VlmPolicy
from baselines.ppo import policy_loss, value_loss
from baselines.rollout import make_rollout
from baselines.settings import TaskConfig
from benchmarks.fake_memory import FakeMemory, drawing, empty
from benchmarks.large_models import MODELS, build
from vlm_gym.parsers import PARSERS
from vlm_gym.program import run as run_program

TASK = TaskConfig("NumberLine-v0", {"image_size": 300})
WORD = 200  # a token that ends no answer
NUM_DRAWN = 3  # tokens that are drawn one by one
CARDS_GB = (24, 48, 80, 141)
SPARE = 0.9  # of a card's memory: the rest is for CUDA, kernels and fragmentation


@dataclass(frozen=True)
class Static:
    """Bytes that are there all the time; those of `output`, in float32, in each forward that learns."""

    weights: int
    adapters: int
    gradients: int
    optimizer: int
    output: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.weights + self.adapters + self.gradients + self.optimizer


@dataclass(frozen=True)
class Training:
    """A microbatch of the training step: bytes beyond the static ones, and operations of forward and backward."""

    microbatch: int
    num_prompts: int
    checkpointing: bool
    peak: int
    operations: float


@dataclass(frozen=True)
class Generation:
    """A rollout: bytes beyond the static ones. `wide` are the layers joined with their adapters, part of the peak."""

    envs: int
    wide: int
    cache: int
    peak: int
    operations: float


@dataclass(frozen=True)
class Moment:
    """Where a token is drawn: bytes alive, the most since the moment before, operations up to here."""

    live: int
    peak: int
    operations: float


def main() -> None:
    """Measure and print."""
    options = parse()
    memory = FakeMemory()
    policy = start(options.model, memory, rank=options.rank, is_tiny=options.tiny)
    static = static_bytes(policy)
    print_static(options, static)
    trainings = [
        train(policy, memory, size, options.new_tokens, checkpointing=is_on)
        for is_on in ((True,) if options.checkpointing else (False, True))
        for size in options.microbatch
    ]
    trainings += [
        train(policy, memory, size, options.new_tokens, checkpointing=False, num_prompts=1) for size in options.same
    ]
    if trainings:
        print_training(trainings, static)
    generations = [generate(policy, memory, envs, options.new_tokens) for envs in options.envs]
    if generations:
        print_generation(generations, static)
    print_cards(trainings, generations, static)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=list(MODELS), required=True)
    parser.add_argument("--rank", type=int, default=128, help="of the adapters (default: %(default)s)")
    parser.add_argument("--microbatch", type=int, nargs="*", default=[1, 4], help="turns of a forward (default: 1 4)")
    parser.add_argument("--same", type=int, nargs="*", default=[], help="the same for turns of one and the same prompt")
    parser.add_argument("--envs", type=int, nargs="*", default=[16, 64], help="answers at once (default: 16 64)")
    parser.add_argument("--new-tokens", type=int, default=256, help="of an answer (default: %(default)s)")
    parser.add_argument("--checkpointing", action="store_true", help="only with activations recomputed")
    parser.add_argument("--tiny", action="store_true", help="the same with narrow, shallow models: to try it out")
    return parser.parse_args()


def start(name: str, memory: FakeMemory, *, rank: int, is_tiny: bool) -> VlmPolicy:
    """Return a policy of the model's real shapes with fake weights in bf16."""
    prompt = start_prompt()
    model, processor = build(name, torch.device("meta"), torch.bfloat16, is_tiny=is_tiny, texts=[prompt.question.text])
    config = ModelConfig(name=name, rank=rank, alpha=2 * rank, precision="bfloat16", checkpointing=True)
    policy = VlmPolicy(model, processor, config, PARSERS["json"])
    empty(policy, memory)
    return policy


def start_prompt() -> Prompt:
    """Return the first prompt of the task."""
    return Prompt(make_rollout().start(TASK.episode(0)).news)


def start_prompts(number: int) -> list[Prompt]:
    """Return as many prompts of the same length, each with a picture of its own."""
    (message,) = start_prompt().messages
    assert message.picture is not None
    pictures = [message.picture.copy() for _ in range(number)]
    for place, picture in enumerate(pictures):
        picture[0, 0, :2] = divmod(place, 256)
    return [Prompt.of(picture, message.text) for picture in pictures]


def static_bytes(policy: VlmPolicy) -> Static:
    """Return what is there all the time: Adam keeps two moments of every trained number."""
    frozen = sum(value.nbytes for value in policy.module.parameters() if not value.requires_grad)
    trained = sum(value.nbytes for value in policy.module.parameters() if value.requires_grad)
    output = 4 * policy.model.get_output_embeddings().weight.numel()
    return Static(frozen, trained, trained, 2 * trained, output)


def train(
    policy: VlmPolicy,
    memory: FakeMemory,
    size: int,
    new_tokens: int,
    *,
    checkpointing: bool,
    num_prompts: int | None = None,
) -> Training:
    """Run forward, loss and backward of one microbatch, whose turns have so many prompts; else each its own."""
    prompts = start_prompts(num_prompts or size)
    layers = policy.module._checkpointed
    policy.module._checkpointed = layers if checkpointing else []
    answers = [Answer((WORD,) * new_tokens, "", ((0, 0),) * new_tokens)] * size
    old = torch.zeros(size, new_tokens)
    with memory:  # those of the microbatches before, into which this one's are added
        for value in policy.module.parameters():
            value.grad = torch.zeros_like(value) if value.requires_grad else None
    before = memory.live
    memory.reset_peak()
    with memory, FlopCounterMode(display=False) as counter:
        found = policy.evaluate(prompts * (size // len(prompts)), answers, temperature=1.0)
        weights, numbers = torch.ones(size, new_tokens), torch.zeros(size)
        loss = policy_loss(found.logp, old, weights, numbers, clip=0.1, ratio="answer").loss
        (loss + value_loss(found.value, numbers, numbers)).backward()
    peak = memory.peak - before
    policy.module._checkpointed = layers
    for value in policy.module.parameters():
        value.grad = None
    del found, loss
    gc.collect()
    return Training(size, len(prompts), checkpointing, peak, float(counter.get_total_flops()))


def generate(policy: VlmPolicy, memory: FakeMemory, envs: int, new_tokens: int) -> Generation:
    """Answer as many prompts at once as there are environments; every answer runs to its full length."""
    gc.collect()
    before = memory.live
    with memory, torch.no_grad(), policy._merged():
        wide = memory.live - before
    gc.collect()
    first = moments(policy, memory, envs, num_said=0)
    last = moments(policy, memory, envs, num_said=new_tokens - NUM_DRAWN)
    peak = max(moment.peak for moment in (*first, *last[1:]))  # the last ones' prompt was read without a step
    each = (first[1].operations - first[0].operations + last[-1].operations - last[-2].operations) / 2
    operations = first[0].operations + (new_tokens - 1) * each
    return Generation(envs, wide, last[-1].live - before - wide, peak - before, operations)


def moments(policy: VlmPolicy, memory: FakeMemory, envs: int, *, num_said: int) -> list[Moment]:
    """Read the prompts and so many tokens of their answers at once, then draw the next ones one by one."""
    found: list[Moment] = []
    encode = policy.module.encode
    words, mask = torch.full((envs, num_said), WORD), torch.ones(envs, num_said)

    def note() -> None:
        found.append(Moment(memory.live, memory.peak, float(counter.get_total_flops())))
        memory.reset_peak()

    policy.module.encode = lambda prompts: append(*encode(prompts), words, mask)  # type: ignore[method-assign]
    gc.collect()
    memory.reset_peak()
    with memory, FlopCounterMode(display=False) as counter, drawing(WORD, note):
        policy.generate(start_prompts(envs), max_new_tokens=NUM_DRAWN, temperature=1.0)
    policy.module.encode = encode  # type: ignore[method-assign]
    return found


def print_static(options: argparse.Namespace, static: Static) -> None:
    print(f"{options.model}{' (tiny)' if options.tiny else ''}, rank {options.rank}, torch {torch.__version__}\n")
    print("| always there | GiB |\n|---|---|")
    rows = {
        "frozen weights, bf16": static.weights,
        "adapters and value head, float32": static.adapters,
        "their gradients": static.gradients,
        "Adam's two moments": static.optimizer,
        "together": static.total,
        "in each forward: the output embedding in float32": static.output,
    }
    for name, size in rows.items():
        print(f"| {name} | {gib(size)} |")
    print(flush=True)


def print_training(trainings: Sequence[Training], static: Static) -> None:
    print("| microbatch | prompts | activations recomputed | GiB beyond that | peak GiB | TFLOP a turn to learn from |")
    print("|---|---|---|---|---|---|")
    for row in trainings:
        each = row.operations / row.microbatch / 1e12
        is_on = "yes" if row.checkpointing else "no"
        sizes = f"{gib(row.peak)} | {gib(static.total + row.peak)}"
        print(f"| {row.microbatch} | {row.num_prompts} | {is_on} | {sizes} | {each:.1f} |")
    print(flush=True)


def print_generation(generations: Sequence[Generation], static: Static) -> None:
    print(
        "| environments | layers with their adapters GiB | cache GiB | peak GiB | without merging | TFLOP a turn |\n"
        "|---|---|---|---|---|---|"
    )
    for row in generations:
        each = row.operations / row.envs / 1e12
        peaks = f"{gib(static.total + row.peak)} | {gib(static.total + row.peak - row.wide)}"
        print(f"| {row.envs} | {gib(row.wide)} | {gib(row.cache)} | {peaks} | {each:.1f} |")
    print(flush=True)


def print_cards(trainings: Sequence[Training], generations: Sequence[Generation], static: Static) -> None:
    print("| card | microbatches that fit | environments that fit | without merging |\n|---|---|---|---|")
    for card in CARDS_GB:
        room = SPARE * card * 1e9 - static.total
        fit = [named(row) for row in trainings if row.peak <= room]
        envs = [str(row.envs) for row in generations if row.peak <= room]
        apart = [str(row.envs) for row in generations if row.peak - row.wide <= room]
        print(f"| {card} GB | {' | '.join(', '.join(names) or 'none of these' for names in (fit, envs, apart))} |")


def named(row: Training) -> str:
    """Return a microbatch in words."""
    way = " recomputed" if row.checkpointing else " of one prompt" if row.num_prompts < row.microbatch else ""
    return f"{row.microbatch}{way}"


def gib(size: int) -> str:
    """Return bytes in gibibytes."""
    return f"{size / 2**30:.2f}"


if __name__ == "__main__":
    sys.exit(run_program("benchmarks.training_memory", main))
