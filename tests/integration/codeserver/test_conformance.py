"""The suites of `CodeLocation` and `Launcher` over a real code server, forking and not forking."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rostrum.testing.conformance.code_location import CODE, EvaluationConformance, VersionsConformance
from rostrum.testing.conformance.launchers import LauncherConformance
from tests.integration.codeserver.bench import RUNS, CodeServerBench

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module", params=["always", "never"])
def serving(request: pytest.FixtureRequest) -> Iterator[CodeServerBench]:
    bench = CodeServerBench(CODE, request.param)
    yield bench
    bench.close()


@pytest.fixture(scope="module", params=["always", "never"])
def launching(request: pytest.FixtureRequest) -> Iterator[CodeServerBench]:
    bench = CodeServerBench(RUNS, request.param)
    yield bench
    bench.close()


class TestCodeLocation(VersionsConformance, EvaluationConformance):
    @pytest.fixture
    def bench(self, serving: CodeServerBench) -> CodeServerBench:
        if serving.file.read_text() != CODE:
            serving.write(CODE)
            assert serving.location.reload().error is None
        return serving


class TestLauncher(LauncherConformance):
    @pytest.fixture
    def bench(self, launching: CodeServerBench) -> CodeServerBench:
        return launching
