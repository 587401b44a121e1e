"""What models write around a proper object, with all the words that elsewhere refuse, doubt or take back."""

import pytest
from recipes import VOCABULARIES

from vlm_gym.parsers import Parsed, find_parser

BEFORE = (
    "Here is my answer:",
    "Here's the JSON response:",
    "As the player, you should play:",
    "Given the dealer's 6, the best option is to hit.",
    "You should hit.",
    "Basic strategy suggests to hit:",
    "I would hit here.",
    "I'd choose to hit, because standing is worse than hitting.",
    "After careful consideration, the best move is:",
    "The correct answer is:",
    "Therefore, the action should be:",
    "So the output is",
    "So I should answer",
    "My final answer is",
    "Based on the image, I see 12. It would be wrong to stand. So:",
    "If I stand, I might lose. Therefore I hit:",
    "If I hit I could bust, but the odds are better:",
    "Although it is risky, I will hit.",
    "I can't bust with 11, so:",
    "Let me think step by step.\n1. I have 12.\n2. The dealer has 6.\n3. Hitting is not ideal, but fine.\n",
    "Wait, let me recount. 5+7=12. OK.\n",
    "Hmm, 12 vs 6 is a close call.\n",
    "Not an easy one! But:",
    "The alternative, standing, is worse.",
    "No alternative is better:",
    "In this example, the hand is 12.",
    "For this turn:",
    "Step 1: look. Step 2: decide.\n\n**Decision:**\n",
    "### Reasoning\nI have 12.\n\n### Answer\n",
    "Thought: I have 12, the dealer shows a 6, maybe hit.\nAction:\n",
    "Sure! Here's the action in the requested format:",
    "I'm going with",
    "I'll play",
    "We should hit.",
    "What should I do? I think hit.",
    "Should I hit or stand? Hit.",
    "Can I bust? Yes, but",
    "The dealer would stand on 17, so",
    "Most players would stand here, but I prefer to hit.",
    "Most players would stand here.\n",
    "The previous answer could not be read, so here it is again:",
    "Sorry about that. Here is the corrected answer:",
    "My last answer was not valid. Corrected:",
    "I apologize for the confusion. The answer in the right format is:",
    "Example of my thinking: 12 < 17.\n",
    "Note: an ace counts 11.\n",
    "Only one option remains:",
    "Neither card helps, so",
    "Unless the dealer busts I lose, so",
    "当前点数是12，应该要牌。",
    "Ich habe 12, also:",
    "J'ai 12, donc :",
    "Tengo 12, así que:",
    "My cards are not good.\n",
    "I do not have 21 yet,",
    "Current total: 12 (not 13).\n",
    "With a hand of 12 vs. 6:",
    "12 vs 6:",
    "Because my total could be improved,",
    "Nothing else to say:",
    "I could stand, but",
    "As the instructions say:",
    "The question asks for one JSON object:",
    "In the last hand I lost; now:",
    "Earlier I misread a card, but now it is clear:",
    "Once again:",
    "Should the ace count 11, I have 12, so",
    "Were it not for the dealer's ten I would stand, but",
    "I considered standing, and",
    "There is a sample in the prompt; mine is:",
)

BEHIND = (
    "",
    "\n",
    "\n\nExplanation: 12 is low, and however you look at it, hitting is not wrong.",
    "\n\nLet me know if you want more details!",
    "\n\nIs there anything else?",
    "\n(I hope this is right.)",
    "\n\nNote that standing would be wrong here.",
    "\nThis is not a guess.",
    "\n\nActually, basic strategy agrees with that.",
    "\nGood luck!",
    "\n\nOr do you want me to explain?",
    "\n\n**Why:** I might bust, but the dealer is strong.",
    "\nNo further explanation needed.",
    "\n\nIf the next card is a ten, I lose.",
    "\n\nIn case of doubt, stand at 17.",
    " That's my move.",
    " because 12 is low.",
    " is my action.",
    " would be best.",
)


@pytest.mark.parametrize("before", BEFORE)
def test_a_given_object_counts_whatever_else_is_said(before: str) -> None:
    for gap, end in ((" ", ""), ("\n", ""), ("\n```json\n", "\n```")):
        for behind in BEHIND:
            text = f'{before}{gap}{{"thoughts": "12 is low, maybe not enough", "action": "hit"}}{end}{behind}'

            verdict = find_parser("json").parse(text, VOCABULARIES["blackjack"])

            assert isinstance(verdict, Parsed), (text, verdict)
            assert verdict.action == "hit"
