from __future__ import annotations

from rostrum.testing.conformance.storage.automations import AutomationsConformance, BackfillsConformance


class TestAutomations(AutomationsConformance):
    pass


class TestBackfills(BackfillsConformance):
    pass
