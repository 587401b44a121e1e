"""Compute the floors and ceilings of Blackjack from one deck, over all deals: minutes for each level."""

import argparse

from vlm_gym.games.blackjack import BlackjackRules
from vlm_gym.oracles.blackjack_deals import wins
from vlm_gym.registration import TASKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", type=int, help="one level only, from 1 (default: all)")
    level = parser.parse_args().level
    for task in TASKS.values():
        ranks_out = task.arguments.get("ranks_out")
        if ranks_out and level in (None, task.level):
            found = wins(BlackjackRules(), ranks_out, task.turns())
            told = f"best {found.best:.6f}, by the book {found.book:.6f}, random {found.random:.6f}"
            print(f"{task.id}: {told}", flush=True)


if __name__ == "__main__":
    main()
