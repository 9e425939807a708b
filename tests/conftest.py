"""Shared by all tests: no setting of this machine leaks in, and property tests repeat.

Random order, warnings as errors, strict markers and the time limit are set in pyproject.toml.
`HYPOTHESIS_PROFILE=explore` searches with fresh seeds; what it finds belongs into the test as an example.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from rostrum.interfaces.masks import KNOWN

hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

pytest.register_assert_rewrite("rostrum.testing.conformance")

KEPT_SETTINGS = {"ROSTRUM_CHROMIUM", "ROSTRUM_TEST_DOCKER"}  # where a tool of the tests is


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own ROSTRUM_* variables must not change what a test sees."""
    for name in set(os.environ) - KEPT_SETTINGS:
        if name.startswith("ROSTRUM_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def secrets_of_one_test() -> Iterator[None]:
    """What one test calls a secret must not be covered in what another one reads."""
    before = {name: getattr(KNOWN, name) for name in ("_values", "_texts", "_bytes", "longest")}
    yield
    for name, value in before.items():
        setattr(KNOWN, name, value)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Any]:
    """A real Docker engine for all tests that ask for one (`tests.docker_engine.DockerEngine`)."""
    from tests.docker_engine import NoEngine, an_engine  # few test runs need it

    try:
        engine = an_engine()
    except NoEngine as reason:
        if os.environ.get("ROSTRUM_TEST_DOCKER") == "require":
            raise
        pytest.skip(f"not run on a real Docker engine: {reason}")
    yield engine
    engine.close()
