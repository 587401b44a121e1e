"""The page of a report, in a real browser: what it shows, its keyboard, and that no answer is ever executed."""

import asyncio
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
from browser import look_like, mistakes
from PIL import Image
from sample_runs import number_lines, play

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import ConstantAgent, OracleAgent, RandomAgent
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.report.results import episode_id
from vlm_gym.evaluation.runs.plan import Plan, repeated
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.scores.labels import short_labels
from vlm_gym.registration import TASKS, register_task

pytestmark = pytest.mark.browser

LONG = 1_000_000


@pytest.fixture
def opened(page, report):
    page.open(report.page)
    return page


def test_the_page_opens_without_a_mistake_and_asks_the_network_for_nothing(opened):
    assert mistakes(opened.driver) == []
    assert opened.driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert opened.text("h1") == "random · noisy"
    assert opened.has_drawn()


def test_the_tables_show_every_task_of_every_run(opened, runs):
    names = {item.task for item in read_played(runs / "random")}
    tables = opened.text("#summary")
    heads = opened.text("#summary thead")
    assert all(word in heads for word in ("Success", "Floor", "Ceiling", "Score", "Faults", "Illegal", "Turns"))
    assert all(label in tables for label in short_labels(names).values())
    assert len(opened.all("#summary > .data-table tbody tr")) == 2 * (len(names) + 1)
    assert len(opened.all("#comparison tbody tr")) == len(names) + 1
    assert len(opened.all(".chart")) == 3


def test_tokens_and_costs_have_columns_where_there_are_any(page, report, paid_run, tmp_path):
    page.open(report.page)
    assert "Tokens" not in page.text("#summary thead")
    page.open(write_report([paid_run], tmp_path / "report.html").page)
    heads = page.text("#summary thead")
    assert all(name in heads for name in ("Tokens", "Cost", "s/turn"))
    assert "1,000 in, 20 out" in page.text(".facts")
    assert "1.5 s, 2 requests" in page.text(".facts")


def test_repeats_have_a_table_and_turns_that_were_not_asked_say_so(page, report, tmp_path):
    episodes = repeated(number_lines(3), 3)
    asyncio.run(evaluate(tmp_path / "run", Plan(episodes, stop_repeats=2), ConstantAgent("hm")))
    page.open(write_report([tmp_path / "run"], tmp_path / "report.html").page)
    tables = page.text("#summary")
    assert "Repeats: several attempts at the same start" in tables
    assert all(head in tables for head in ("pass@2", "pass@3", "all of 2", "all of 3", "Alike"))
    assert "Not asked" in page.text("#summary thead")
    assert "Not asked" not in page.text("#viewer")
    for _ in range(2):
        page.press("\ue014")
    page.wait_for("return document.querySelector('#viewer').textContent.includes('Not asked: the model gave')")
    page.open(report.page)
    assert "Repeats" not in page.text("#summary")
    assert "Not asked" not in page.text("#summary")


def test_filters_leave_the_episodes_they_name(opened, runs):
    played = [item for name in ("random", "noisy") for item in read_played(runs / name)]
    assert opened.text("#found") == f"{len(played)} episodes"
    opened.choose("outcome", "failure")
    num_failed = sum(not item.episode.is_success for item in played)
    opened.wait_found(f"{num_failed} episodes")
    opened.choose("turns", "illegal")
    num_illegal = sum(not item.episode.is_success and item.episode.num_illegal > 0 for item in played)
    opened.wait_found(f"{num_illegal} episodes")
    opened.choose("outcome", "")
    opened.choose("turns", "")
    opened.choose("runs", "noisy")
    opened.choose("task", "NumberLine-v0")
    opened.wait_found("2 episodes")
    assert all("noisy" in text for text in opened.found())


def test_a_search_looks_through_answers_and_starts(opened, runs):
    opened.choose("text", "SEED 1000000001")
    opened.wait_found("12 episodes")
    opened.choose("text", "no such words")
    opened.wait_found("No episode fits these filters.")
    opened.choose("text", '"action": "stand"')
    wanted = '"action": "stand"'
    num_found = sum(
        any(wanted in turn.answers[-1] for turn in item.turns)
        for name in ("random", "noisy")
        for item in read_played(runs / name)
    )
    opened.wait_found(f"{num_found} episode{'' if num_found == 1 else 's'}")


def test_the_keyboard_steps_through_turns_and_episodes(page, report, runs):
    played = max(read_played(runs / "random"), key=lambda item: len(item.turns))
    num_turns = len(played.turns)
    page.open(report.page, f"#run=random&episode={episode_id(played.episode.episode)}&turn=1")
    assert page.turn() == f"Turn 1 of {num_turns}"
    page.press("\ue014")  # right
    assert page.turn() == f"Turn 2 of {num_turns}"
    assert "turn=2" in page.driver.current_url
    page.press("\ue010")  # end
    assert page.turn() == "After the last turn"
    page.press("\ue014")
    assert page.turn() == "After the last turn"
    page.press("\ue011")  # home
    page.press("\ue012")  # left
    assert page.turn() == f"Turn 1 of {num_turns}"
    before = page.text(".viewer h3")
    page.press("n")
    page.wait_for(f"return document.querySelector('.viewer h3').textContent !== {before!r}")
    page.press("p")
    page.wait_for(f"return document.querySelector('.viewer h3').textContent === {before!r}")
    page.press("/")
    page.press("n")  # typed, not obeyed
    assert page.driver.switch_to.active_element.get_property("value") == "n"


