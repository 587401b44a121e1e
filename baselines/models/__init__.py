"""The models that play: everything that knows a model's name, its chat template or a token id stands here."""
