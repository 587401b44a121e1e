"""What survives of a small change of an adapter in bf16: added to the output, to the weight, or in one product.

    python -m benchmarks.small_updates

A layer as wide as a 7B's language model has, with an adapter of rank 128 after some steps of 1e-5 in every element of
its second factor. 100 % means that the layer's output changes by what the exact adapter adds.
"""

import argparse
import sys

import torch

from baselines.models.joint import JointLinear
from vlm_gym.program import run as run_program

WIDTH, RANK, SCALING = 4096, 128, 2.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=[4, 16, 64], help="steps of 1e-5 (default: 4 16 64)")
    steps = parser.parse_args().steps
    print("| steps | added to the output | added to the weight | one product |\n|---|---|---|---|")
    for count in steps:
        shares = " | ".join(f"{100 * share:.0f} %" for share in survival(count))
        print(f"| {count} | {shares} |")


@torch.no_grad()
def survival(steps: int) -> tuple[float, float, float]:
    """Return the share of the adapter's exact output that comes through, in the order of the table."""
    generator = torch.Generator().manual_seed(0)
    weight = (0.02 * torch.randn(WIDTH, WIDTH, generator=generator)).bfloat16()
    inputs = torch.randn(16, WIDTH, generator=generator).bfloat16()
    down = (2 * torch.rand(RANK, WIDTH, generator=generator) - 1) / WIDTH**0.5
    signs = 2 * torch.randint(0, 2, (WIDTH, RANK), generator=generator) - 1
    up = SCALING * 1e-5 * steps * signs
    exact = inputs.float() @ down.T @ up.T
    base = inputs @ weight.T
    wide = torch.cat([weight, up.bfloat16()], dim=1)
    outputs = (
        (base + exact).bfloat16(),
        inputs @ (weight.float() + up @ down).bfloat16().T,
        JointLinear(wide, down.bfloat16(), None)(inputs),
    )
    shares = [((output.float() - base.float()) * exact).sum() / (exact**2).sum() for output in outputs]
    return shares[0].item(), shares[1].item(), shares[2].item()


if __name__ == "__main__":
    sys.exit(run_program("benchmarks.small_updates", main))
