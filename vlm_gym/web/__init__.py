"""Play as a person in the browser: a page on the loopback address, episodes recorded like an agent's."""
