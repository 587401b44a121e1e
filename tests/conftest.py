"""Settings of all tests: importing vlm_gym registers its ids."""

import hypothesis

import vlm_gym  # noqa: F401

hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")
