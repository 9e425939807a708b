"""Real processes; each test has a home of its own with a short path (unix sockets have a limit)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.acceptance.servers import Dev, Project, dev_on


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder with a short path."""
    folder = Path(tempfile.mkdtemp(prefix="rst"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The project with gates."""
    return Project(tmp_path / "project")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what its server printed."""
    report = yield
    server = getattr(item, "funcargs", {}).get("dev")
    if report.failed and isinstance(server, Dev):
        report.sections.append(("rostrum dev printed", server.process.text[-6000:]))
    return report


@pytest.fixture
def dev(project: Project, home: Path) -> Iterator[Dev]:
    """`rostrum dev` on the project with gates."""
    with dev_on(project, home) as server:
        yield server
