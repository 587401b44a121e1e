"""The page's address: filters and episodes are in it, and a dead link says so. And the turns that decided."""

import pytest
from browser import mistakes
from sample_runs import play

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import RandomAgent
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.report.results import episode_id
from vlm_gym.evaluation.runs.played import read_played

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(page, report):
    page.open(report.page)
    return page


def test_filters_are_in_the_address_and_come_back_with_it(opened, report):
    for name, value in {"runs": "noisy", "outcome": "failure", "text": "action"}.items():
        opened.choose(name, value)
    opened.wait_for("return location.hash.includes('text=action')")
    found, address = opened.text("#found"), opened.driver.current_url
    opened.open(report.page, address[address.index("#") :])
    assert opened.text("#found") == found
    fields = "return ['runs', 'outcome', 'text'].map((name) => document.querySelector('#filters').elements[name].value)"
    assert opened.driver.execute_script(fields) == ["noisy", "failure", "action"]
    opened.press_button("Clear the filters")
    opened.wait_for("return !location.hash.includes('outcome')")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("#run=random&episode=00000000", "the episode 00000000 of the run “random”"),
        ("#episode=00000000&turn=3", "the episode 00000000"),
        ("#run=nobody&episode={id}", "of the run “nobody”"),
        ("#run=random&episode={id}&turn=999", "turn 999 of"),
        ("#run=random&episode={id}&turn=<b>", "turn <b> of"),
        ("#outcome=strange", "outcome “strange”"),
        ("#runs=nobody&task=Chess-v0", "runs “nobody”; task “Chess-v0”"),
        ("#outcome=__proto__&turns=constructor", "outcome “__proto__”; turns “constructor”"),
        ("#turns=%E2%80%AE", "turns “‹U+202E›”"),
    ],
)
def test_a_dead_link_says_what_is_not_there(page, report, runs, address, told):
    id_ = episode_id(read_played(runs / "random")[0].episode.episode)
    page.open(report.page, address.format(id=id_))
    assert told in page.text("#dead-link")
    assert page.all("#dead-link")[0].is_displayed()
    assert page.all(".viewer h3")  # and something is shown all the same
    page.press("n")
    page.wait_for("return document.querySelector('#dead-link').hidden")
    assert mistakes(page.driver) == []


def test_an_address_that_is_none_of_ours_is_left_alone(page, report):
    for address in ("#charts", "#", "#&&&==", "#runs", "#other=1", "#%"):
        page.open(report.page, address)
        assert not page.all("#dead-link")[0].is_displayed()
        assert page.text("#found") == "24 episodes"
        assert mistakes(page.driver) == []


def test_a_key_leads_to_the_turn_that_decided(page, tmp_path):
    run = play(tmp_path / "random", RandomAgent(), [EpisodeSpec("vlm_gym/Blackjack-v0", seed) for seed in range(40)])
    item = max(read_played(run), key=lambda item: (len(item.turns) > 1) * max(turn.regret for turn in item.turns))
    page.open(write_report([run], tmp_path / "report.html").page, f"#episode={episode_id(item.episode.episode)}")
    worst = max(item.turns, key=lambda turn: turn.regret)
    page.press("d")
    assert page.turn() == f"Turn {worst.turn} of {len(item.turns)}"
    assert "largest regret" in page.text(".turn-facts")
    marked = page.all(".turn-strip .deciding")
    assert [each.text for each in marked] == [f"★ {worst.turn}"]
    assert "largest regret" in marked[0].get_attribute("aria-label")
    page.press("\ue011")
    page.press_button("★ Deciding turn")
    assert page.turn() == f"Turn {worst.turn} of {len(item.turns)}"


def test_the_first_misreading_is_marked(page, misread_run, tmp_path):
    page.open(write_report([misread_run], tmp_path / "report.html").page)
    page.press("\ue014")
    page.press("d")
    page.press("d")
    steps = [each.get_attribute("data-step") for each in page.all(".turn-strip .first-misreading")]
    assert steps == ["strip-0"]


def test_an_episode_without_mistakes_has_no_deciding_turn(page, report, runs):
    item = next(item for item in read_played(runs / "noisy") if not any(turn.regret for turn in item.turns))
    page.open(report.page, f"#run=noisy&episode={episode_id(item.episode.episode)}")
    assert page.all(".to-deciding, .deciding") == []
    before = page.turn()
    page.press("d")
    assert page.turn() == before
