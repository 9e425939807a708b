from __future__ import annotations

from rostrum.testing.conformance.logs.files import LogsConformance


class TestLogs(LogsConformance):
    pass
