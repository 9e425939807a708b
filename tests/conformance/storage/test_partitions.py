from __future__ import annotations

from rostrum.testing.conformance.storage.partitions import PartitionsConformance


class TestPartitions(PartitionsConformance):
    pass
