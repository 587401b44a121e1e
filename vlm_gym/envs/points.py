"""The points environments: EZPoints and Points24, pressed token by token or answered at once."""

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar, Final, get_args

import numpy as np

from vlm_gym.actions import ActionSet, Vocabulary
from vlm_gym.envs.base import ActionT, Status, TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError, apart, check_choice, check_int
from vlm_gym.fields import Field, kinds
from vlm_gym.games import formula
from vlm_gym.games.cards import Card, FaceCards, read_cards
from vlm_gym.games.outcome import Outcome
from vlm_gym.games.points import (
    Deal,
    FormulaVocabulary,
    PointsRules,
    PointsState,
    PointsView,
)
from vlm_gym.games.points_deal import CARD_APART, TWO_PLATES, Dealer
from vlm_gym.oracles import points as oracle
from vlm_gym.oracles.deals import solvable_deal_odds
from vlm_gym.prompts import points as words
from vlm_gym.prompts import points_deal as deal_words
from vlm_gym.render.canvas import Picture
from vlm_gym.render.points import PointsPictures
from vlm_gym.render.seeing.look import MAX_SEEING, Look, draw_look
from vlm_gym.render.theme import THEMES, read_theme
from vlm_gym.thoughts.points import FormulaThinker, PressThinker
from vlm_gym.thoughts.thinker import Thinker

MAX_TARGET: Final = 10**9
MAX_NUM_CARDS: Final = 6  # up to here the solver is exact within about a second
MAX_SPARE_PRESSES: Final = 100
SYMBOL_SETS: Final = ("+-*/()=", "+*=", "+-*()=", "+-*=")
LATEST_VERSION: Final = 1  # of the formula tasks' prompts
MAX_ATTEMPTS: Final = 100
KEYS: Final = {
    **{digit: digit for digit in "123456789"}, "0": "10", "j": "11", "q": "12", "k": "13",
    **{sign: sign for sign in "+-*/()="}, "p": "+", "m": "-", "t": "*", "d": "/", "o": "(", "c": ")", "e": "=",
}  # fmt: skip
"""Letters stand for signs that keyboards have behind the shift key: plus, minus, times, divide, open, close, equals."""


