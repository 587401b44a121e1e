"""What scores: readings of the picture, floors, statistics, comparisons, summaries."""
