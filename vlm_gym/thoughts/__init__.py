"""Reasoning that is true to what the player sees, in many wordings; a game family keeps its file stem."""
