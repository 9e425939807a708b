"""Every log store of ours, empty."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rostrum.interfaces.logs import LogLimits, LogStore
from rostrum.storage.logs.local import LocalLogStore
from rostrum.storage.logs.objects import ObjectLogStore
from tests.s3_server import S3Server, s3_server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with s3_server("logs") as server:
        yield server


@pytest.fixture(params=["local", "memory", "folder", "s3"])
def log_stores(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[LogLimits], LogStore]:
    """Opens the test's own place."""
    own = uuid.uuid4().hex
    if request.param == "local":
        return lambda limits: LocalLogStore(tmp_path / "logs", limits)
    if request.param == "memory":
        return lambda limits: ObjectLogStore(None, limits, url=f"memory://{own}")
    if request.param == "folder":
        return lambda limits: ObjectLogStore(None, limits, url=str(tmp_path / "objects"), prefix="deep/er")
    server: S3Server = request.getfixturevalue("s3")
    return lambda limits: ObjectLogStore(None, limits, url="s3://logs", prefix=own, **server.options)
