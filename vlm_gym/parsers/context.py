"""What the prose around an object says of it: given, tried, refused, shown as a form, or taken back.

A careful reader goes by these words too. They are read for what they take away, never for what they add: an object that
prose seems to speak against does not count, and prose alone gives no action.
"""

import re
from typing import Final

_WINDOW: Final = 120  # characters of prose looked at on each side

_NOT_GIVEN: Final = re.compile(
    r"""(?:
        (?:\bnot|\bnever|\b(?:do|does|did|wo|would|should|could|ca|is)n['’]t)
            (?:\s(?:answer|answering|play|playing|say|choose|choosing|give|return|write|use|be|do|pick|select|output|reply))?
            (?:\s(?:with|the|an?|to))?
      | \b(?:instead\sof|rather\sthan|as\sopposed\sto|other\sthan|than|unlike|avoid|against|nor|versus|vs\.?)
      | \balternativ\w*\b[^.!?\n]{0,30}
      | \bexamples?\b[^.!?\n]{0,40} | \be\.?\s?g\. | \bfor\sinstance\b[^.!?\n]{0,20} | \bsuch\sas
      | \b(?:something|looks?)\slike
      | \b(?:format|form|template|schema|structure|syntax|pattern)
            \s(?:is|was|will\sbe|would\sbe|should\sbe|must\sbe|looks)(?:\slike|\sas\sfollows|\sthis|\sthe\sfollowing)?
      | \A\W{0,9}(?:(?:the|required|expected|answer|output|response)\s){0,2}(?:format|template|schema)
      | \b(?:maybe|perhaps|possibly|suppose|let['’]s\ssay|what\sabout|how\sabout|what\sif|might|could|may)
            (?:\s(?:also|then|answer|play|say|do|be|it\sbe|i|we|try|go\swith|give|choose|output|return|reply)){0,3}
      | \bshould\s(?:i|we)\s(?:\w+\s?){0,2}
      | \b(?:wrong|incorrect|invalid|bad|tempting)
            (?:\s(?:answer|move|action|choice|option|reply))?(?:\s(?:would\sbe|is))?
      | \b(?:first|earlier|previous|old|initial)\s(?:draft|thought|idea|guess|attempt|answer|choice)(?:\swas)?
      | \bdraft
    )[\s:：,(（"'“‘`*_-]{0,12}\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_REFUSED: Final = re.compile(
    r"""[\s"'”’`)）*_]{0,6}
    (?: [?？]
      | (?:would|could|might|may|can)\b
            (?!(?:\s\w+){0,4}\s(?:right|correct|best|my|good|better|ideal|optimal|wise|work|win|help)\b)
      | (?:would|could|might|can|is|was|does|do|wo)n['’]t\b
      | (?:is|was|will|does|did)\snot\b
      | (?:is|was|seems|looks|will\sbe)\s(?:(?:an?|the|too|very|quite|clearly|probably|just|only|also)\s){0,3}
        (?:wrong|mistake|mistaken|incorrect|bad|worse|worst|weak|risky|dangerous|invalid|illegal|impossible|tempting|foolish|silly
           |example|alternative|form|format|template|placeholder|unwise|suboptimal)\b
      | (?:busts|loses|fails|is\sout)\b
    )""",
    re.VERBOSE,  # in lower case: the sentence goes on
)
_CORRECTION: Final = re.compile(
    r"""\b(?:wait|no|nope|hmm+|hm|oops|sorry|actually|correction|corrected|scratch\sthat|hold\son|on\s(?:second\sthought|reflection)
        |reconsider\w*|re-?check\w*|double.?check\w*|re-?think\w*|mistake\w*|wrong|incorrect|instead|rather|revised?|updated?
        |change\smy\smind|better|but|however|let\sme\s(?:think|re\w+|look|see|count|correct)\b
        |final(?:ly\schoose)?|answer|decision|conclusion|conclude|therefore|thus|hence
        |i\s(?:choose|pick|select|decide|go\swith)|my\s(?:choice|move|action))\b
    | 等|不对|不，|nein|doch|attends|espera|いや""",
    re.IGNORECASE | re.VERBOSE,
)
_NEXT_STEP: Final = re.compile(
    r"\b(?:then|next|after(?:wards|\sthat)?|step\s?\d{0,2}|second(?:ly)?|third(?:ly)?|finally|later|followed\sby|once)\b[^.!?\n]{0,40}\Z",
    re.IGNORECASE,
)
_TAKEN_BACK: Final = re.compile(
    r"""(?:\A|[.!?…\n])[\s"'`*_)}\]-]{0,9}
    (?:(?:oh|hm+|uh|but|ah),?\s)?
    (?: (?:wait|no|nope|hold\son|hmm+|oops|sorry|scratch\sthat|correction)\b\s{0,2}(?:[,.!…—–:-]|\Z)
      | (?:actually|on\s(?:second\sthought|reflection)|let\sme\s(?:re\w+|double|think\sagain))\b
      | (?:that|this|it)(?:['’]s|\s(?:is|was|would\sbe))\s(?:wrong|incorrect|a\smistake|not\sright|not\smy))""",
    re.IGNORECASE | re.VERBOSE,
)
_BREAKS_OFF: Final = re.compile(
    r"\b(?:or|but|and|then|instead|instead\sof|rather|rather\sthan|not)\s*\Z", re.IGNORECASE
)
_GOES_ON: Final = re.compile(
    r"[\s,;.)]{0,9}(?:but|or|however|although|though|unless|alternatively|instead|wait|no|hmm)\b", re.IGNORECASE
)


def is_given(text: str, start: int, end: int) -> bool:
    """Whether the prose around text[start:end] leaves it an answer: neither refused, tried, nor shown as a form."""
    return not (_NOT_GIVEN.search(_words_before(text, start)) or _is_refused(text, end))


def is_corrected(between: str) -> bool:
    """Whether the prose between two objects makes the second one take the place of the first.

    Without such words, and with words that lead on to a next step, the two are a plan.
    """
    words = between[:_WINDOW] + between[-_WINDOW:] if len(between) > 2 * _WINDOW else between
    return bool(_CORRECTION.search(words)) and not _NEXT_STEP.search(words.rstrip(" \n:`jsonJSON"))


def is_taken_back(behind: str) -> bool:
    """Whether the prose behind an answer takes it back."""
    return bool(_TAKEN_BACK.search(behind))


def breaks_off(behind: str) -> bool:
    """Whether the text ends behind an answer where another one was about to come."""
    return bool(_BREAKS_OFF.search(behind[-_WINDOW:]))


def goes_on(behind: str) -> bool:
    """Whether the prose behind an answer begins with words after which another may come."""
    return bool(_GOES_ON.match(behind))


def _words_before(text: str, start: int) -> str:
    """Return the line that leads to a place, or the line before it if that one ends in a colon; no fence."""
    words = text[max(0, start - _WINDOW) : start]
    line = words[words.rfind("\n") + 1 :]
    if line.strip(" \t\"'`*_-([{（“‘>"):
        return line
    above = words[: len(words) - len(line)].rstrip()
    if above.rsplit("\n", 1)[-1].lstrip().startswith("```"):
        above = above[: above.rfind("```")].rstrip()
    return above.rsplit("\n", 1)[-1] if above.endswith((":", "：")) else ""


def _is_refused(text: str, end: int) -> bool:
    return bool(_REFUSED.match(text[end : end + _WINDOW].split("\n", 1)[0]))
