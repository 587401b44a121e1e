"""The built site, page by page: its links, and what a person sees in a browser, on a telephone and in the dark."""

import json
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from browser import look_like, mistakes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DOCS = Path(__file__).parents[2] / "docs"
LEAST_CONTRAST = 4.5  # WCAG AA, of text of the usual size
LOOKS = ((390, True), (390, False), (1300, True), (1300, False))
LOADED = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "video": "src"}

FAULTS = """
const [least] = arguments;
const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
function ground(element) {
    for (let at = element; at; at = at.parentElement) {
        const color = rgb(getComputedStyle(at).backgroundColor);
        if (color.length === 3 || color[3] > 0.5) return color;
    }
    return [255, 255, 255];
}
const pale = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    if (style.visibility === 'hidden' || style.opacity === '0') continue;
    const [a, b] = [light(rgb(style.color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) pale.push(`${walker.currentNode.textContent.trim().slice(0, 30)}: ${ratio.toFixed(1)}`);
}
return {
    overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    missing: [...document.images].filter(image => image.complete && !image.naturalWidth).map(image => image.src),
    pale: pale.slice(0, 5),
    far: performance.getEntriesByType('resource').map(entry => entry.name)
        .filter(name => !name.startsWith(arguments[1])),
};
"""


class _Page(HTMLParser):
    """What a page links to, loads, and can be linked to at."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Note what a tag says."""
        values = dict(attributes)
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if LOADED.get(tag) in values:
            self.loaded.append(values[LOADED[tag]])


@pytest.fixture(scope="module")
def pages(site):
    """Every page of the site by its path."""
    return {path: _Page(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}


def test_every_page_of_docs_is_in_the_site(pages, site):
    names = {path.stem for path in DOCS.glob("*.md")}
    assert {name for name in names if not (site / f"{name}.html").exists()} == set()
    assert len(pages) > len(names)


def test_no_link_or_anchor_is_broken(pages, site):
    broken = []
    for path, page in pages.items():
        for link in (*page.links, *page.loaded):
            target, anchor = urldefrag(link)
            if "://" in target or target.startswith(("mailto:", "data:")):
                continue
            file = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
            is_there = file.is_file() and file.is_relative_to(site.resolve())
            if is_there and anchor and file in pages:
                is_there = anchor in pages[file].anchors
            if not is_there:
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere_and_all_paths_are_relative(pages, site):
    far = {link for page in pages.values() for link in page.loaded if "://" in link or link.startswith("/")}
    assert far == set()
    assert {link for page in pages.values() for link in page.links if link.startswith("/")} == set()


def test_every_page_can_be_read(chromium, pages, site):
    """On a telephone and on a screen, light and dark."""
    faults = {}
    mistakes(chromium)
    for path in pages:
        chromium.get(path.as_uri())
        for width, is_dark in LOOKS:
            look_like(chromium, width=width, is_dark=is_dark)
            seen = {**chromium.execute_script(FAULTS, LEAST_CONTRAST, site.as_uri()), "mistakes": mistakes(chromium)}
            if any(seen.values()):
                name = f"{path.relative_to(site)}, {width} pixels, {'dark' if is_dark else 'light'}"
                faults[name] = {name: value for name, value in seen.items() if value}
    assert json.dumps(faults, indent=1) == "{}"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<p style="color: #999; background: #fff">pale</p>', "pale"),
        ('<pre style="width: 900px">wide</pre>', "overflow"),
        ('<img src="none.png" alt="none">', "missing"),
        ('<img src="http://127.0.0.1:9/far.png" alt="far">', "far"),
    ],
    ids=("pale", "overflow", "missing", "far"),
)
def test_a_page_with_a_fault_is_found(chromium, tmp_path, body, fault):
    (tmp_path / "page.html").write_text(f"<!doctype html><title>x</title><body>{body}</body>")
    look_like(chromium, width=390)
    chromium.get((tmp_path / "page.html").as_uri())
    assert chromium.execute_script(FAULTS, LEAST_CONTRAST, tmp_path.as_uri())[fault]
    mistakes(chromium)


def test_it_works_below_a_path_of_a_server_with_its_search(chromium, site, tmp_path):
    (tmp_path / "docs").symlink_to(site, target_is_directory=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        mistakes(chromium)
        chromium.get(f"http://127.0.0.1:{server.server_port}/docs/search.html?q=regret")
        found = _wait_for(chromium, "return document.querySelector('#search-results')?.textContent || ''", "lossary")
        assert mistakes(chromium) == []
    finally:
        server.shutdown()
        server.server_close()
    assert "Glossary" in found


def _wait_for(driver, script, word):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, 20).until(lambda driver: word in (text := driver.execute_script(script)) and text)


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format, *args):  # noqa: A002  # the name is http.server's
        """Say nothing."""
