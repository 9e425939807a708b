from __future__ import annotations

from rostrum.testing.conformance.logs.files import LogsConformance
from rostrum.testing.conformance.logs.limits import LogLimitsConformance


class TestLogs(LogsConformance):
    pass


class TestLimits(LogLimitsConformance):
    pass
