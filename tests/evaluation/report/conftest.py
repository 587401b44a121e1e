"""Runs to report on: noisy players of card games, one without luck, and one whose answers attack the page."""

import csv
import io
import time
from dataclasses import replace

import pytest
from browser import chromium, look_like, mistakes  # noqa: F401
from sample_runs import number_lines, panel_run, play

from vlm_gym.chat import ChatSettings
from vlm_gym.evaluation.models.agents import ConstantAgent, OracleAgent, RandomAgent, Reply, ScriptedAgent
from vlm_gym.evaluation.report import write_report

LONG = 1_000_000
TIME_TO_OPEN_S = 30  # generous: other tests run beside this one
SCRIPT = "<script>window.pwned = 1</script>"
HOSTILE_ANSWERS = (
    f"</script>{SCRIPT}<!-- <script> \u2028\u2029 </title></style></pre>{SCRIPT}",
    '<img src=x onerror="window.pwned = 1"> <svg onload="window.pwned = 1"> <a href="javascript:window.pwned=1">x</a>',
    "\x00\x01\x1b[31m red \x7f\x9f \u202etxet desrever\u202c\u061c\ufeff",
    'lone \ud83d surrogate \udc00, 😀😀 {"thoughts": "ends with \udfff", "action": "+"}',
    "<" * (LONG // 2) + '{"action": "-"}' + "&" * (LONG // 2),
    "{{script}} {{chunks}} ${window.pwned = 1} `${window.pwned = 1}` %3Cscript%3E",
)


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """A folder with the runs `random` and `noisy` of one panel."""
    folder = tmp_path_factory.mktemp("runs")
    panel_run(folder / "random", RandomAgent())
    panel_run(folder / "noisy", OracleAgent(0.8))
    return folder


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory):
    """A run whose answers, and whose name, attack the page."""
    folder = tmp_path_factory.mktemp("hostile") / "<script>window.pwned=1<"
    return play(folder, ScriptedAgent(HOSTILE_ANSWERS), number_lines(2))


@pytest.fixture(scope="session")
def misread_run(tmp_path_factory):
    """A run that names a number wrong and leaves another out."""
    answer = '{"current number": "77", "thoughts": "no idea", "action": "+"}'
    return play(tmp_path_factory.mktemp("misread") / "run", ConstantAgent(answer), number_lines(2))


class PaidAgent(OracleAgent):
    """An oracle that says what its answers took."""

    async def answer(self, session, rng):
        reply = await super().answer(session, rng)
        return replace(reply, prompt_tokens=1000, completion_tokens=20, cost=0.0031, latency_s=1.5, num_requests=2)


@pytest.fixture(scope="session")
def paid_run(tmp_path_factory):
    """A run that took tokens, money and time."""
    return play(tmp_path_factory.mktemp("paid") / "run", PaidAgent(), number_lines(3))


class ThinkingAgent(ScriptedAgent):
    """Is cut off at first, then plays; says what it thought, how its answers ended, and who it is."""

    async def answer(self, session, rng):
        is_asked_again = session.messages()[-1] is not session.question
        text = '{"action": "+"} <b>' if is_asked_again else "a text that is cut"
        thought = f"I think of turn {len(session.turns) + 1}. {SCRIPT}"
        return Reply(text, reasoning=thought, finish_reason="length", model=SCRIPT, is_cut_off=not is_asked_again)


@pytest.fixture(scope="session")
def asked_run(tmp_path_factory):
    """A run with a system message, history and answers that are asked for again, of a model that reasons."""
    chat = ChatSettings(system="Play well.", history=1, tell_mistakes=True, max_reasks=1)
    return play(tmp_path_factory.mktemp("asked") / "asked", ThinkingAgent(["+"]), number_lines(2), chat=chat)


@pytest.fixture(scope="session")
def unseeing_run(tmp_path_factory):
    """A run that is told in words alone."""
    folder = tmp_path_factory.mktemp("unseeing") / "words"
    return play(folder, RandomAgent(), number_lines(2), chat=ChatSettings(show="text"))


