from __future__ import annotations

from rostrum.testing.conformance.storage.assets import AssetsConformance


class TestAssets(AssetsConformance):
    pass
