from __future__ import annotations

from rostrum.testing.conformance.storage.leases import LeasesConformance
from rostrum.testing.conformance.storage.pools import PoolsConformance


class TestLeases(LeasesConformance):
    pass


class TestPools(PoolsConformance):
    pass
