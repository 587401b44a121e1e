"""From a place in the text to an action: the words that stand there, without quotes, emphasis or LaTeX around them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from vlm_gym.actions import NamedVocabulary, Vocabulary, normalise
from vlm_gym.parsers.base import Fault, Parsed, Unparsed, shorten
from vlm_gym.parsers.names import label_before

MAX_ACTION_LENGTH: Final = 300  # characters, with all that may be around the words
_MAX_LAYERS: Final = 8

_WRAPPERS: Final = (
    ("<|begin_of_box|>", "<|end_of_box|>"),
    *((f"<{tag}>", f"</{tag}>") for tag in ("b", "strong", "em", "i", "u", "code", "mark")),
    ('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("„", "“"), ("„", "”"), ("「", "」"), ("『", "』"), ("«", "»"),
    ("»", "«"), ("‹", "›"), ("<![CDATA[", "]]>"), ("```", "```"), ("`", "`"),
    ("**", "**"), ("__", "__"), ("*", "*"), ("_", "_"), ("[", "]"), ("{", "}"), ("(", ")"), ("<", ">"),
    ("$$", "$$"), ("$", "$"),
    ("\\(", "\\)"), ("\\[", "\\]"), ("\\boxed{", "}"), ("\\text{", "}"), ("\\textbf{", "}"), ("\\texttt{", "}"),
    ("\\mathrm{", "}"), ("\\mathbf{", "}"), ("\\operatorname{", "}"), ("\\mathtt{", "}"), ("\\mathsf{", "}"),
    *((f"\\begin{{{name}}}", f"\\end{{{name}}}") for name in ("equation", "equation*", "align", "align*")),
    ("\\textit{", "}"), ("\\textrm{", "}"), ("\\emph{", "}"), ('\\"', '\\"'), (">", ""),
)  # fmt: skip
_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
_LATEX_WORD: Final = re.compile(r"\\+[a-zA-Z]+")
_FINAL_MARKS: Final = ".,;!|。！；"
_QUOTES: Final = "\"'`“”‘’„「」『』«»‹›″"
_LIST_MARK: Final = re.compile(r"(?:\d{1,2}[.)]|\(?[A-Ea-e][.)]|[-*•·–→⇒▶]|[-=]>|\#{1,6})\s+(?=[^\W\d_])")
NOES: Final = frozenset("❌✗✘🚫👎⛔❎✖🙅")
"""Signs that say no to what they stand beside."""
_BECAUSE: Final = r"(?:because|since|as|given|due\ to|so\ that|in\ order\ to|which|using)\b"
_REMARK: Final = re.compile(
    rf"""\s*(?:
        [(（] (?P<aside> [^()（）]{{1,200}} ) [)）]
      | [,;，—–] \s* (?P<reason> {_BECAUSE} .{{1,250}} )
      | (?: \s[—–-]\s | [.!]\s+ | \s*\n\s*\n\s* | \s*\|\s* | \s(?://|\#|-{{2,3}})\s
        | \s*[,;]\s*(?=(?:reason|confidence|probability|thoughts?|explanation)\b) ) (?P<more> \S.{{1,250}} )
    )\Z""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_IS_REASON: Final = re.compile(rf"\s*{_BECAUSE}", re.IGNORECASE | re.VERBOSE)
_HEDGE: Final = re.compile(
    r"\b(?:but|or|not|instead|rather|alternatively|maybe|perhaps|unless|if|either|otherwise|though|although|however|"
    r"while|unsure|could|might|when|whenever|except|until|as long|provided|before|after|next|later|better)\b"
    r"|\b(?:once|only)\s(?:i|you|we|it|if|when|below|above|on|with)\b"
    r"|n['’]t\b|\?",
    re.IGNORECASE,
)
_JUDGEMENT: Final = re.compile(
    r"\b(?:no|never|none|wrong|incorrect|invalid|false|kidding|undecided|illegal|forbidden|rejected|refused|bad|worse|mistake|example|avoid|"
    r"then|wait|option|alternative|action|answer)\b",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"[^ .,;:!()|\[\]{}<>\"'`“”‘’„«»「」]+")
_PART_MARKS: Final = " \"'`“”‘’"

_LATEX_SIGNS: Final = {
    "\\times": "*", "\\cdot": "*", "\\ast": "*", "\\div": "/", "\\(": "(", "\\)": ")", "\\left(": "(", "\\right)": ")",
}  # fmt: skip
_ESCAPE: Final = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\(.)", re.DOTALL
)
_LATEX_MATH: Final = re.compile(r"\A\\[(\[](.+)\\[)\]]\Z")
_MARKDOWN: Final = re.compile(r"\\([^\w\s])")
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_OR: Final = re.compile(
    r"\s+(?:or|and|then|oder|ou|或|または)\s+|\s*[,;/|、，]\s*|\s*\n\s*(?:(?:\d{1,2}[.)]|[-*•])\s+)?", re.IGNORECASE
)


