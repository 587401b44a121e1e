"""Pixels: a view in, a uint8 picture out. Deterministic."""
