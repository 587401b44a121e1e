"""Solvers: the state in; the best action, the exact value and the exact score of random play out."""
