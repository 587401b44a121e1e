"""The forms in which data sets are written."""
