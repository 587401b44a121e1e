"""The names and words by which servers tell what is wrong, put together from their documentation and their code.

Names are compared without case and punctuation. Words are the last resort, for servers that name nothing.
"""

import re
from collections.abc import Mapping
from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MONEY_NAMES: Final = _names("insufficientquota billingnotactive billingerror enforcedspendlimitreached")
MODEL_NAMES: Final = _names("modelnotfound modelnotfounderror nosuchmodel unknownmodel")
PARAMETER_NAMES: Final = _names("unsupportedparameter unsupportedvalue")
CONTEXT_NAMES: Final = _names(
    "contextlengthexceeded exceedcontextsizeerror contextwindowexceedederror tokenlimitexceeded "
    "stringabovemaxlength stringtoolong requesttoolarge contextoverflow"
)
FILTER_NAMES: Final = _names(
    "contentfilter contentfiltered contentpolicyviolation contentpolicyviolationerror responsibleaipolicyviolation "
    "moderationblocked contentmoderation contentblocked flaggedinput datainspectionfailed invalidprompt "
    "promptblocked guardrailintervened prohibitedcontent"
)

STATUS_OF: Final[Mapping[str, int]] = {
    **dict.fromkeys(("authenticationerror", "unauthenticated", "unauthorized", "invalidapikey"), 401),
    **dict.fromkeys(("permissionerror", "permissiondenied", "forbidden"), 403),
    **dict.fromkeys(("notfounderror", "notfound", *MODEL_NAMES), 404),
    **dict.fromkeys(("ratelimiterror", "ratelimitexceeded", "resourceexhausted", "toomanyrequests"), 429),
    **dict.fromkeys(("invalidargument", "invalidrequesterror", "badrequesterror", "badrequest"), 400),
    **dict.fromkeys((*CONTEXT_NAMES, *FILTER_NAMES, *PARAMETER_NAMES), 400),
    **dict.fromkeys(MONEY_NAMES, 402),
}
"""The status for which a name stands in a reply with status 200; an error with a name not listed may pass."""


def _any_of(*patterns: str) -> "re.Pattern[str]":
    return re.compile("|".join(patterns), re.IGNORECASE)


CONTEXT_WORDS: Final = _any_of(
    r"context[ _]?(length|window|size)",
    r"max_model_len|maximum model length",
    r"(prompt|input|messages?) (is|are) too long",
    r"too many (input )?tokens",
    r"input (length|token)",
    r"tokens? \+ `?max_new_tokens",
    r"reduce the length",
    r"request too large",
    r"longer than the (maximum|model)",
    r"exceeds? .{0,40}tokens? limit",
    r"maximum (allowed )?(number of )?(input )?tokens",
)
RATE_WORDS: Final = _any_of(r"request too large", r"tokens must be reduced")
OUTPUT_WORDS: Final = _any_of(
    r"at most \d+ (completion|output)",
    r"max_(completion_)?tokens\W{0,3}( is)? too (large|high|big)",
    r"max_(completion_)?tokens\W{0,3} must be",
    r"(allowed number of|maximum) (output|completion) tokens",
)
"""Of a token limit of the answer that is beyond what the model writes, which some tell in words like the above."""

FILTER_WORDS: Final = _any_of(
    r"content[ _-]?(management )?(filter|polic)",
    r"(input|prompt|content|request|message|image)s? .{0,40}(flagged|moderat)",
    r"requires moderation",
    r"usage polic(y|ies)",
    r"responsible ai",
    r"safety (system|filter|setting|check)",
    r"(prohibited|inappropriate|unsafe) content",
    r"guardrail",
)
PICTURE_WORDS: Final = _any_of(
    r"(image|picture|vision|multi-?modal).{0,40}(not|n't) .{0,15}(supported|available|allowed|enabled|permitted)",
    r"(image|picture|vision|multi-?modal).{0,20}(is|are) (unsupported|only supported)",
    r"not a (multi-?modal|vision)",
    r"(not|n't) (currently )?(support|accept|have|handle|process)\w* .{0,30}(image|picture|vision|multi-?modal)",
    r"found that support image",
    r"missing data required for image",
    r"unknown variant \W?image",
    r"(unknown|unsupported|invalid) .{0,20}type\W+image_url",
    r"content must be a string",
)
NUM_PICTURES_WORDS: Final = _any_of(r"at most \d+ (image|picture)", r"too many (image|picture)")
MONEY_WORDS: Final = _any_of(r"credit balance", r"insufficient (balance|credit|funds|quota)")
NO_MODEL_WORDS: Final = _any_of(
    r"model.{0,200}(not found|not exist|not a valid model)", r"(unknown|no such|not a valid|invalid) model"
)

HINTS: Final = (
    ("max_completion_tokens", "Try --max-tokens-field max_completion_tokens"),
    ("max_tokens", "--max-tokens N asks for fewer tokens, --max-tokens 0 leaves the limit to the server"),
    ("temperature", "Leave out --temperature, or give a value that the model takes"),
    ("top_p", "Leave out --top-p"),
    ("seed", "Leave out --sampling-seed"),
    ("system", "Leave out --system"),
)
"""What helps against a request that is not taken, by a word of the reason; the first one counts."""