class Range(NamedTuple):
    """A half-open range of characters."""

    start: int
    end: int


class Reading(NamedTuple):
    """An action and where its words stand."""

    action: str
    span: Range


def judge(text: str, places: Sequence[Range], actions: Vocabulary) -> Parsed | Unparsed:
    """Read the places in which an answer gives its action: one or several, which must all say the same."""
    readings = _read_each(text, places, actions)
    verdict = _verdict(text, places[-1], readings, actions)
    unread = next((words for words, reading in readings.items() if reading is None), None)
    return verdict if unread is None or isinstance(verdict, Unparsed) else _fault_of(unread, actions)


def judge_last(text: str, places: Sequence[Range], actions: Vocabulary) -> Parsed | Unparsed:
    """Read the last of the places; an earlier one may be unreadable, but not name another action."""
    return _verdict(text, places[-1], _read_each(text, places, actions), actions)


def named_in(text: str, places: Iterable[Range], actions: Vocabulary) -> tuple[str, ...]:
    """Return the different actions that the places name."""
    return _named(_read_each(text, places, actions))


def ambiguous(named: Iterable[str]) -> Unparsed:
    """Return the fault of an answer that names several actions."""
    return Unparsed(Fault.AMBIGUOUS, shorten(", ".join(named)))


def read_range(text: str, place: Range, actions: Vocabulary) -> Reading | None:
    """Read the words of a place, taking off one layer of what is around them after the other."""
    start, end = place
    for _ in range(_MAX_LAYERS):
        start, end = _strip(text, start, end)
        if end - start > MAX_ACTION_LENGTH:
            return None
        words = text[start:end]
        action = _read(words, actions)
        if action is not None:
            return Reading(action, Range(start, end))
        left, right = _layer(words, actions)
        if not left and not right:
            return None
        start, end = start + left, end - right
    return None


def hedges(words: str) -> bool:
    """Whether words take back, doubt or condition what stands before them."""
    return bool(_HEDGE.search(words))


def unescape(written: str) -> str:
    """Resolve the escapes of a JSON string; what is none stays as it is."""
    return _ESCAPE.sub(_character, written) if "\\" in written else written


def _read_each(text: str, places: Iterable[Range], actions: Vocabulary) -> dict[str, Reading | None]:
    """Read the words of each place, once where they are the same; spans count from the words' own beginning."""
    different = dict.fromkeys(text[slice(*place)] for place in places)
    return {words: read_range(words, Range(0, len(words)), actions) for words in different}


def _named(readings: Mapping[str, Reading | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reading.action for reading in readings.values() if reading))


def _verdict(text: str, last: Range, readings: Mapping[str, Reading | None], actions: Vocabulary) -> Parsed | Unparsed:
    """Take the reading of the last place, unless another one names another action."""
    named = _named(readings)
    if len(named) > 1:
        return ambiguous(named)
    words = text[slice(*last)]
    reading = readings[words]
    if reading is None:
        return _fault_of(words, actions)
    return Parsed(reading.action, (last.start + reading.span.start, last.start + reading.span.end))


def _read(words: str, actions: Vocabulary) -> str | None:
    """Read words as they stand; if there are backslashes in them, as LaTeX or JSON meant them."""
    action = actions.read(words)
    if action is not None or "\\" not in words:
        return action
    unescaped = _LATEX_MATH.sub(r"\1", unescape(words))
    sign = _LATEX_SIGNS.get(words) or _LATEX_SIGNS.get(unescaped)
    return actions.read(sign or unescaped) or actions.read(_MARKDOWN.sub(r"\1", unescaped))


