"""Shared by all tests: no setting of this machine leaks in, and property tests repeat.

Random order, warnings as errors, strict markers and the time limit are set in pyproject.toml.
`HYPOTHESIS_PROFILE=explore` searches with fresh seeds; what it finds belongs into the test as an example.
"""

from __future__ import annotations

import os

import hypothesis
import pytest

hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

pytest.register_assert_rewrite("rostrum.testing.conformance")

KEPT_SETTINGS = {"ROSTRUM_CHROMIUM"}  # where a tool of the tests is


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own ROSTRUM_* variables must not change what a test sees."""
    for name in set(os.environ) - KEPT_SETTINGS:
        if name.startswith("ROSTRUM_"):
            monkeypatch.delenv(name)
