"""What tests of the executors' parts share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rostrum.executors.reactor import SelectorReactor


@pytest.fixture
def reactor() -> Iterator[SelectorReactor]:
    reactor = SelectorReactor()
    yield reactor
    reactor.close()
