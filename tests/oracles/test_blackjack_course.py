"""Blackjack on days that are different: oracle, floors and ceilings against a computation of the test's own."""

from functools import cache
from itertools import product

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.games.blackjack import BlackjackRules, view_of
from vlm_gym.games.blackjack_course import DayRules
from vlm_gym.ladders import ladders
from vlm_gym.oracles.blackjack import BlackjackOracle
from vlm_gym.oracles.blackjack_course import best_odds, random_odds, usual_odds

LEVELS = next(ladder.tasks[1:] for ladder in ladders("course") if "Blackjack" in ladder.base.id)
RANKS = ("A", "2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K")
USUAL = {"A": 1, **{str(n): n for n in range(2, 11)}, "J": 10, "Q": 10, "K": 10}
DAYS = [(rank, number) for rank in RANKS for number in range(2, 11) if number != USUAL[rank]]


class PlainDay:
    """A day's odds to win, by plain recursion over ranks: a hand is its sum with aces as 1, and whether it has one."""

    def __init__(self, rank, number):
        self.values = {**USUAL, rank: number}
        self.has_aces = rank != "A"
        self.stand, self.hidden, self.dealer = cache(self._stand), cache(self._hidden), cache(self._dealer)
        self.best, self.random = cache(self._best), cache(self._random)

    def add(self, hand, rank):
        return hand[0] + self.values[rank], hand[1] or (rank == "A" and self.has_aces)

    @staticmethod
    def total(hand):
        return hand[0] + 10 if hand[1] and hand[0] <= 11 else hand[0]

    def _dealer(self, hand):
        """Return the chances of the dealer's last totals, with 22 for more than 21."""
        chances = np.zeros(23)
        if self.total(hand) >= 17:
            chances[min(self.total(hand), 22)] = 1.0
            return chances
        return sum(self.dealer(self.add(hand, rank)) for rank in RANKS) / 13

    def _hidden(self, shown):
        open_card = self.add((0, False), shown)
        return sum(self.dealer(self.add(open_card, rank)) for rank in RANKS) / 13

    def _stand(self, total, shown):
        ends = self.hidden(shown)
        return float(ends[:total].sum() + ends[22])

    def hit(self, hand, shown, value):
        after = [self.add(hand, rank) for rank in RANKS]
        return sum(value(one, shown) for one in after if self.total(one) <= 21) / 13

    def _best(self, hand, shown):
        return max(self.stand(self.total(hand), shown), self.hit(hand, shown, self.best))

    def _random(self, hand, shown):
        return (self.stand(self.total(hand), shown) + self.hit(hand, shown, self.random)) / 2

    def start(self, first, second):
        return self.add(self.add((0, False), first), second)


@pytest.fixture(scope="module")
def days():
    return {day: PlainDay(*day) for day in DAYS}


def test_floor_and_ceiling_are_the_means_over_all_deals_and_days(days):
    best = floor = 0.0
    for first, second, shown in product(RANKS, repeat=3):
        for rank in (first, second, shown):
            numbers = [number for number in range(2, 11) if number != USUAL[rank]]
            weight = 1 / (13**3 * 3 * len(numbers))
            for number in numbers if first <= second else ():  # the other order is worth the same
                day = days[rank, number]
                hand, times = day.start(first, second), 1 + (first != second)
                best += times * weight * day.best(hand, shown)
                floor += times * weight * day.random(hand, shown)
    assert best_odds(BlackjackRules()).win == pytest.approx(best, rel=1e-12)
    assert random_odds(BlackjackRules()).win == pytest.approx(floor, rel=1e-12)
    for task in LEVELS:
        assert task.best_success == pytest.approx(best, abs=5e-7)
        assert task.random_success == pytest.approx(floor, abs=5e-7)


@pytest.mark.parametrize("task", LEVELS, ids=lambda task: task.id)
def test_the_oracle_knows_what_every_action_is_worth(task, days):
    env = gym.make(task.id, disable_env_checker=True).unwrapped
    for seed in range(60):
        env.reset(seed=seed)
        is_over = False
        while not is_over:
            state = env.state
            day, shown, hand = days[state.day.today], state.dealer[0].rank, (0, False)
            for card in state.player:
                hand = day.add(hand, card.rank)
            stand, hit = day.stand(day.total(hand), shown), day.hit(hand, shown, day.best)
            assert env.action_values() == pytest.approx({"stand": stand, "hit": hit}, rel=1e-12)
            assert env.optimal_value() == pytest.approx(max(stand, hit), rel=1e-12)
            assert env.oracle_action() == ("hit" if hit > stand else "stand")
            assert {field.name: field.truth for field in env.readings()}["total"] == str(day.total(hand))
            is_over = env.play(env.oracle_action())[2]


def test_play_by_the_usual_values_wins_less_and_as_often_as_is_said():
    rules, rng, wins, games = DayRules(), np.random.default_rng(1), 0, 1500
    usual = BlackjackOracle(BlackjackRules())
    for _ in range(games):
        state = rules.deal(rng)
        today = rules.of_day(state.day.today)
        while state.result is None:
            view = view_of(state)
            counted = type(view)(view.player, view.dealer)
            total = sum(USUAL[card.rank] for card in view.player)
            state = today.play(state, usual.best_action(counted) if total <= 21 else "stand", rng).state
        wins += state.result == "win"
    told = usual_odds(BlackjackRules()).win
    assert told < LEVELS[0].best_success - 0.05
    assert abs(wins / games - told) < 4 * np.sqrt(told * (1 - told) / games)
