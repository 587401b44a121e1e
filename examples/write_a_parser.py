r"""A parser of your own: answers that end in a line `>> action`.

Install:  pip install vlm-gym
Run:      python examples/write_a_parser.py

A parser owns a format of answers: what the prompt says about it, how it is read and written, and when an answer has
come to its end. docs/write_a_parser.md explains the rules that it must keep; `check` tries one of them.

Prints:

    Say what you see and think, then end with a line of this form:
    >> your action
    The action is "stand" or "hit".
    '16 against a 9.\n>> hit\n' is read as hit
    'Hit me.' is read as nothing: no action: 'Hit me.'
    '>> hit\n>> stand\n' is read as nothing: ambiguous: hit, stand
"""

import re

import gymnasium as gym

import vlm_gym  # noqa: F401  # registers the tasks
from vlm_gym.parsers import Fault, Parsed, Unparsed, register_parser

LINE = re.compile(r"^>>[ \t]*(.+?)[ \t]*$", re.MULTILINE)
CHECKED = ("vlm_gym/NumberLine-v0", "vlm_gym/Points24-v0", "vlm_gym/Blackjack-v0", "vlm_gym/Household-v1")
ANSWERS = ("16 against a 9.\n>> hit\n", "Hit me.", ">> hit\n>> stand\n")


class ArrowParser:
    """Reads and writes thoughts, and in the last line `>> action`."""

    closers = "\n"  # after these characters an answer may be complete

    def describe(self, fields, key):
        """Return what the prompt says about the form of an answer."""
        return f"Say what you see and think, then end with a line of this form:\n>> your {key}"

    def parse(self, text, actions):
        """Return the one action that an answer names, or why there is none."""
        if not text.strip():
            return Unparsed(Fault.EMPTY)
        lines = list(LINE.finditer(text))
        if not lines:
            return Unparsed(Fault.NO_ACTION, repr(text[-40:]))
        if len({line[1] for line in lines}) > 1:
            return Unparsed(Fault.AMBIGUOUS, ", ".join(line[1] for line in lines))
        action = actions.read(lines[-1][1])
        if action is None:
            return Unparsed(Fault.UNKNOWN_ACTION, lines[-1][1])
        return Parsed(action, lines[-1].span(1), thoughts=text[: lines[0].start()].strip())

    def write(self, action, actions, thoughts="", fields=None):
        """Return an answer that `parse` reads as this action."""
        seen = "".join(f"{name}: {value}\n" for name, value in (fields or {}).items())
        return f"{seen}{thoughts}\n>> {action}\n".lstrip("\n")

    def fill_in(self, action, actions, thoughts, fields):
        """Return the answer that the prompt's own form makes."""
        return self.write(action, actions, thoughts, fields)

    def is_complete(self, text):
        """Return whether nothing that follows can change the action."""
        return re.search(r"^>>[^\n]+\n", text, re.MULTILINE) is not None


def check(parser):
    """Try the parser on every action of some tasks: what it writes, it must read."""
    for task in CHECKED:
        env = gym.make(task).unwrapped
        _, info = env.reset(seed=0)
        for action in info["admissible_actions"]:
            read = parser.parse(parser.write(action, env.actions), env.actions)
            if read.action != action:
                raise SystemExit(f"{task}: {action!r} is written and then read as {read}")


def main():
    """Register the parser, check it, and play with it."""
    register_parser("arrow", ArrowParser())
    check(ArrowParser())
    env = gym.make("vlm_gym/Blackjack-v0", parser="arrow")
    for number, answer in enumerate(ANSWERS):
        _, info = env.reset(options={"player": ["10H", "6S"], "dealer": ["9C", "QD"]})
        if number == 0:
            print(info["prompt"].split("\n\n")[-1])
        *_, info = env.step(answer)
        print(f"{answer!r} is read as {info['action'] or 'nothing: ' + info['fault']}")


if __name__ == "__main__":
    main()
