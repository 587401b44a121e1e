"""Words in: text in, Parsed or Unparsed out. Total and pure."""