@pytest.fixture(scope="session")
def report(runs, tmp_path_factory):
    """The report of the two runs."""
    return write_report([runs / "random", runs / "noisy"], tmp_path_factory.mktemp("report") / "report.html")


def is_short_for(text, exact):
    """Whether a text is the number that is meant, rounded, or says that it is smaller."""
    written = text.lstrip("~+").replace("−", "-").replace(",", "")
    if written.startswith("<"):
        return 0 < exact < float(written[1:])
    digits = len(written.partition(".")[2])
    return abs(float(written) - exact) <= 0.5 * 10**-digits + 1e-9


class Page:
    """The page in the browser, as a person uses it."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, address=""):
        self.driver.get("about:blank")
        mistakes(self.driver)
        self.driver.get(path.as_uri() + address)
        self.wait_for("return document.documentElement.dataset.ready")

    def wait_for(self, script):
        end = time.monotonic() + TIME_TO_OPEN_S
        while time.monotonic() < end:
            value = self.driver.execute_script(script)
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"waited in vain for: {script}")

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def text(self, selector):
        return self.driver.execute_script("return document.querySelector(arguments[0]).textContent", selector)

    def press(self, key):
        self.driver.switch_to.active_element.send_keys(key)

    def choose(self, name, value):
        self.driver.execute_script(
            "const field = document.querySelector('#filters').elements[arguments[0]]; field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', {bubbles: true}))",
            name,
            value,
        )

    def found(self):
        """Return the notes of the episodes that the list shows."""
        return [item.text for item in self.all("#episode-list li")]

    def wait_found(self, text):
        self.wait_for(f"return document.querySelector('#found').textContent === {text!r}")

    def turn(self):
        return self.text(".step-buttons strong")

    def press_button(self, text, inside="body"):
        """Press the button of this text; return it."""
        (button,) = [each for each in self.all(f"{inside} button") if each.text == text]
        button.click()
        return button

    def copied(self, name, table="#summary > .data-table"):
        """Return what a table is as text."""
        self.driver.execute_script(
            "Object.defineProperty(navigator, 'clipboard', {configurable: true, value: {"
            "writeText: async (text) => { window.copied = text; }}})"
        )
        self.press_button(name, table)
        return self.wait_for("const text = window.copied; window.copied = null; return text")

    def column(self, head, table="#summary > .data-table"):
        """Return a column of a table: the texts of its cells."""
        heads = [each.text for each in self.all(f"{table} thead th")]
        place = heads.index(head) - len(heads)
        script = (
            "return [...document.querySelectorAll(arguments[0])].map((row) => [...row.children].at(arguments[1]))"
            ".map((cell) => (cell.querySelector('.estimate')?.firstChild ?? cell).textContent)"
        )
        return self.driver.execute_script(script, f"{table} tbody tr", place)

    def check_shown_as_copied(self, table="#summary > .data-table"):
        """Every figure of a table, and each end of its interval, is shown as what is copied, with fewer digits."""
        script = (
            "return [...document.querySelectorAll(arguments[0])].map((row) => [...row.querySelectorAll('td')].map("
            "(cell) => [...cell.querySelectorAll('.estimate > *')].map((part) => part.textContent)))"
        )
        rows = list(csv.DictReader(io.StringIO(self.copied("CSV", table))))
        heads = [each.text for each in self.all(f"{table} .sort")]
        for row, cells in zip(rows, self.driver.execute_script(script, f"{table} tbody tr"), strict=True):
            for head, cell in zip(heads, cells, strict=True):
                shown = [end for part in cell for end in part.split(" to ")]
                copied = [row[name] for name in (head, f"{head} low", f"{head} high") if row.get(name)]
                for text, exact in zip(shown, copied, strict=True):
                    assert is_short_for(text, float(exact)), f"{head}: {exact} is shown as {text}"

    def has_drawn(self):
        """Whether the picture has pixels of more than one colour."""
        return self.wait_for(
            "const canvas = document.querySelector('canvas.picture'); if (!canvas) return false;"
            "const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
            "return new Set(new Uint32Array(data.buffer)).size > 8"
        )


@pytest.fixture
def page(chromium):  # noqa: F811
    look_like(chromium)
    return Page(chromium)