def _fault_of(words: str, actions: Vocabulary) -> Unparsed:
    """Tell several actions ("hit or stand") from words that are none."""
    listed = _LIST_MARK.sub("", words[:MAX_ACTION_LENGTH].strip(" \n[]"), count=1)
    parts = [part.strip(_PART_MARKS) for part in _OR.split(listed)]
    named = [actions.read(part) for part in parts]
    if len(set(named)) > 1 and None not in named:
        return ambiguous(filter(None, dict.fromkeys(named)))
    nearest = actions.nearest(words)
    return Unparsed(Fault.UNKNOWN_ACTION, shorten(words) + (f"; nearest: {', '.join(nearest)}" if nearest else ""))


def _strip(text: str, start: int, end: int) -> Range:
    words = text[start:end].lstrip()
    return Range(end - len(words), end - len(words) + len(words.rstrip()))


def _layer(words: str, actions: Vocabulary) -> tuple[int, int]:
    """Return how many characters the outermost layer around the words has on the left and on the right."""
    if words == "***":
        return 0, 0  # a rule across the page, no asterisk in italics
    for left, right in _WRAPPERS:
        if len(words) > len(left) + len(right) and words.startswith(left) and words.endswith(right):
            if right in ("}", "]", ")") and not _is_one_pair(words, len(left) - 1):
                continue
            return len(left), len(right)
    if len(words) < 2:
        return 0, 0
    if words[-1] in _FINAL_MARKS and not _is_factorial(words):
        return 0, 1
    if _is_decoration(words[-1]) or _closes_nothing(words):
        return 0, 1
    if _is_decoration(words[0]):
        return 1, 0
    label = label_before(words, actions.key) or _LIST_MARK.match(words)
    return (label.end(), 0) if label else (0, _length_of_remark(words, actions))


def _closes_nothing(words: str) -> bool:
    """Whether a bracket at the end was opened before the words; in a formula a parenthesis is never left off."""
    opening = {"}": "{", "]": "[", ")": "("}.get(words[-1])
    return opening is not None and opening not in words and (words[-1] != ")" or any(map(str.isalpha, words)))


def _is_decoration(char: str) -> bool:
    """Whether a character is a quote that lost its other half, an emoji, or without width."""
    is_sign = unicodedata.category(char) in ("So", "Cf", "Sk") or char in "\ufe0e\ufe0f"
    return char in _QUOTES or (is_sign and char not in NOES)


def _is_factorial(words: str) -> bool:
    """Whether the exclamation mark at the end belongs to a number: "4!", but not "go to cabinet 4!"."""
    return words[-1] in "!！" and not any(map(str.isalpha, _LATEX_WORD.sub("", words)))


def _is_one_pair(words: str, opening: int) -> bool:
    """Whether the bracket that opens here closes at the end, and nowhere before."""
    depth = 0
    for char in words[opening:-1]:
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth == 0:
            return False
    return True


def _length_of_remark(words: str, actions: Vocabulary) -> int:
    """Return how long a reason or an aside at the end is, if it neither hedges nor names another action."""
    remark = _REMARK.search(words)
    if remark is None or _HEDGE.search(remark[0]) or (remark[0][0] == "!" and not isinstance(actions, NamedVocabulary)):
        return 0
    if remark["aside"] and actions.read(remark["aside"]) == actions.read(words[: remark.start()]) is not None:
        return len(words) - remark.start()  # "plus (+)"
    if not any(map(str.isalpha, remark[0])):
        return 0
    reason = remark["reason"] or remark["aside"] or ""
    if _IS_REASON.match(reason) and not reason.lower().startswith(("which", "using")):
        return len(words) - remark.start()
    if _JUDGEMENT.search(remark[0]) or not NOES.isdisjoint(remark[0]):
        return 0
    head = read_range(words[: remark.start()], Range(0, remark.start()), actions)
    if head is None or _could_name_another(remark[0], head.action, actions):
        return 0
    return len(words) - remark.start()


def _could_name_another(remark: str, action: str, actions: Vocabulary) -> bool:
    if not isinstance(actions, NamedVocabulary):
        return bool(re.search(r"\d\s*[-+*/×÷−x]\s*\(?\d", remark))
    plain = f" {' '.join(_WORDS.findall(normalise(remark)))} "
    return any(f" {normalise(name)} " in plain for name in actions.names if name != action)


def _character(escape: re.Match[str]) -> str:
    high, low, code, char = escape.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    return chr(int(code, 16)) if code else _ESCAPED.get(char, char)
