"""How often random presses solve a points game, by following every sequence of them under the real rules."""

from vlm_gym.games.cards import SUITS, Card


def cards_of(hand):
    """Return cards that count these numbers, 1 to 10."""
    return tuple(Card("A" if number == 1 else str(number), SUITS[0]) for number in hand)


def solved_share(rules, start, turns):
    """Follow every sequence of presses from a state; illegal ones stay in place."""
    chances = {start: 1.0}
    solved = 0.0
    for _ in range(turns):
        after = {}
        for state, chance in chances.items():
            for name in rules.actions.names:
                moved = rules.press(state, name).state
                after[moved] = after.get(moved, 0.0) + chance / len(rules.actions)
        solved += sum(chance for state, chance in after.items() if state.result == "solved")
        chances = {state: chance for state, chance in after.items() if state.result is None}
    return solved