class _CardsEnv(TaskEnv[PointsState, ActionT]):
    """What both forms share: the deal, the picture, the end."""

    reward_weights: ClassVar[Mapping[str, float]] = {"solved": 10.0, "wrong": -1.0, "illegal": -1.0}
    themes: ClassVar[tuple[str, ...]] = tuple(THEMES)
    keys: ClassVar[Mapping[str, str]] = KEYS
    option_names: ClassVar[tuple[str, ...]] = ("cards", "target")
    attempts: int = 1
    spare_presses: int | None = None
    least_pairs: int = 0

    def __init__(
        self, settings: TaskSettings | None, dealer: Dealer, actions: Vocabulary, *, solvable: bool, seeing: int
    ) -> None:
        if not isinstance(solvable, bool):
            raise ConfigError(f"solvable must be True or False, got {solvable!r}")
        num_actions = len(actions) if isinstance(actions, ActionSet) else None
        super().__init__(settings or TaskSettings(), actions, num_actions)
        self.theme = read_theme(self.settings.theme)
        self._pictures = PointsPictures(self.settings.image_size, self.theme)
        self.dealer = dealer
        self.rules = dealer.rules
        self.solvable = solvable
        self._is_plain = dealer.is_plain and self.spare_presses is None and not self.least_pairs
        self._scene = deal_words.Scene(dealer.rules, dealer.targets is not None)
        check_int("seeing", seeing, 0, MAX_SEEING)
        if seeing and dealer.course >= CARD_APART:
            reason = "the tray, which course=1 does not have, is drawn on the plain table only"
            raise apart(f"seeing={seeing}", f"course={dealer.course}", reason)
        self.seeing = seeing
        self.look: Look | None = None
        if solvable:  # a target that no deal can make is refused here, not at the first reset
            rng = np.random.default_rng(0)
            _ = self._deal_cards(rng) if self._is_plain else self._deal_more(None, None, rng)

    def _deal(self, options: Mapping[str, Any]) -> PointsState:
        cards = target = None
        if "cards" in options:
            cards = read_cards("options['cards']", options["cards"], self.rules.num_cards)
        if "target" in options:
            target = self._check_target(options["target"])
        deal = None
        if self._is_plain:
            cards = cards or self._deal_cards(self.np_random)
        else:
            cards, deal = self._deal_more(cards, target, self.np_random)
        self.look = draw_look(self.seeing, self.np_random)
        return PointsState(cards, (), self.attempts, None, deal)

    def _check_target(self, target: Any) -> int:
        targets = self.dealer.targets
        if targets is None:
            raise ConfigError(f"options['target'] needs a task whose target is dealt; here it is {self.rules.target}")
        check_int("options['target']", target, targets.start, targets.stop - 1)
        return int(target)

    def _deal_more(
        self, cards: tuple[Card, ...] | None, target: int | None, rng: np.random.Generator
    ) -> tuple[tuple[Card, ...], Deal]:
        """Deal all that is dealt in this task, with so many presses as a shortest formula needs, and some to spare."""
        is_wanted = self._is_wanted if self.solvable and (cards is None or self.spare_presses is not None) else None
        dealt = self.dealer.deal(rng, cards, target, is_wanted)
        if dealt is None:
            raise ConfigError(
                f"solvable=True with least_pairs={self.least_pairs} found nothing to deal: no cards that were tried "
                f"{'' if cards is None else 'as the options say '}make the target so; choose others, or solvable=False"
            )
        if self.spare_presses is None:
            return dealt
        cards, deal = dealt
        solution = oracle.complete((), deal.rules.numbers(cards), deal.rules.target, deal.rules.symbols) or ()
        return cards, replace(deal, presses=len(solution) + self.spare_presses)

    def _is_wanted(self, rules: PointsRules, numbers: tuple[int, ...]) -> bool:
        solution = oracle.complete((), numbers, rules.target, rules.symbols)
        return solution is not None and solution.count(formula.OPEN) >= self.least_pairs

    def _rules_of(self, state: PointsState) -> PointsRules:
        return self.rules if state.deal is None else state.deal.rules

    def _deal_cards(self, rng: np.random.Generator) -> tuple[Card, ...]:
        """Draw cards; solvable ones, if they are rare, from the list of all, with the same odds."""
        if not self.solvable:
            return self.rules.deal(rng)
        return self.rules.deal_wanted(rng, self._is_solvable) or self._deal_rare(rng)

    def _deal_rare(self, rng: np.random.Generator) -> tuple[Card, ...]:
        odds = _solvable_hands(self.rules)
        if not odds:
            raise ConfigError(
                f"solvable=True needs a target that some deal makes, but no {self.rules.num_cards} cards make "
                f"target={self.rules.target}: choose another target, or solvable=False"
            )
        hands = tuple(odds)
        return self.rules.deal_numbers(hands[int(rng.choice(len(hands), p=list(odds.values())))], rng)

    def _is_solvable(self, numbers: tuple[int, ...]) -> bool:
        return oracle.is_solvable(numbers, self.rules.target, self.rules.symbols)

    def _status(self, state: PointsState) -> Status:
        is_success = state.result == "solved"
        return Status(state.result is not None, is_success, float(is_success))

    def _view(self, state: PointsState) -> PointsView:
        deal = state.deal
        if deal is None:
            return PointsView(state.cards, state.tokens, self.rules.target)
        presses_left = None if deal.presses is None else deal.presses - len(state.tokens)
        return PointsView(state.cards, state.tokens, deal.rules.target, None, presses_left, deal)

    def _draw(self, state: PointsState) -> Picture:
        return self._pictures.draw(self._view(state), self.canvas, self.look)

    def _describe(self, state: PointsState) -> str:
        view = self._view(state)
        return words.describe(view) if state.deal is None else deal_words.describe(view)

    def view(self) -> PointsView:
        """Return what the player sees."""
        return self._view(self.state)

    def numbers(self) -> tuple[int, ...]:
        """Return what the cards on the table count, in their order."""
        return self._rules_of(self.state).numbers(self.state.cards)

    def problem(self) -> str:
        """Return the target and the numbers in order: suits, and the order of the cards, change no solution."""
        return f"{self._rules_of(self.state).target} from {sorted(self.numbers())}"

    def rest_after(self, action: str) -> tuple[str, ...] | None:
        """Return what follows a token in a solution; None if it breaks a rule or leads to none."""
        is_legal = action in self._rules_of(self.state).legal_presses(self.state)
        return self._completion((*self.state.tokens, action)) if is_legal else None

    @classmethod
    def field_kinds(cls, arguments: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the kinds of the fields in old records."""
        cards = words.cards_field(arguments.get("face_cards", "ten"))
        return kinds((cards, words.FORMULA, words.PAPER_FORMULA))

    def _completion(self, tokens: tuple[str, ...]) -> tuple[str, ...] | None:
        rules = self._rules_of(self.state)
        plan = oracle.complete(tokens, rules.numbers(self.state.cards), rules.target, rules.symbols)
        presses = None if self.state.deal is None else self.state.deal.presses
        is_too_long = plan is not None and presses is not None and len(tokens) + len(plan) > presses
        return None if is_too_long else plan


class PointsEnv(_CardsEnv[int]):
    """Write a formula that equals the target out of the cards' numbers, one token a turn.

    ## Description
    The picture shows the cards, the target and the formula so far. Every card's number is used exactly once; an ace
    counts 1. Arithmetic is exact, so 8 / (3 - 8 / 3) is 24. The task asks whether a model reads cards, calculates and
    plans; Points24 is hard: it needs search.

    ## Action Space
    `Discrete(17)` for Points24: 1 to 10, `+ - * / ( ) =`. `Discrete(13)` for EZPoints: 1 to 10, `+ * =`. With
    `face_cards="rank"` the numbers go to 13.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`.

    ## Starting State
    Ranks are drawn independently; with `solvable=True` deals without a solution are dealt again.
    `reset(options={"cards": ["3H", "3C", "8S", "8D"]})` sets the cards, `"target"` a target that is dealt.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `solved` | +10 | when the finished formula equals the target |
    | `wrong` | -1 | when it does not, divides by zero, or no token is left to finish it |
    | `illegal` | -1 | for a token that breaks a rule; it is not written |
    | `fault` | -1 | for an answer that cannot be read (text play) |

    A token is illegal if no formula that uses every number once can go on with it: two numbers in a row, a number that
    is not there or is used, an operator with no number left, `=` before every number is used or with an open `(`.

    ## Episode End
    Terminates with `=`, or with the last token that may be written.
    Truncated after `5 * num_cards` turns in Points24 (20) and `3 * num_cards` in EZPoints (6); a
    formula that is finished on the last turn is judged.

    ## Information
    As in every task; `illegal` says which rule a token broke.

    ## Arguments
    `target`: 0 to 10**9, or a range such as "1-30" from which it is dealt. `num_cards`: 1 to 6. `symbols`: "+-*/()=",
    "+*=", "+-*()=" or "+-*=". `face_cards`: "ten" (J, Q, K count 10) or "rank" (11, 12, 13). `solvable`: deal solvable
    hands only.

    `course=0`: how much is otherwise for one episode, as its prompt says: from 1 a rank of the hand counts another
    number, from 2 a card lies in a tray and is not in the game, with 3 two plates show numbers, and the prompt says
    which one is the target (which must be a range). `spare_presses=None`: how many tokens more than in a shortest
    formula may be written before the game is lost; the picture shows how many are left. `least_pairs=0`: deal hands
    that need so many pairs of parentheses. Both need `solvable=True`.

    `seeing=0`: how hard the cards are to read, 0 to 4: 1 turned a little, of any size and deck, 2 turned any way, one
    on another, seen from the table's edge, 3 in light and shadow on a busy table, 4 smaller besides. What tells a card
    is not covered. It does not go with a card in the tray (`course` from 2).

    ## Registered Configurations
    | id | target | num_cards | symbols | solvable |
    |---|---|---|---|---|
    | `EZPoints-v0` | 12 | 2 | `+*=` | True |
    | `Points24-v0` | 24 | 4 | `+-*/()=` | False: 73.09 % of the deals have a solution |

    Harder ones: `Points24-Calculating-L1-v0`, `Points24-Planning-L1-v0`, `Points24-Course-L1-v0` and so on
    (`vlm_gym.ladders`).

    ## Differences from the paper's code
    No `eval`: adjacent numbers do not concatenate, and `**` and `//` cannot be written. Fractions instead of floats.
    An illegal token leaves the formula as it is. A formula finished at the turn limit is judged.

    ## References
    Zhai et al. 2024, arXiv 2405.10292, section 5.1.

    ## Version History
    v0: first version.
    """

    def __init__(
        self,
        settings: TaskSettings | None = None,
        *,
        target: int | str = 24,
        num_cards: int = 4,
        symbols: str = "+-*/()=",
        face_cards: FaceCards = "ten",
        solvable: bool = False,
        seeing: int = 0,
        course: int = 0,
        spare_presses: int | None = None,
        least_pairs: int = 0,
    ) -> None:
        dealer = _checked_dealer(target, num_cards, symbols, face_cards, course)
        check_int("least_pairs", least_pairs, 0, MAX_NUM_CARDS)
        if spare_presses is not None:
            check_int("spare_presses", spare_presses, 0, MAX_SPARE_PRESSES)
        if solvable is not True and (spare_presses is not None or least_pairs):
            raise ConfigError(
                "spare_presses and least_pairs count from a shortest solution, so they need solvable=True; got "
                f"solvable={solvable!r}, spare_presses={spare_presses!r}, least_pairs={least_pairs!r}"
            )
        if least_pairs and formula.OPEN not in symbols:
            reason = "without parentheses no formula needs a pair of them"
            raise apart(f"least_pairs={least_pairs}", f"symbols={symbols!r}", reason)
        self.spare_presses = spare_presses
        self.least_pairs = least_pairs
        super().__init__(settings, dealer, dealer.rules.actions, solvable=solvable, seeing=seeing)

    def _move(self, state: PointsState, action: str) -> Outcome[PointsState]:
        return self._rules_of(state).press(state, action)

    def _legal_actions(self, state: PointsState) -> tuple[str, ...]:
        return self._rules_of(state).legal_presses(state)

    def _read_out(self, state: PointsState) -> tuple[Field, ...]:
        if state.deal is not None:
            return deal_words.read_out(self._view(state), self._scene, self.settings.prompt)
        return words.read_out(self._view(state), self.rules, self.settings.prompt)

    def _write_prompt(self, state: PointsState) -> str:
        if state.deal is not None:
            return deal_words.write_prompt(self._view(state), self._scene, self.settings.prompt)
        return words.write_prompt(self._view(state), self.rules, self.settings.prompt)

    def _best_action(self, state: PointsState) -> str | None:
        completion = self._completion(state.tokens)
        return completion[0] if completion else None

    def _best_value(self, state: PointsState) -> float:
        return float(self._completion(state.tokens) is not None)

    def thinker(self) -> Thinker:
        """Return who thinks aloud in the episode."""
        return PressThinker(self)


class PointsFormulaEnv(_CardsEnv[str]):
    """Write the whole formula that equals the target in one answer.

    ## Description
    The cards and rules of `PointsEnv`, without the presses: one answer holds the formula. With `attempts` above 1 a
    wrong formula is shown with what it came to, and the model may try again; the prompt says which rule an illegal one
    broke.

    ## Action Space
    Free text (`AnswerSpace`), read by the parser (default "json"); the action is the formula, "(1+2)*8*1". A trailing
    "= 24" is ignored; x, × and ÷ are read as the operators.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`: the cards, the target, and on a retry the last formula.

    ## Starting State
    As in `PointsEnv`.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `solved` | +10 | when the formula equals the target |
    | `wrong` | -1 | when it does not, or divides by zero |
    | `illegal` | -1 | for a formula that breaks a rule |
    | `fault` | -1 | for an answer that holds no formula |

    ## Episode End
    Terminates with a right formula, or with the wrong or illegal one that uses up the last attempt. Truncated after
    `attempts` turns, which unreadable answers also use: an episode whose last turn ends it is not truncated.

    ## Information
    As in every task; `admissible_actions` is empty, since the vocabulary is open.

    ## Arguments
    Those of `PointsEnv`; `attempts=1`: how many formulas may be tried, 1 to 100; `version`: that of the id, of its
    prompts.

    ## Registered Configurations
    `EZPointsFormula-v1` and `Points24Formula-v1`, with the arguments of `EZPoints-v0` and `Points24-v0`, and their -v0.
    Harder ones: `Points24Formula-Calculating-L1-v0`, `Points24Formula-Course-L1-v0` and so on.

    ## References
    The whole-answer form follows later work on Points24 ("24 game" prompts); rules as in `PointsEnv`.

    ## Version History
    v1: the prompt says in words what a formula looks like; weak models copied the example. v0: first version.
    """

    actions: FormulaVocabulary
    tells_mistakes: ClassVar[bool] = True

    def __init__(
        self,
        settings: TaskSettings | None = None,
        *,
        target: int | str = 24,
        num_cards: int = 4,
        symbols: str = "+-*/()=",
        face_cards: FaceCards = "ten",
        solvable: bool = False,
        seeing: int = 0,
        attempts: int = 1,
        version: int = 0,
        course: int = 0,
    ) -> None:
        check_int("attempts", attempts, 1, MAX_ATTEMPTS)
        check_int("version", version, 0, LATEST_VERSION)
        dealer = _checked_dealer(target, num_cards, symbols, face_cards, course)
        vocabulary = FormulaVocabulary(num_cards, dealer.rules.symbols)
        super().__init__(settings, dealer, vocabulary, solvable=solvable, seeing=seeing)
        self.attempts = attempts
        self.rule = words.FORM_RULE if version else words.EXAMPLE_RULE

    def _view(self, state: PointsState) -> PointsView:
        value = formula.evaluate(state.tokens) if state.tokens else None
        target = self._rules_of(state).target
        return PointsView(state.cards, state.tokens, target, _shown(value) if state.tokens else None, None, state.deal)

    def _move(self, state: PointsState, action: str) -> Outcome[PointsState]:
        return self._rules_of(state).submit(state, action)

    def _legal_actions(self, state: PointsState) -> tuple[str, ...]:
        return ()

    def _read_out(self, state: PointsState) -> tuple[Field, ...]:
        if state.deal is not None:
            return deal_words.read_formula_out(self._view(state), self._scene)
        return words.read_cards_out(self._view(state), self.rules)

    def _write_prompt(self, state: PointsState) -> str:
        if state.deal is not None:
            return deal_words.write_formula_prompt(
                self._view(state), self._scene, self.actions.key, self.rule, self.settings.prompt
            )
        return words.write_formula_prompt(
            self.rules, self.actions.key, self.rule, self.settings.prompt, is_retry=bool(state.tokens)
        )

    def _best_action(self, state: PointsState) -> str | None:
        solution = self._completion(())
        return " ".join(solution[:-1]) if solution else None

    def _best_value(self, state: PointsState) -> float:
        return float(self._completion(()) is not None)

    def thinker(self) -> Thinker:
        """Return who thinks aloud in the episode."""
        return FormulaThinker(self)


@lru_cache(maxsize=16)
def _solvable_hands(rules: PointsRules) -> dict[tuple[int, ...], float]:
    """Return the odds of every hand that has a solution: 0.2 s for four cards, seconds for five."""
    return {hand: float(chance) for hand, chance in solvable_deal_odds(rules).items()}


def _checked_dealer(target: int | str, num_cards: int, symbols: str, face_cards: FaceCards, course: int) -> Dealer:
    targets = _target_range(target) if isinstance(target, str) else None
    lowest = targets.start if targets else target
    check_int("target", lowest, 0, MAX_TARGET)
    check_int("num_cards", num_cards, 1, MAX_NUM_CARDS)
    check_choice("symbols", symbols, SYMBOL_SETS)
    check_choice("face_cards", face_cards, get_args(FaceCards))
    check_int("course", course, 0, TWO_PLATES)
    if course >= TWO_PLATES and targets is None:
        raise ConfigError(f"course={course} lays two plates, so the target must be dealt, as in '1-30'; got {target!r}")
    return Dealer(PointsRules(int(lowest), num_cards, tuple(symbols), face_cards), targets, course)


def _target_range(target: str) -> range:
    match = re.fullmatch(r"(\d{1,9})-(\d{1,9})", target, re.ASCII)
    if match is None or int(match[1]) >= int(match[2]):
        raise ConfigError(f"target must be a number, or a range such as '1-30' from which it is dealt; got {target!r}")
    return range(int(match[1]), int(match[2]) + 1)


def _shown(value: Fraction | None) -> str:
    return "undefined" if value is None else str(value)
