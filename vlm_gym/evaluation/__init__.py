"""Measuring a score: `models` reach what plays, `runs` play and record, `scores` judge, `report` shows."""
