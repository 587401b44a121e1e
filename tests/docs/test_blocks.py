"""Every block of code of README and site: Python is run page by page, and what is not run is declared."""

import configparser
import doctest
import re
import sys

import pytest
from doc_pages import PAGES, ROOT, blocks, commands, prose
from docs_not_run import NOT_RUN, RUN_ELSEWHERE

LANGUAGES = {"python", "sh", "bash", "toml", "text", "{toctree}", "bibtex", "yaml"}
DECLARED = {**RUN_ELSEWHERE, **NOT_RUN}
PYTHON = [page for page in PAGES if any(block.language == "python" for block in blocks(page))]
EXTRAS = configparser.ConfigParser()
EXTRAS.read(ROOT / "setup.cfg", encoding="utf-8")


def declared(text):
    """Return the keys that some line of a text begins with."""
    return [key for key in DECLARED if any(line.startswith(key) for line in text.splitlines())]


@pytest.mark.parametrize("page", PYTHON)
def test_python_does_what_the_page_says(page, tmp_path, monkeypatch):
    """All blocks of a page in one session, in their order."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language != "python" or declared(block.text):
            continue
        where = f"{page}, line {block.line}"
        if block.text.startswith(">>> "):
            test = doctest.DocTestParser().get_doctest(block.text, names, where, str(PAGES[page]), block.line)
            told = []
            assert doctest.DocTestRunner().run(test, out=told.append, clear_globs=False).failed == 0, "".join(told)
            names = test.globs
        else:
            exec(compile(block.text, where, "exec"), names)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_its_language(page):
    assert [(block.line, block.language) for block in blocks(page) if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_title(page):
    """The site lists a page once for each."""
    assert len(re.findall(r"^# ", prose(page), re.MULTILINE)) == 1


@pytest.mark.parametrize("page", PAGES)
def test_code_stands_in_fences(page):
    """An indented block is code whose language nobody knows, so that nobody tests it."""
    text = PAGES[page].read_text(encoding="utf-8")
    assert re.findall(r"\n\n    (?:vlm-gym|python|make|pip|>>>) .*", text) == []


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
@pytest.mark.parametrize("page", [page for page in PAGES if any(b.language == "toml" for b in blocks(page))])
def test_toml_can_be_read(page):
    import tomllib

    assert all(tomllib.loads(block.text) for block in blocks(page) if block.language == "toml")


@pytest.mark.parametrize("key", DECLARED)
def test_what_is_declared_still_stands_on_a_page(key):
    texts = [block.text for page in PAGES for block in blocks(page) if block.language == "python"]
    texts += [" ".join(command.words) for page in PAGES for command in commands(page)]
    assert any(key in declared(text) for text in texts)


@pytest.mark.parametrize("test", sorted(set(RUN_ELSEWHERE.values())))
def test_the_test_that_runs_it_is_there(test):
    assert (ROOT / test).is_file()


@pytest.mark.parametrize("page", PAGES)
def test_an_extra_that_is_named_is_there(page):
    text = PAGES[page].read_text(encoding="utf-8")
    named = {extra for names in re.findall(r"'(?:\.|vlm-gym)\[([\w,-]+)\]'", text) for extra in names.split(",")}
    assert named <= set(EXTRAS["options.extras_require"])
