"""The household games: the ALFWorld domain as a plain-Python engine.

A game file becomes a `World` (files.py, problem.py); a `HouseholdGame` plays it (game.py). The rules stand in rules.py
and tasks.py, the command words in commands.py, the sentences in text.py, and what a player sees in view.py.
"""
