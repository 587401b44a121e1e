"""Words out: a view in, text out."""
