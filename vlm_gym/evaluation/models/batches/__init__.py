"""Providers' batch APIs: many requests in one file, cheaper and later. One turn of all episodes is one batch."""
