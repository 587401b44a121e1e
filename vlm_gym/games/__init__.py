"""Rules: a state and a move in, an outcome out. Pure; no gymnasium, no pixels, no prompts."""
