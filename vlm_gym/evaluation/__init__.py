"""Agents and statistics for measuring a score."""
