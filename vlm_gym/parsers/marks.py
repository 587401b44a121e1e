"""What chat templates leave in a text: marks of thinking, of channels, and of the end of a turn.

Marks come in families, and new models bring new members, so they are told by what they name and not by a list:

    <think>  <reasoning effort="high">  <|begin_of_thought|>  [THINK]  ◁think▷  <<thinking>>      thinking
    <|channel|>analysis<|message|>  <|channel>thought                                             a channel of it
    <|im_end|>  <|eot_id|>  </s>  <end_of_turn>  <｜end▁of▁sentence｜>  [INST]                     the turn's end

Only what the player itself says last is an answer: not its thinking, and not what it makes up for others to say next.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal, NamedTuple

MAX_DEPTH: Final = 32  # of thinking within thinking; deeper than that nobody comes out again
MARK: Final = re.compile(
    r"""
    (?P<open> (?P<double> << (?=[^<>]{0,60}>>) ) | [<\[◁⟨⟦【‹] ) \s{0,9} (?P<bar> [|｜]? ) \s{0,9} (?P<slash> /? )
    \s{0,9} (?P<name> [^\W\d_][\w:.▁-]{0,40} ) (?P<attributes> \s [^<>\[\]◁▷⟩⟧】›|｜]{0,200} )??
    \s{0,9} (?P<last_bar> [|｜]? ) \s{0,9} (?P<close> (?(double) >> | > ) | \](?!\() | [▷⟩⟧】›] )
    """,
    re.VERBOSE,
)
_THINKING: Final = re.compile(
    r"(?!no)\w*(?:think|thought|reasoning|analys|analyz|scratchpad|deliberat|cognit|reflect|contemplat|ponder|brainstorm"
    r"|introspect)\w*|(?:re|pre)?plan(?:s|n(?:ing|er))?|consider(?:ing|ations?)?|musings?|scratch|reasons?|rationale"
    r"|monologue|internal|cot|思考|推理|分析|思维|思路|规划|反思"
)
_BEGINNINGS: Final = frozenset({"begin", "begins", "start", "starts", "open"})
_ENDS: Final = frozenset({"end", "ends", "ended", "stop", "close", "closed", "done", "finish", "finished", "over"})
_DENIALS: Final = frozenset({"no", "not", "non", "without", "skip", "disable"})
_SMALL_WORDS: Final = frozenset({"of", "the", "my", "is", "a", "process", "mode", "block", "section", "step", "steps"})
_NAMED: Final = re.compile(r"\b(?:type|name|kind|channel|role|class|id)\s*=\s*[\"']?\s*(?P<value>[\w -]{1,40})")
_TURN: Final = re.compile(
    r"(?:im|turn|role)_(?:end|start)|(?:end|start)_?of_?(?:the_)?(?:turn|text|sentence|sequence|utterance|message"
    r"|prompt|document|file|response|conversation)s?(?:_token)?|(?:end|start)_header_id|e(?:os|ot|om|oa|oh|od)(?:_id)?"
    r"|(?:end|start)_(?:turn|text|user|human|system)|end|stop|return|call|user|human|system|assistant|observation|turn",
)
_BEGIN_TAGS: Final = frozenset({"s", "bos", "begin_of_text"})
_TURN_TAGS: Final = re.compile(r"user|human|e(?:os|ot|om|oa|oh)|(?:end|start)_of_(?:turn|utterance|text|message)")
_OTHER_ROLE: Final = re.compile(r"\s*(?:user|system|developer|tool|human|functions)\b")
_ROLE: Final = re.compile(r"[ \t]*(?:assistant|model|bot)\b[ \t]*:?")
_MESSAGE: Final = re.compile(r"[^<\n]{0,200}(?:<[|｜]constrain[|｜]>[^<\n]{0,40})?<[|｜]message[|｜]>")
_BARE_ANALYSIS: Final = re.compile(r"\s*(?:(?:assistant)?analysis(?=[^\W_a-z])|Thinking\.\.\.[ ]*\n)")
"""Thinking without marks: harmony's channel when its tokens were dropped, and the words of a command line."""
_BARE_FINAL: Final = re.compile(
    r"assistant\s?(?:final|commentary\s?to=\S{1,40}\s?(?:json|code)?)(?=[^\W_a-z]|[^\w\s]|\s)|\.\.\.\s?done thinking\.?"
)
_CHANNELS: Final = ("channel", "turn")  # what the end of a message ends
_OPENINGS: Final = frozenset("<[◁⟨⟦【‹")
_UNUSED: Final = re.compile(r"unused\d+")  # MedGemma's marks of thinking
_PAIRS: Final = ("<>", "[]", "◁▷", "⟨⟩", "⟦⟧", "【】", "‹›")
_ANSWER_LABEL: Final = re.compile(
    r"(?:final[_ ])?(?:answer|action|decision|response|move|formula|output|result)", re.IGNORECASE
)
_THINKING_ROLE: Final = re.compile(r"\s*(?:think|thinking|thought|reasoning|analysis)\b")
_QUOTES: Final = "\"'`“”‘’「」«»"

Kind = Literal["thinking", "label", "channel", "start", "begin", "turn"]


class Apart(NamedTuple):
    """A text in which everything that is not an answer is set apart.

    Attributes:
        answer: The text with marks and thinking blanked out, so that every position in it is a position in the text; it
            ends with the player's first turn.
        blocks: The blocks of thinking.
        is_open: Whether thinking is still going on where the text or the turn ends.
        has_ended: Whether a mark says that the turn is over.
    """

    answer: str
    blocks: tuple[str, ...]
    is_open: bool
    has_ended: bool


class _Block(NamedTuple):
    """Thinking that goes on: the name that must close it, where its mark starts and where its words start."""

    name: str
    start: int
    words: int


def set_apart(text: str) -> Apart:
    """Blank out thinking and marks, and leave off what stands behind the player's turn.

    A mark that closes closes the innermost thinking of its name, and all within. One that closes nothing ends a block
    that began with the text: chat templates put the opening mark into the prompt. A mark in quotes is only mentioned.
    """
    reader = _Reader(text)
    has_marks = not _OPENINGS.isdisjoint(text)
    bare = _BARE_ANALYSIS.match(text)
    if bare:
        reader.open("final", bare.start(), bare.end())
        final = _BARE_FINAL.search(text, bare.end())
        if final:
            reader.close("final", final.start(), final.end())
    for mark in MARK.finditer(text, reader.position) if has_marks else ():
        if mark.start() < reader.position:
            continue  # within a mark of several parts
        kind = _kind_of(mark) or reader.closes(mark)
        if kind == "thinking" and mark["open"] == "[" and not _stands_alone(text, mark, is_open=bool(reader.stack)):
            continue
        if kind and not _is_quoted(text, mark) and not reader.take(kind, mark):
            break
    return reader.result()


def marks_in(text: str) -> list[tuple[int, int]]:
    """Return where marks stand in a text, so that a writer can escape them."""
    return [mark.span() for mark in MARK.finditer(text) if _kind_of(mark)]


def blank_out(text: str, ranges: Iterable[tuple[int, int]]) -> str:
    """Return `text` with spaces over `ranges`, which are in order and apart."""
    pieces: list[str] = []
    done = 0
    for start, end in ranges:
        pieces += (text[done:start], " " * (end - start))
        done = end
    return "".join((*pieces, text[done:]))


class _Reader:
    """Goes from mark to mark. `position` is where the text goes on; `has_spoken` says whether words stood before it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.end = len(text)
        self.has_spoken = False
        self.has_ended = False
        self.is_struck = False
        self.is_endless = False
        self.prompt_start: int | None = None
        self.stack: list[_Block] = []
        self.blanks: list[tuple[int, int]] = []
        self.blocks: list[tuple[int, int]] = []

    def take(self, kind: Kind, mark: re.Match[str]) -> bool:
        """Take a mark; return False where the player's turn ends."""
        start, end = mark.span()
        if kind == "thinking":
            name = _thinking_name(mark) or " ".join(_words_of(mark["name"]))
            is_closing = mark["slash"] or _ENDS.intersection(_all_words(mark))
            (self.close if is_closing else self.open)(name, start, end)
            return True
        is_in_channel = self._is_in_channel(mark)
        if kind == "label":
            self.close(self.stack[-1].name, start, start)
            return True
        if kind == "channel":
            self._take_channel(mark)
            return True
        if kind == "begin":
            self._take_begin(mark)
            return True
        if kind == "turn" and not is_in_channel:
            return self._take_turn(mark)
        if is_in_channel:
            self.close(self.stack[-1].name, start, start)
            if _plain_name(mark["name"]) in ("return", "call"):
                return self._stop(start)
        self._speak(start)
        if self.has_spoken and _OTHER_ROLE.match(self.text, end):
            return self._stop(start)
        self._blank(start, self._behind_role(end))
        return True

    def _is_in_channel(self, mark: re.Match[str]) -> bool:
        """Whether a mark may end a message of thinking, and not only the turn."""
        if not self.stack:
            return False
        block = self.stack[-1]
        has_bar = self.text[block.start + 1 : block.start + 2] in ("|", "｜")
        return block.name in _CHANNELS or (has_bar and _plain_name(mark["name"]) == "end")

    def open(self, name: str, start: int, end: int) -> None:
        if not self.stack:
            self._speak(start)
        self.position = end
        if len(self.stack) >= MAX_DEPTH:
            self.is_endless = True
            return
        inner = self.stack[-1] if self.stack else None
        is_repeated = inner and inner.name == name and not self.text[inner.words : start].strip()
        if not is_repeated:
            self.stack.append(_Block(name, start, end))

    def closes(self, mark: re.Match[str]) -> Kind | None:
        """Say that a mark without a kind of its own closes what was opened by its attributes."""
        if not self.stack:
            return None
        name = " ".join(_words_of(mark["name"]))
        is_label = (
            mark["open"] == "[" and self.text[self.stack[-1].start] == "[" and _ANSWER_LABEL.fullmatch(mark["name"])
        )
        is_closing = mark["slash"] and any(block.name == name for block in self.stack)
        return "label" if is_label else "thinking" if is_closing else None

    def close(self, name: str, start: int, end: int) -> None:
        depth = next((i for i in range(len(self.stack) - 1, -1, -1) if self.stack[i].name == name), len(self.stack) - 1)
        if not self.stack:
            self.blocks = [(0, start)]
            self.blanks = [(0, end)]
            self.has_spoken = False
        elif depth == 0:
            block = self.stack[0]
            self.blocks.append((block.words, start))
            self.blanks.append((block.start, end))
        del self.stack[max(depth, 0) :]
        self.position = end

    def result(self) -> Apart:
        answer = blank_out(self.text, self.blanks)[: self.end]
        blocks = tuple(self.text[start:end] for start, end in self.blocks)
        return Apart(answer, blocks, bool(self.stack) or self.is_endless, self.has_ended)

    def _take_channel(self, mark: re.Match[str]) -> None:
        if self.stack and self.stack[-1].name == "channel":
            self.close("channel", mark.start(), mark.start())
        if _UNUSED.fullmatch(_plain_name(mark["name"])):
            role = _THINKING_ROLE.match(self.text, mark.end())
            if role:
                self.open("channel", mark.start(), role.end())
            return
        message = _MESSAGE.match(self.text, mark.end())
        head = self.text[mark.end() : message.end()] if message else self.text[mark.end() : mark.end() + 40]
        words = head.split()
        name = _plain_name(words[0].partition("<")[0]) if words else ""
        end = message.end() if message else mark.end()
        if mark["last_bar"] and not mark["bar"]:
            self._blank(mark.start(), mark.end())  # <channel|>: what follows is the answer
        elif name == "final" or " to=" in head or self.stack:
            self._blank(mark.start(), end if message else mark.end() + len(name))
        elif name == "commentary" or _names_thinking((name,)):
            self.open("channel", mark.start(), end if message else self.text.index(words[0], mark.end()) + len(name))
        else:
            self._blank(mark.start(), end)

    def _take_begin(self, mark: re.Match[str]) -> None:
        """Blank out a mark of the beginning; one further on is a tag of its own, such as <s> for words struck out."""
        self._speak(mark.start())
        if self.has_spoken or self.stack:
            self.is_struck = True
        else:
            self._blank(*mark.span())

    def _take_turn(self, mark: re.Match[str]) -> bool:
        start, end = mark.span()
        if mark["name"] == "INST" and mark["slash"] and self.prompt_start is not None:
            self.blanks.append((self.prompt_start, end))  # the prompt, repeated
            self.position, self.has_spoken, self.prompt_start = end, False, None
            return True
        is_plain_tag = not (mark["bar"] or mark["last_bar"])
        if is_plain_tag and (self.stack or self.is_struck):
            self.is_struck = False
            return True  # thought of, perhaps, or the end of words struck out
        self._speak(start)
        if not self.has_spoken and not self.stack and self._open_role(start, end):
            return True
        if self.stack or self.has_spoken:
            return self._stop(start)
        if mark["name"] == "INST":
            self.prompt_start, self.position = start, end
            return True
        self._blank(start, self._behind_role(end))
        return True

    def _open_role(self, start: int, end: int) -> bool:
        """Open a turn of thinking, as in <|im_start|>think; it ends with the turn."""
        role = _THINKING_ROLE.match(self.text, end)
        if role:
            self.open("turn", start, role.end())
        return bool(role)

    def _stop(self, start: int) -> bool:
        self.has_ended = True
        self.end = start
        return False

    def _speak(self, start: int) -> None:
        self.has_spoken = self.has_spoken or bool(self.text[self.position : start].strip())

    def _behind_role(self, end: int) -> int:
        role = _ROLE.match(self.text, end)
        return role.end() if role else end

    def _blank(self, start: int, end: int) -> None:
        if not self.stack:
            self._speak(start)
            self.blanks.append((start, end))
        self.position = end


def _stands_alone(text: str, mark: re.Match[str], *, is_open: bool) -> bool:
    """Whether a mark in square brackets is one: at a line's beginning, in capitals, or closing what is open."""
    line = text[max(0, mark.start() - 8) : mark.start()].rsplit("\n", 1)[-1]
    return is_open or mark["name"].isupper() or (not line.strip(" .#*-[0123456789") and len(line) < 8)


def _kind_of(mark: re.Match[str]) -> Kind | None:
    """Say what a mark is; None for other tags, brackets and words."""
    return _read_mark(mark[0])[0]


def _thinking_name(mark: re.Match[str]) -> str:
    """Return the name that opening and closing marks of thinking share; "" for other marks."""
    return _read_mark(mark[0])[1]


@lru_cache(maxsize=1024)
def _read_mark(text: str) -> tuple[Kind | None, str]:
    """Return a mark's kind, and its name as one of thinking."""
    mark = MARK.fullmatch(text)
    attributes = (mark["attributes"] or "") if mark else "/"
    if mark is None or mark["open"][0] + mark["close"][0] not in _PAIRS or attributes.rstrip().endswith("/"):
        return None, ""
    name = _name_of_thinking(mark, attributes)
    return ("thinking", name) if name else (_other_kind(mark), "")


def _name_of_thinking(mark: re.Match[str], attributes: str) -> str:
    named = _NAMED.search(attributes)
    if named and _names_thinking(_words_of(named["value"])):
        return " ".join(_words_of(mark["name"]))
    words = _all_words(mark)
    rest = [word for word in words if word not in _BEGINNINGS | _ENDS | _SMALL_WORDS]
    is_sentence = attributes.strip() and "=" not in attributes and len(rest) > 1
    return " ".join(rest) if _names_thinking(words) and not is_sentence else ""


def _other_kind(mark: re.Match[str]) -> Kind | None:
    name = _plain_name(mark["name"])
    if _UNUSED.fullmatch(name):
        return "channel"
    if mark["bar"] or mark["last_bar"]:
        if name in ("channel", "start", "message", "constrain"):
            return "channel" if name == "channel" else "start"
        if name in _BEGIN_TAGS:
            return "begin"
        return "turn" if _TURN.fullmatch(name) else None
    if mark["attributes"]:
        return None
    if mark["open"] == "[":
        return "turn" if mark["name"] == "INST" else None
    if name in _BEGIN_TAGS:
        return "turn" if mark["slash"] else "begin"
    return "turn" if _TURN_TAGS.fullmatch(name) else None


def _all_words(mark: re.Match[str]) -> tuple[str, ...]:
    """Return the words of a mark such as `<<end of thinking>>`; those of attributes with values are not its own."""
    attributes = mark["attributes"] or ""
    return _words_of(mark["name"] if "=" in attributes else mark["name"] + attributes)


@lru_cache(maxsize=1024)
def _words_of(name: str) -> tuple[str, ...]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=^end)(?=of)|(?<=^(?:begin|start))(?=of)|(?<=(?:end|gin|art)of)", " ", name)
    return tuple(re.split(r"[\W_]+", apart.strip().lower()))


@lru_cache(maxsize=1024)
def _names_thinking(words: tuple[str, ...]) -> bool:
    return not _DENIALS.intersection(words) and any(map(_THINKING.fullmatch, words))


def _plain_name(name: str) -> str:
    return re.sub(r"[\W_▁]+", "_", name.strip().lower())


def _is_quoted(text: str, mark: re.Match[str]) -> bool:
    start, end = mark.span()
    return start > 0 and end < len(text) and text[start - 1] in _QUOTES and text[end] in _QUOTES
