"""Shells: the Gymnasium environments, glue around rules, pictures, prompts and oracles."""
