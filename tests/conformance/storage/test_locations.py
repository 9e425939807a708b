from __future__ import annotations

from rostrum.testing.conformance.storage.locations import LocationsConformance, PrincipalsConformance


class TestLocations(LocationsConformance):
    pass


class TestPrincipals(PrincipalsConformance):
    pass
