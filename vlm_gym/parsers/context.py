"""What the prose around a place says of it: given, tried, refused, shown as a form, or taken back.

A careful reader goes by these words too. They are read for what they take away, never for what they add: a place that
prose seems to speak against does not count, and prose alone gives no action. Of two places that say different things
the later one counts only if words right before it say so; else the two are a plan, or nobody knows.
"""

import re
from typing import Final

_WINDOW: Final = 160  # characters of prose looked at on each side
_LONGEST_COMMENT: Final = 2000

_NOUN: Final = (
    r"(?:answer|move|action|choice|option|reply|response|decision|draft|attempt|guess|idea|thought|output|object)"
)
_SAY: Final = (
    r"(?:answer(?:ing)?|play(?:ing)?|say|choos(?:e|ing)|give|return|write|use|be|do|pick|select|output|reply|call|try)"
)
_BAD: Final = (
    r"(?:wrong|incorrect|invalid|worse|worst|losing|rejected|refused|discarded|excluded|former|tempting|naive|hypothetical"
    r"|other|previous|earlier|old|initial|sample|bad|risky|mistaken|faulty|(?:dealer|opponent|player|beginner|amateur|gambler|friend|neighbou?r|someone|somebody)['’]s)"
)
_ENDS: Final = r"[\s:：,(（\"'“‘`*_~-]{0,12}\Z"

