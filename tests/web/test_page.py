"""The page in Chromium, as a person uses it."""

import json
import time

import pytest
from browser import look_like, mistakes

from vlm_gym.evaluation.runs.run_folder import read_episodes, read_turns
from vlm_gym.evaluation.scores.summary import summarise

pytestmark = pytest.mark.browser

TIMEOUT_S = 20.0
EASY = {"position": 1, "target": 3}
HOSTILE = """<script>window.hacked=1</script><img src=x onerror="window.hacked=1"> javascript:window.hacked=1 </pre>"""


class Page:
    """What a person does on the page."""

    def __init__(self, driver, address):
        self.driver = driver
        look_like(driver)
        mistakes(driver)
        driver.get(address)
        self.wait_for_version(None)

    @property
    def version(self):
        return self.driver.execute_script(
            "return document.body.classList.contains('busy') ? null : document.body.dataset.version ?? null"
        )

    def wait_for_version(self, old):
        """Wait until the page shows a state that is not the old one."""
        self.wait_until(lambda: self.version not in (None, old))

    @staticmethod
    def wait_until(is_so):
        end = time.monotonic() + TIMEOUT_S
        while not is_so():
            assert time.monotonic() < end, "the page did not change"
            time.sleep(0.02)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, selector):
        return self.find(selector).text

    def is_shown(self, selector):
        return self.find(selector).is_displayed()

    def actions(self):
        buttons = self.driver.find_elements("css selector", "#actions button")
        return [button.get_attribute("data-action") for button in buttons if button.is_displayed()]

    def click(self, selector):
        old = self.version
        self.find(selector).click()
        self.wait_for_version(old)

    def click_action(self, action):
        self.click(f"#actions button[data-action='{action}']")

    def press(self, *keys):
        """Press keys where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def press_to_play(self, *keys):
        old = self.version
        self.press(*keys)
        self.wait_for_version(old)

    def write(self, text):
        """Put a text of any length into the answer box and send it."""
        script = (
            "document.querySelector('#answer').value = JSON.parse(arguments[0])"  # WebDriver knows no lone surrogates
        )
        self.driver.execute_script(script, json.dumps(text))
        self.click("#send")

    def oracle_action(self, server):
        return server.game._now.session.task.oracle_action()


@pytest.fixture
def keys():
    return pytest.importorskip("selenium.webdriver.common.keys").Keys


def test_blackjack_is_played_by_clicking(chromium, serve, folder):
    with serve("Blackjack", seed=1) as server:
        page = Page(chromium, server.address)
        assert page.actions() == ["stand", "hit"]
        assert page.text("#title") == "Blackjack"
        assert "You are playing Blackjack" in page.text("#prompt")
        assert page.find("#picture").get_attribute("alt") == "Picture of the task"
        assert chromium.execute_script("return document.querySelector('#picture').naturalWidth") == 300
        page.click_action("hit")
        assert page.text("#feedback") == "Turn 1: reward 0"
        page.click_action("stand")
        assert page.text("#outcome") == "No success after 2 turns, return −1"
        assert "succeeds with probability 0.218" in page.text("#oracles-view")
        assert "Oracle: the same" in page.text("#log li:first-child")
        last = page.find("#picture").get_attribute("src")
        page.find("#log li:first-child button").click()
        assert page.text("#caption") == "What you saw at turn 1"
        assert page.find("#picture").get_attribute("src") != last
        page.click("#next")
        assert page.text("#subtitle") == "Seed 2"
        assert page.text("#figures").split()[-3:] == ["0", "of", "1"]
        assert mistakes(chromium) == []
    turns, (episode,) = read_turns(folder), read_episodes(folder)
    assert [turn.action for turn in turns] == ["hit", "stand"]
    assert (episode.task, episode.seed, episode.num_turns) == ("vlm_gym/Blackjack-v0", 1, 2)


def test_a_points_game_is_played_by_keyboard(chromium, serve, folder):
    with serve("EZPoints", options={"cards": ["2H", "KS"]}) as server:
        page = Page(chromium, server.address)
        for key in ("2", "+", "0", "="):  # 0 is the key of 10
            page.press_to_play(key)
        assert page.text("#outcome") == "Success after 4 turns, return +10"
        page.press_to_play("n")
        assert page.text("#subtitle") == "Seed 1"
        assert mistakes(chromium) == []
    assert [turn.action for turn in read_turns(folder)] == ["2", "+", "10", "="]


def test_blackjack_has_letters_and_help(chromium, serve, keys):
    with serve("Blackjack", seed=1) as server:
        page = Page(chromium, server.address)
        page.press("?")
        assert page.is_shown("#help")
        page.press("h")  # plays nothing while the help is open
        page.press(keys.ESCAPE)
        assert not page.is_shown("#help")
        assert page.text("#feedback") == "Your turn. What do you see?"
        page.press_to_play("h")
        assert page.text("#feedback") == "Turn 1: reward 0"
        page.press("n")  # no next episode yet
        page.press_to_play("s")
        assert page.is_shown("#outcome")


def test_a_home_is_played_with_the_filter(chromium, serve, folder, keys):
    with serve("Household", seed=1) as server:
        page = Page(chromium, server.address)
        assert page.text("#goal") == "Task: clean some cup and put it in shelf."
        assert len(page.actions()) == 50
        page.press("d")  # goes to the filter
        page.press("raw")
        assert page.actions() == [f"go to drawer {number}" for number in (1, 2, 3, 4)]
        assert page.text("#match") == "Enter plays: go to drawer 1 (4 left)"
        page.press(keys.ARROW_DOWN)
        page.press_to_play(keys.ENTER)
        page.press("no such thing", keys.ENTER)
        assert page.text("#match") == "No action matches."
        page.press(keys.ESCAPE)
        assert len(page.actions()) > 40
        while not page.is_shown("#outcome"):
            page.press("g")
            page.press(keys.BACKSPACE, page.oracle_action(server))
            page.press_to_play(keys.ENTER)
        assert page.text("#outcome").startswith("Success after ")
        assert mistakes(chromium) == []
    turns = read_turns(folder)
    assert turns[0].action == "go to drawer 2"
    assert all(turn.action == turn.oracle_action for turn in turns[1:])


def test_a_fault_and_an_illegal_move_are_told_in_words(chromium, serve, folder, keys):
    with serve("EZPoints", options={"cards": ["2H", "10S"]}) as server:
        page = Page(chromium, server.address)
        page.press(keys.ENTER)  # to the answer box
        page.press_to_play("no idea", keys.ENTER)
        assert page.text("#feedback") == "Turn 1: reward −1 (fault −1)\nNot understood: no action: 'no idea'"
        page.press_to_play("9", keys.ENTER)
        assert "Not allowed: 9 is not among the numbers left: 2, 10" in page.text("#feedback")
        page.press('{"thoughts": "2 first",', keys.SHIFT, keys.ENTER, keys.NULL)
        page.press_to_play('"action": "2"}', keys.ENTER)
        assert page.text("#feedback") == "Turn 3: reward 0"
        assert page.find("#feedback").get_attribute("aria-live") == "polite"
        page.find("#send").click()  # an empty box is a slip and costs no turn
        page.press(keys.ENTER)
        assert page.find("#answer:invalid").is_displayed()
    turns = read_turns(folder)
    assert [turn.action for turn in turns] == [None, "9", "2"]
    assert turns[2].answers == ('{"thoughts": "2 first",\n"action": "2"}',)


def test_hostile_text_is_shown_and_never_run(chromium, serve, folder):
    texts = [HOSTILE, "\u202e\u0007 \ud800 ]]>" + HOSTILE, "<script>" + "x" * 999_000 + "</script>"]
    with serve("Points24") as server:
        page = Page(chromium, server.address)
        for text in texts:
            page.write(text)
            assert "Not understood" in page.text("#feedback")
        assert HOSTILE in page.text("#log li:nth-child(3)")
        chromium.refresh()
        page.wait_for_version(None)
        assert chromium.execute_script("return window.hacked ?? 0") == 0
        assert len(chromium.find_elements("css selector", "script, #log img, #log script")) == 1  # the page's own
        assert mistakes(chromium) == []
    assert [turn.answers[0] for turn in read_turns(folder)] == texts


def test_a_second_tab_cannot_play_a_turn_twice(chromium, serve, folder):
    with serve("NumberLine", options=EASY) as server:
        page = Page(chromium, server.address)
        server.game.answer(1, "-")  # as a tab beside this one does
        chromium.execute_script("document.querySelector('#answer').value = '+'")
        page.click("#send")
        assert page.text("#problem").startswith("Not sent: the game has gone on in another tab or window.")
        assert page.text("#feedback") == "Turn 1: reward −1 (away −1)"
        assert page.find("#answer").get_attribute("value") == "+"  # what was written is not lost
        page.click("#send")
        assert not page.is_shown("#problem")
    assert [turn.action for turn in read_turns(folder)] == ["-", "+"]


def test_a_tab_that_comes_into_view_shows_the_game_as_it_is(chromium, serve):
    with serve("NumberLine", options=EASY) as server:
        page = Page(chromium, server.address)
        tab = chromium.current_window_handle
        chromium.switch_to.new_window("tab")
        Page(chromium, server.address).click_action("-")
        chromium.close()
        chromium.switch_to.window(tab)
        page.wait_for_version("1")
        assert page.text("#feedback") == "Turn 1: reward −1 (away −1)"
        assert not page.is_shown("#problem")


def test_a_reload_shows_the_same_turn(chromium, serve):
    with serve("EZPoints", seed=3) as server:
        page = Page(chromium, server.address)
        page.write("hm")
        page.click_action(page.actions()[0])
        before = (page.text("#log"), page.text("#figures"), page.find("#picture").get_attribute("src"), page.actions())
        chromium.refresh()
        page.wait_for_version(None)
        after = (page.text("#log"), page.text("#figures"), page.find("#picture").get_attribute("src"), page.actions())
        assert after == before
        assert after[1].split()[:4] == ["TURN", "3", "of", "6"]


def test_a_task_is_chosen_on_the_page(chromium, serve_choice, folder):
    with serve_choice() as server:
        page = Page(chromium, server.address)
        names = [button.text.split("\n")[0] for button in chromium.find_elements("css selector", "#tasks button")]
        assert {"NumberLine", "Points24Formula-v0", "Blackjack-SuttonBarto", "Household-v1", "ALFWorld-v1"} <= set(
            names
        )
        assert len(set(names)) == len(names)
        page.click(f"#tasks li:nth-child({names.index('Points24Formula-v0') + 1}) button")
        assert page.text("#title") == "Points24Formula"
        assert not page.is_shown("#actions-box")
        assert page.text("#answer-label").startswith("Write an answer: a formula")
        page.write("1 + 1")
        assert page.is_shown("#outcome")
        page.click("#to-tasks")
        assert page.text("#choose h2") == "What would you like to play?"
        assert page.text("#figures").split()[-3:] == ["0", "of", "1"]
    assert [episode.task for episode in read_episodes(folder)] == ["vlm_gym/Points24Formula-v0"]


def test_the_persons_run_is_summarised_like_an_agents(chromium, serve, folder):
    with serve("NumberLine", options=EASY) as server:
        page = Page(chromium, server.address)
        for _ in range(3):
            page.click_action("+")
            page.click_action("+")
            page.click("#next")
    summary = summarise(folder)
    assert (summary.agent, summary.num_planned, summary.num_episodes) == ("human", 3, 3)
    assert (summary.overall.num_episodes, summary.overall.success.value) == (3, 1.0)
    assert summary.overall.latency_s > 0


@pytest.mark.parametrize(("width", "is_dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_nothing_is_wider_than_the_window(chromium, serve, width, is_dark):
    for task in ("Blackjack", "Household", "Points24"):
        with serve(task, seed=1) as server:
            page = Page(chromium, server.address)
            look_like(chromium, width=width, height=844, is_dark=is_dark)
            page.write("x" * 300)
            assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
            ground = chromium.execute_script("return getComputedStyle(document.body).backgroundColor")
            assert (ground == "rgb(20, 23, 27)") == is_dark
