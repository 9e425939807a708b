from __future__ import annotations

from rostrum.testing.conformance.storage.runs import RunListConformance, RunsConformance


class TestRunList(RunListConformance):
    pass


class TestRuns(RunsConformance):
    pass