def test_a_link_leads_to_its_turn(page, report, runs):
    played = next(item for item in read_played(runs / "noisy") if len(item.turns) > 3)
    page.open(report.page, f"#run=noisy&episode={episode_id(played.episode.episode)}&turn=3")
    turn = played.turns[2]
    assert page.turn() == f"Turn 3 of {len(played.turns)}"
    assert page.text(".viewer pre") == turn.answers[-1]
    start, end = turn.span
    assert page.text(".viewer mark") == turn.answers[-1][start:end]
    assert turn.prompt in page.text(".turn-texts")
    assert turn.oracle_action in page.text(".facts")
    address = page.driver.current_url.replace("turn=3", "turn=end")
    page.driver.execute_script("location.href = arguments[0]", address)
    page.wait_for("return document.querySelector('.step-buttons strong').textContent === 'After the last turn'")


def test_buttons_step_too_and_keep_the_focus(opened):
    opened.choose("turns", "illegal")
    opened.all("#episode-list button")[0].click()
    opened.wait_for("return location.hash.includes('turn=1')")
    following = opened.all(".step-buttons button")[1]
    following.click()
    assert not opened.turn().startswith("Turn 1 ")
    assert opened.driver.switch_to.active_element.text == "Next →"


def test_no_answer_is_ever_executed(page, hostile_run, tmp_path):
    report = write_report([hostile_run], tmp_path / "report.html")
    page.open(report.page)
    turns = read_played(hostile_run)[0].turns
    for turn in turns:
        page.wait_for(
            f"return document.querySelector('.step-buttons strong').textContent.startsWith('Turn {turn.turn} ')"
        )
        for block in page.all(".viewer details:not([open]) summary"):
            block.click()
        assert page.all(".viewer pre *:not(mark):not(span):not(button)") == []
        page.press("\ue014")
    assert page.driver.execute_script("return window.pwned") is None
    assert page.driver.execute_script("return document.scripts.length") == 2 + len(
        page.all("script[type='text/plain']")
    )
    assert page.text("h1") == "<script>window.pwned=1<"
    assert mistakes(page.driver) == []


def test_the_policy_lets_no_other_script_run(opened):
    opened.driver.execute_script(
        "const script = document.createElement('script'); script.textContent = 'window.pwned = 1';"
        "document.body.append(script);"
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.pwned=1>');"
    )
    assert opened.driver.execute_script("return window.pwned") is None
    assert any("Content Security Policy" in message for message in mistakes(opened.driver))


def test_a_photograph_is_drawn(page, runs, tmp_path):
    run = shutil.copytree(runs / "noisy", tmp_path / "run")
    rng = np.random.default_rng(0)
    for path in (run / "pictures").iterdir():
        coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8))
        coarse.resize((300, 300), Image.Resampling.BICUBIC).save(path)
    page.open(write_report([run], tmp_path / "report.html").page)
    assert page.has_drawn()
    assert mistakes(page.driver) == []


def test_hostile_text_is_shown_as_it_is(page, hostile_run, tmp_path):
    page.open(write_report([hostile_run], tmp_path / "report.html").page)
    shown = []
    for _ in range(5):
        shown.append(page.text(".viewer pre"))
        page.press("\ue014")
    assert shown[0].startswith("</script><script>window.pwned = 1</script><!-- <script> ‹U+2028›‹U+2029› </title>")
    assert shown[1].startswith('<img src=x onerror="window.pwned = 1"> <svg')
    assert shown[2] == "‹U+0000›‹U+0001›‹U+001B›[31m red ‹U+007F›‹U+009F› ‹U+202E›txet desrever‹U+202C›‹U+061C›‹U+FEFF›"
    assert shown[3].startswith("lone ‹U+D83D› surrogate ‹U+DC00›, 😀😀 {")
    assert len(shown[4]) < 10_000


def test_the_action_is_marked_behind_characters_of_two_units(page, hostile_run, tmp_path):
    page.open(write_report([hostile_run], tmp_path / "report.html").page)
    for _ in range(3):
        page.press("\ue014")
    assert page.text(".viewer mark") == "+"