_NOT_GIVEN: Final = re.compile(
    rf"""(?:
        (?:\b(?:not|never|cannot)|\w+n['’]t)(?:\s(?:going|able|want|wish|meant)\sto)?
            (?:\s{_SAY})?(?:\s(?:with|the|an?|my|your|to)){{0,2}}(?:\s{_NOUN})?
      | \b(?:refuse|unable|decline|hesitate|forbidden|impossible)\sto\s\w+
      | \b(?:reject|rule\sout|discard|dismiss|exclude|anything\sbut|except(?:\sfor)?|(?<!no\s)doubt(?:\sthat)?
           |instead\sof|rather\sthan
           |as\sopposed\sto|(?<!do\sbetter\s)than|unlike|avoid|against|nor|versus|vs\.?)
      | \b(?:nobody|no\sone)\sshould\s(?:n[o']t\s)?\w+
      | (?<!no\s)\balternative(?:ly|\s{_NOUN})?(?:\s(?:is|would\sbe|could\sbe))?
      | \brejected | \bfallback
      | \b(?:an?|common|the|my|another)\s(?:mistake|error)(?:\shere)?(?:\s(?:is|was|would\sbe|could\sbe))?
      | \b(?:wrong|mistake|bad|foolish|silly|idea|tempting|risky|error)\sto\s\w+
      | (?<!same\sas\smy\s)\b{_BAD}\s{_NOUN}(?:\shere|\sabove)?(?:\s(?:is|was|would\sbe|could\sbe)(?:\sto\s\w+)?)?
      | \b(?:first|last)\s(?:draft|thought|idea|guess|attempt)(?:\swas)?
      | \bdraft | \b(?:rejected|wrong|incorrect|invalid|discarded)(?=[\s:：(]*\Z)
      | \b(?:an?|for|the|this|another|sample|your|my)\sexample(?:\s(?:of|{_NOUN}|would\sbe|is|was|could\sbe)){{0,3}}
      | \b(?:an?|the|this)\s(?:sample|placeholder|dummy|demonstration) | \bopposite\sof
      | (?<!as\sthe\s)\b(?:prompt|instructions?|question|user|task|system)\s
            (?:contains?|says?|said|shows?|reads?|mentions?|lists?|gives?)
      | \b(?:i|we)\s(?:(?:also|first|briefly)\s)?(?:considered|thought\sof|was\sthinking\sof|discarded|rejected)
      | \bexamples?(?=\s*[:：]?\s*\Z)
      | \be\.?\s?g\.? | \bfor\sinstance | \bsuch\sas | \b(?:something|looks?)\slike(?:\sthis)?
      | \bhave\sthe\s(?:form|format|shape)
      | (?<!in\sthe\sright\s)(?<!in\sthe\srequested\s)(?<!in\sthe\srequired\s)(?<!in\sthe\scorrect\s)
            \b(?:format|form|template|schema|structure|syntax|pattern)
            \s(?:is|was|will\sbe|would\sbe|should\sbe|must\sbe|looks)(?:\slike|\sas\sfollows|\sthis|\sthe\sfollowing)?
      | \A\W{{0,9}}(?:(?:the|required|expected|answer|output|response)\s){{0,2}}(?:format|template|schema)
      | \b(?:suppose|supposing|imagine|pretend)(?:\s\w+){{0,3}}
      | \b(?:maybe|perhaps|possibly|let['’]s\ssay|what\sabout|how\sabout|what\sif|might|could|may|either)
            (?:\s(?:also|then|it\sbe|i|we|try|go\swith|{_SAY})){{0,3}}
      | \bshould\s(?:i|we)(?:\s\w+){{0,2}}
      | [❌👎🚫✗✘] | (?:\A|(?<=\s))(?://|/\*)
      | \b(?:under\sno\scircumstances|no\ssense\sto\s\w+|not\ssure\sthat|illustration|illustrate\sthe\s\w+
           |hypothetically|wrongly\s\w+|in\sparticular)
      | (?:das\sformat\sist|z\.\s?b\.|например|не|たとえば|例えば)
      | (?:例如|比如|比方说|格式是|不是|不会选择|不选|不要|也许|可能)
      | \b(?:zum\sbeispiel|nicht|kein|vielleicht|statt|peut-être|par\sexemple|pas|quizás|por\sejemplo|en\svez\sde)
    ){_ENDS}""",
    re.IGNORECASE | re.VERBOSE,
)
_IN_CASE: Final = re.compile(  # the sentence that leads there sets a condition, or tells of somebody else
    r"""\A\W{0,9}(?:if|unless|in\scase|when(?:ever)?\s(?:the\stotal|i\shave|my\stotal)
            |(?:had|were|should)\s(?:i|it|he|she|we|they|there|the|my|this|that)
            |(?:in\sthe\s)?(?:last|previous)\s(?:turn|round|time|step|hand)|previously|earlier
            |provided|as\s(?:long|soon)\sas|once(?!\s(?:again|more))|until|only\s(?:if|when))\b
            (?!.*\b(?:so|therefore|thus|hence|but|now)\b)
      | \b(?:player|people|person|others?|someone|somebody|beginners?|dealer|opponent|gambler|friend)\b
            [^.!?\n]{0,30}\bwould\b(?!.*\b(?:so|therefore|but)\b)
      | \b(?:others|someone|somebody|beginners?|dealer|opponents?|gamblers?|friend|neighbou?r|(?:an)?other\splayers?)
            \s(?:says?|said|thinks?|thought|answers?|answered|plays?|played|chooses?|chose|suggests?|wants?)\W*\Z
      | \b(?:is|are|which|what)\b[^.!?\n]{0,30}\b(?:better|best|right)\b,?\s\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_REFUSED: Final = re.compile(
    r"""[\s"'”’`)）*_]{0,6}
    (?: [?？❌👎🚫✗✘⛔]
      | ,?\s?(?:but\s)?(?:only\s)?(?:if|unless|in\scase|provided|as\slong\sas|when(?:ever)?\s(?:the|i|my|it|below))\b
      | [(（]\s?(?:wrong|rejected|incorrect|invalid|bad|forbidden|example|for\sexample)\b
      | (?::|<-|//|\#)\s(?:no|wrong|bad|TODO)\b | makes\sno\ssense
      | [^.!?\n]{0,40}\bdecided\sagainst\b | was\b[^.!?\n]{0,40}\b(?:last|previous|earlier|before)\b
      | (?:would|could|might|may)\b
            (?!(?:\s\w+){0,4}\s(?:right|correct|best|my|good|better|ideal|optimal|wise|work|win|help|clearer|answer)\b)
      | (?:would|could|might|can|is|was|does|do|wo)n['’]t\b
      | (?:is|was|will|does|did)\snot\b
      | ,?\s(?:busts|loses|fails|is\sout)\b
      | (?:is|was|seems|looks|will\sbe)\s(?:(?:an?|the|too|very|quite|clearly|probably|just|only|also)\s){0,3}
        (?:wrong|mistake|mistaken|incorrect|bad|worse|worst|weak|risky|dangerous|invalid|illegal|impossible|tempting|foolish|silly
           |example|alternative|form|format|template|placeholder|unwise|suboptimal)\b(?!,?\sbut)
      | [a-z][^.!?\n]{0,60}\?
    )""",
    re.VERBOSE,  # in lower case: the sentence goes on
)
_TAKES_BACK: Final = r"""(?:(?:oh|hm+|uh|but|ah|no|and|sorry|apologies),?\s)?
    (?: (?:wait|nope|hold\son|oops|correction|edit|whoops|等等|不对|warte|nein|espera|attends)\b
            \s{0,2}(?:[,.!…—–:，。-]|\Z|no\b)
      | wrong\s?[!.,]
      | hmm+\s{0,2}[,…—–-] | 等等|不对
      | no\b\s{0,2}(?:[,!…—–:-]|\.(?!\s?(?:of|\d))|\Z|\swait)
      | (?:scratch|scrap|strike|cancel|ignore|forget|disregard)
            \s(?:that|this|the\sabove|it|my\s(?:last|previous|first))\b
      | never\s?mind\b | i\smade\san?\s(?:error|mistake)\b
      | sorry,\s(?:i\smeant?|no|that|wrong|bad|my\smistake|correction) | my\s(?:bad|mistake)\b
      | actually\s{0,2}(?:no\b|\Z
            |[,:—–-](?![^.!?\n]{0,60}\b(?:best|right|correct|agrees?|recommends?|suggests?|good|fine)\b))
      | on\s(?:second\sthoughts?|reflection)\b(?![^.!?\n]{0,60}\b(?:best|right|correct|keep|stay|still|good)\b)
      | let\sme\s(?:reconsider|rethink|recheck|re-?evaluate|recount|redo|double.?check|think\sagain|correct|revise
            |start\sover)\b
      | i\s(?:meant?|take\s(?:that|it)\sback|changed?\smy\smind|was\swrong|made\sa\smistake)\b
      | (?:that|this|it|the\sabove|(?:this|that|my)\sanswer(?:\sabove)?)(?:['’]s|\s(?:is|was|would\sbe))\s
        (?:wrong(?!\sto)|incorrect|a\smistake|not\s(?:right|correct)|not\smy\s(?:answer|choice|move|action|decision)))"""
_TAKEN_BACK: Final = re.compile(
    rf"""(?:\A|[.!?…。\n])[\s"'`*_)}}\]-]{{0,9}}{_TAKES_BACK} | \binstead\s?[.!]?\s?\Z""", re.IGNORECASE | re.VERBOSE
)
_DECIDED: Final = re.compile(  # all that stands between the last sentence and the place
    rf"""[^\w]*(?:(?:so|therefore|thus|hence|finally|and),?\s)?
    (?: (?:(?:my|the|our|here\sis\smy|here\sis\sthe)\s)?(?:(?:final|corrected|revised|updated|new|real|actual)\s)?
        (?:answer|decision|choice|response|conclusion|verdict|final)(?:\s(?:is|will\sbe))?
      | (?:corrected|revised|updated)(?:\s{_NOUN})? | final\s(?:answer|decision|choice|response|verdict)
      | i\s(?:choose|pick|select|decide\son|go\swith|settle\son|meant|mean) | edit | correction | mine
    )[\s:：*_`"'(\[-]*""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_DECISION: Final = re.compile(
    r"\b(?:if|unless|had|were|would|when|once|after|next|then|following|later|not|step|turn)\b", re.IGNORECASE
)
_OTHERS_SPEAK: Final = re.compile(
    r"^\W{0,6}(?:observation|environment|env|result|feedback|system|tool|game)\s?:|<(?:function_results?|tool_response|observation)",
    re.IGNORECASE | re.MULTILINE,
)
_STRUCK_OUT: Final = (("<!--", "-->"), ("<del>", "</del>"), ("<strike>", "</strike>"), ("<s>", "</s>"))
_STRIKE: Final = re.compile(r"(?<!~)~~(?!~)")
_FENCE_OF_THOUGHTS: Final = re.compile(r"```\s?(?:think|thought|reason|analysis|scratch|draft)\w*\s", re.IGNORECASE)
_FENCES: Final = re.compile(r"```\w{0,9}|</?\w{1,20}>")
_BREAKS_OFF: Final = re.compile(
    r"""\b(?:or|but|and|then|instead(?:\sof)?|rather(?:\sthan)?|not|however|alternatively|otherwise
            |(?:or|but)\s(?:maybe|perhaps))[\s,:]*\Z
      | \b(?:or|but),?\s(?:if|as|in|for)\s*\Z | \bvs\.?\s*\Z | (?:\A|\n)```\w+\s*\Z | \b\w{1,20}\([^()\n]{0,80}\Z
      | (?:\A|\n)\s*\d{1,2}[.)]\s*\Z | (?:\A|\n)(?!Observation)[^\n:]{1,40}:\s*\Z
      | <(?:tool_call|function|answer|action|invoke)\b(?![|｜]>)[^<>]{0,40}>?\s*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_GOES_ON: Final = re.compile(
    r"[\s,;.)]{0,9}(?:but|or|however|although|though|unless|alternatively|instead|wait|no|hmm|on\ssecond)\b",
    re.IGNORECASE,
)


def is_given(text: str, start: int, end: int) -> bool:
    """Whether the prose around text[start:end] leaves it an answer: neither refused, tried, nor shown as a form."""
    words = _words_before(text, start)
    if _NOT_GIVEN.search(words) or _IN_CASE.search(re.split(r"[.!?]\s|\n", words)[-1]):
        return False
    return not _REFUSED.match(text[end : end + _WINDOW].split("\n", 1)[0])


def is_put_apart(text: str, start: int) -> bool:
    """Whether what begins at `start` stands in a comment, in words that are struck out, or in a fence for thoughts."""
    before = text[max(0, start - _LONGEST_COMMENT) : start]
    if any(before.rfind(opening) > before.rfind(closing) for opening, closing in _STRUCK_OUT):
        return True
    if "```" in before and _FENCE_OF_THOUGHTS.search(before[before.rfind("```") :]):
        return True
    return len(_STRIKE.findall(before[-_WINDOW:].rsplit("\n\n", 1)[-1])) % 2 == 1


def is_corrected(between: str) -> bool:
    """Whether the prose between two objects makes the second one take the place of the first.

    Either a sentence takes the first one back, or words right before the second one call it the decision. Without such
    words the two are a plan.
    """
    if _OTHERS_SPEAK.search(between[: 2 * _WINDOW]):
        return False
    prose = _FENCES.sub(" ", between[:_WINDOW] + between[-_WINDOW:] if len(between) > 2 * _WINDOW else between)
    if _TAKEN_BACK.search(prose.rstrip(" \n:`\"'")):
        return True
    sentence = re.split(r"[.!?]\s|\n(?=.*\S)", prose.rstrip())[-1]
    return bool(_DECIDED.fullmatch(sentence.rsplit(",")[-1])) and not _NO_DECISION.search(sentence)


def is_taken_back(behind: str) -> bool:
    """Whether the prose behind an answer takes it back."""
    return bool(_TAKEN_BACK.search(behind))


def breaks_off(behind: str) -> bool:
    """Whether the text ends behind an answer where another one was about to come."""
    return bool(_BREAKS_OFF.search(behind[-_WINDOW:]))


def goes_on(behind: str) -> bool:
    """Whether the prose behind an answer begins with words after which another may come."""
    return bool(_GOES_ON.match(behind))


def words_before(text: str, start: int) -> str:
    """Return the words on the line of a place before it, as far as they are looked at."""
    words = text[max(0, start - _WINDOW) : start]
    return words[words.rfind("\n") + 1 :]


def _words_before(text: str, start: int) -> str:
    """Return the line that leads to a place, or the line before it if that one ends in a colon; no fence."""
    line = words_before(text, start)
    if line.strip(" \t\"'`*_-([{（“‘>"):
        return line
    above = text[max(0, start - _WINDOW) : start - len(line)].rstrip()
    if above.rsplit("\n", 1)[-1].lstrip().startswith("```"):
        above = above[: above.rfind("```")].rstrip()
    return above.rsplit("\n", 1)[-1] if above.endswith((":", "：")) else ""
