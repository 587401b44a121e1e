"""README and the pages of docs/: their blocks of code, and the commands in them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
OF_THE_PAST = ("CHANGELOG.md",)
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples" / "README.md")
    if path.name not in OF_THE_PAST
}
FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2[ ]*$", re.DOTALL | re.MULTILINE)
ASSIGNMENT = re.compile(r"\w+=\S*")
SEPARATORS = ("&&", "&", ";", "|")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its first line's number, what stands behind the fence, and its text."""

    page: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command of a page, as its words, without assignments of variables before it."""

    page: str
    words: tuple[str, ...]

    def __str__(self):
        return shlex.join(self.words)


def blocks(page):
    """Return the fenced blocks of a page."""
    text = PAGES[page].read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, match.start()) + 1, match[3].strip(), match[4])
        for match in FENCE.finditer(text)
    ]


def prose(page):
    """Return a page without its fenced blocks."""
    return FENCE.sub("", PAGES[page].read_text(encoding="utf-8"))


def commands(page):
    """Return the commands in the shell blocks of a page, in their order."""
    found = []
    for block in blocks(page):
        if block.language in ("sh", "bash"):
            for line in block.text.replace("\\\n", " ").splitlines():
                found += [Command(page, words) for words in simple_commands(line)]
    return found


def simple_commands(line):
    """Return the commands of a line of a shell, each as its words; a program of an environment by its name."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    parts = [[]]
    for word in lexer:
        if word in SEPARATORS:
            parts.append([])
        else:
            parts[-1].append(word)
    for part in parts:
        while part and ASSIGNMENT.fullmatch(part[0]):
            part.pop(0)
        if part:
            yield (re.sub(r"^\S*/bin/", "", part[0]), *part[1:])