def test_a_long_answer_is_shortened_around_its_action_until_all_is_asked_for(page, hostile_run, tmp_path):
    page.open(write_report([hostile_run], tmp_path / "report.html").page)
    for _ in range(4):
        page.press("\ue014")
    assert page.text(".viewer mark") == "-"
    assert "characters left out" in page.text(".viewer pre")
    page.all(".viewer .gap button")[0].click()
    assert page.text(".viewer pre") == "<" * (LONG // 2) + '{"action": "-"}' + "&" * (LONG // 2)


def test_misreadings_stand_beside_the_truth(page, misread_run, tmp_path):
    page.open(write_report([misread_run], tmp_path / "report.html").page)
    rows = [row.text for row in page.all(".readings tbody tr")]
    turn = read_played(misread_run)[0].turns[0]
    assert rows[0].split() == ["current", "number", "✗", "77", turn.readings["current number"]]
    assert rows[1].split() == ["target", "number", "not", "named", turn.readings["target number"]]
    assert "Perception and reasoning" in page.text("#summary")
    page.choose("turns", "misread")
    page.wait_found("2 episodes")


def test_a_link_to_an_episode_far_down_shows_it_in_the_list(page, tmp_path):
    run = play(tmp_path / "run", RandomAgent(), number_lines(150))
    last = max(read_played(run), key=lambda item: item.episode.seed)
    page.open(
        write_report([run], tmp_path / "report.html").page, f"#run=run&episode={episode_id(last.episode.episode)}"
    )
    assert "seed 149" in page.text("#episode-list [aria-current]")
    assert page.driver.execute_script("return document.querySelector('#episode-list').scrollTop") > 0


@pytest.mark.parametrize("thousands", [1, pytest.param(5, marks=pytest.mark.exhaustive)])
@pytest.mark.slow
def test_thousands_of_episodes_are_written_opened_and_searched_fast(page, tmp_path, thousands):
    """The limits are wide, since others run here; docs/evaluation.md says what an idle machine takes."""
    tasks = {"Blackjack": 420 * thousands, "EZPoints": 420 * thousands, "Points24": 100 * thousands}
    tasks["Household"] = 60 * thousands
    episodes = [EpisodeSpec(f"vlm_gym/{task}-v0", seed) for task, count in tasks.items() for seed in range(count)]
    run = play(tmp_path / "run", OracleAgent(0.8), episodes)
    start_s = time.process_time()
    report = write_report([run], tmp_path / "report.html")
    assert time.process_time() - start_s < 8 * thousands
    assert report.page.stat().st_size < 12_000_000 * thousands
    page.open(report.page)
    assert page.text("#found") == f"{thousands},000 episodes"
    assert page.has_drawn()
    assert page.driver.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd") < 15_000
    assert page.driver.execute_async_script(TIMED_SEARCH, "no such words") < 5_000
    assert page.text("#found") == "No episode fits these filters."
    assert mistakes(page.driver) == []


@pytest.mark.parametrize(("width", "is_dark"), [(390, False), (390, True), (1440, False), (1440, True)])
def test_nothing_is_wider_than_the_window(page, report, width, is_dark):
    look_like(page.driver, width=width, is_dark=is_dark)
    page.open(report.page)
    assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width
    assert mistakes(page.driver) == []


@pytest.mark.parametrize("is_dark", [False, True])
def test_text_stands_out_from_its_ground(page, report, is_dark):
    look_like(page.driver, is_dark=is_dark)
    page.open(report.page)
    assert page.driver.execute_script(LOW_CONTRAST) == []


def test_everything_that_can_be_used_has_a_name(opened):
    unnamed = opened.driver.execute_script(UNNAMED)
    assert unnamed == []


TIMED_SEARCH = """
const [words, done] = arguments;
const start = performance.now();
byId("filters").elements.text.value = words;
refresh().then(() => done(performance.now() - start));
"""
UNNAMED = """
const isNamed = (node) => node.textContent.trim() || node.getAttribute("aria-label") || node.labels?.length;
const used = document.querySelectorAll("button, select, input, canvas, nav, [tabindex='0']");
return [...used].filter((node) => !isNamed(node)).map((node) => node.outerHTML);
"""
LOW_CONTRAST = """
const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const color = numbers(getComputedStyle(node).backgroundColor);
    if (color[3] !== 0) return color;
  }
};
return [...document.querySelectorAll("main *, header *, footer *")].filter((node) => {
  if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()) || node.disabled) return false;
  const [a, b] = [luminance(numbers(getComputedStyle(node).color)), luminance(ground(node))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
}).map((node) => node.outerHTML.slice(0, 200));
"""


def test_games_in_two_kinds_of_pictures_stand_side_by_side(page, tmp_path):
    first = "vlm_gym/NumberLine-v0"
    register_task(replace(TASKS[first], id="there/NumberLine-v0", same_games=first))
    specs = [EpisodeSpec(task, seed) for task in (first, "there/NumberLine-v0") for seed in range(4)]
    page.open(write_report([play(tmp_path / "run", OracleAgent(0.5), specs)], tmp_path / "report.html").page)
    assert mistakes(page.driver) == []
    told = page.text("#comparison .compared")
    assert all(word in told for word in ("The same games in other pictures", "Drawn here", "Drawn there", "Games"))
    assert len(page.all("#comparison tbody tr")) == 1
