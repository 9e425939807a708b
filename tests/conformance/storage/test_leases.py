from __future__ import annotations

from rostrum.testing.conformance.storage.leases import LeasesConformance, SlotsConformance


class TestLeases(LeasesConformance):
    pass


class TestSlots(SlotsConformance):
    pass
