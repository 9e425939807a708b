from __future__ import annotations

from rostrum.testing.conformance.storage.events import EventsConformance


class TestEvents(EventsConformance):
    pass
