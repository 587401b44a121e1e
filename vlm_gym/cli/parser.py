"""A parser of arguments that suggests what was meant."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from vlm_gym.errors import did_you_mean

MISTAKE: Final = 2  # the exit status


class CommandParser(argparse.ArgumentParser):
    """Suggests the command, the option or the choice that is nearest to one that is not there."""

    def parse_known_args(  # type: ignore[override]  # the overloads differ in the type of a namespace only
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse; a word that belongs nowhere ends the program, as all errors do."""
        words = sys.argv[1:] if args is None else args
        self._check_options(words)  # first, else a required argument is missed that was misspelt
        found, rest = super().parse_known_args(words, namespace)
        for word in rest:
            if word.startswith("-"):
                self._refuse(word)
            self.error(f"expected no more arguments, got {word!r}")
        return found, rest

    def _check_options(self, words: Sequence[str]) -> None:
        has_commands = any(isinstance(action.choices, dict) for action in self._actions)
        for word in words:
            if word == "--" or (has_commands and not word.startswith("-")):
                return  # the rest are not options, or are those of a command
            name = word.partition("=")[0]
            is_option = name.startswith("--") and " " not in name
            if is_option and not any(known.startswith(name) for known in self._names()):
                self._refuse(name)

    def error(self, message: str) -> NoReturn:
        """End the program with the usage in one line, what is wrong, and where all options are told."""
        sentence = message if message.endswith((".", "?")) else f"{message}."
        usage = f"usage: {self.format_short_usage()}"
        self.exit(MISTAKE, f"{usage}\n{self.prog}: error: {sentence} See: {self.prog} --help\n")

    def format_short_usage(self) -> str:
        """Return the usage with the arguments that must be given alone."""
        options = [action for action in self._actions if action.option_strings]
        needed = [f"{action.option_strings[0]} {_name_of(action)}" for action in options if action.required]
        places = [_name_of(action) for action in self._get_positional_actions()]
        more = ["[options]"] if len(options) > len(needed) else []
        return " ".join([self.prog, *needed, *more, *places])

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """Read a value, which says something; argparse would name the function that cannot read it."""
        is_command = action.nargs == argparse.PARSER
        if not (arg_string.strip() or is_command or action.type is any_text):
            raise argparse.ArgumentError(action, f"must not be empty, got {arg_string!r}")
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            if isinstance(error.__context__, argparse.ArgumentTypeError):
                raise
            raise argparse.ArgumentError(action, f"cannot be {arg_string!r}") from error

    def _refuse(self, name: str) -> NoReturn:
        self.error(f"there is no option {name}.{did_you_mean(name, self._names())}")

    def _names(self) -> list[str]:
        return [name for action in self._actions for name in action.option_strings]

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        listed = ", ".join(map(str, action.choices))
        hint = did_you_mean(value, action.choices)
        raise argparse.ArgumentError(action, f"invalid choice: {value!r} (choose from {listed}).{hint}")


def any_text(text: str) -> str:
    """Read a text that may be empty; without this type it says something."""
    return text


def _name_of(action: argparse.Action) -> str:
    """Return what stands for an argument's value in the usage."""
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.nargs == argparse.PARSER:
        return f"{name} ..."
    if action.nargs in (argparse.OPTIONAL, argparse.ZERO_OR_MORE):
        return f"[{name}]"
    return f"{name} [{name} ...]" if action.nargs == argparse.ONE_OR_MORE else name
