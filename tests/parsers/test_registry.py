"""Parsers by name."""

import gymnasium as gym
import pytest

from vlm_gym.actions import ActionSet
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.parsers import PARSERS, Fault, Parsed, Unparsed, find_parser, register_parser
from vlm_gym.rollout import Rollout


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_is_found_by_its_name(name: str) -> None:
    assert find_parser(name) is PARSERS[name]


@pytest.mark.parametrize("name", ["jsn", "", None, 3, ["json"]])
def test_an_unknown_name_is_refused_with_the_choices(name: object) -> None:
    with pytest.raises(ConfigError, match="parser must be one of 'json', 'tagged', 'paper', 'tool'; got"):
        find_parser(name)


def test_a_misspelt_name_is_answered_with_the_closest_one() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'tagged'"):
        find_parser("tagge")


class Shout:
    """A format of its own: the action in capitals behind a bang."""

    closers = "!"

    def describe(self, fields, key):
        return f"Shout your {key}, for example GO!"

    def parse(self, text, actions):
        action = actions.read(text.rstrip("!").lower())
        return Unparsed(Fault.NO_ACTION) if action is None else Parsed(action, (0, len(action)))

    def write(self, action, actions, thoughts="", fields=None):
        return f"{action.upper()}!"

    def fill_in(self, action, actions, thoughts, fields):
        return self.write(action, actions)

    def is_complete(self, text):
        return text.endswith("!")


def test_a_parser_of_ones_own_asks_for_its_format_and_reads_it() -> None:
    env = gym.make("vlm_gym/Blackjack-v0", parser=Shout())
    _, info = env.reset(seed=0)
    assert 'Shout your action, for example GO!\nThe action is "stand" or "hit".' in info["prompt"]
    assert env.step("HIT!")[-1]["action"] == "hit"
    assert env.get_wrapper_attr("answer")("stand") == "STAND!"


def test_a_parser_can_be_given_a_name_once() -> None:
    shout = Shout()
    register_parser("shout", shout)
    register_parser("shout", shout)
    assert find_parser("shout") is shout
    assert gym.make("vlm_gym/Blackjack-v0", parser="shout").spec.kwargs["parser"] == "shout"
    with pytest.raises(ConfigError, match="there is a parser 'shout' already"):
        register_parser("shout", Shout())


def test_what_is_no_parser_is_told_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match="lacks describe, parse, write, fill_in, is_complete, closers"):
        gym.make("vlm_gym/Blackjack-v0", parser=object())
    with pytest.raises(ConfigError, match=r"the parser 'half' must be .* lacks describe"):
        register_parser("half", object())


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("fields", [{}, {"seen": "what you see", "thoughts": "your reasoning"}])
def test_a_parser_asks_for_the_action_and_all_fields(name: str, fields: dict) -> None:
    told = find_parser(name).describe(fields, "formula")
    assert "your formula" in told
    assert all(description in told for description in fields.values())
    assert ("without any reasoning" in told) is (not fields)


@pytest.mark.parametrize("name", [name for name in PARSERS if name != "paper"])
def test_what_is_filled_in_reads_back_and_says_what_was_seen(name: str) -> None:
    actions = ActionSet(("stand", "hit"))
    text = find_parser(name).fill_in("hit", actions, "I think.", {"your cards": "7 and 8"})
    read = find_parser(name).parse(text, actions)
    assert (read.action, text[slice(*read.span)]) == ("hit", "hit")
    assert "7 and 8" in text
    assert "I think." in read.thoughts


def test_a_call_has_the_tools_argument_whatever_the_tasks_field_is_called() -> None:
    env = gym.make("vlm_gym/EZPointsFormula-v1", parser="tool")
    _, info = env.reset(seed=0, options={"cards": ["3D", "4S"]})
    assert "- action: your formula" in info["prompt"]
    assert "{" not in info["prompt"]
    text = env.get_wrapper_attr("answer")("3 * 4", 'It says "formula": "3 + 4".')
    assert text.endswith('"action": "3 * 4"}}\n</tool_call>')
    assert env.step(text)[-1]["is_success"]


def test_a_run_needs_a_parser_with_a_name() -> None:
    with pytest.raises(ConfigError, match=r"recorded under its parser's name: .*register_parser"):
        Plan((EpisodeSpec("vlm_gym/Blackjack-v0", 0),), parser=Shout())
    assert Rollout(parser=Shout()).start(EpisodeSpec("vlm_gym/Blackjack-v0", 0)).news
