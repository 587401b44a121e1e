"""Wrappers that know this suite."""
