"""The pictures of the axis *seeing*: the same games, thrown on a table, tilted, bent, in light and shadow."""
