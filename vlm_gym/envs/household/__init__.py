"""The household environments, and the engines that play their games: engine.py says what an engine is."""
