"""What executors with workers elsewhere are tried with: a control plane that is reached over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.executors.elsewhere import Cluster
from tests.integration.gateway.served import Gateway, Plane


@pytest.fixture(scope="module")
def cluster_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The clusters' processes are started with it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROSTRUM_HOME", str(folder / "home"))
        patch.setenv("ROSTRUM_TEST_FOLDER", str(folder))
        yield folder


@pytest.fixture(scope="module")
def cluster_plane(cluster_folder: Path) -> Iterator[Plane]:
    plane = Plane(cluster_folder)
    yield plane
    plane.close()


@pytest.fixture(scope="module")
def cluster_gateway(cluster_plane: Plane) -> Iterator[Gateway]:
    gateway = Gateway(cluster_plane, tcp=True).start()
    yield gateway
    gateway.stop(hard=True)


@pytest.fixture(scope="module")
def cluster(cluster_plane: Plane, cluster_gateway: Gateway, cluster_folder: Path) -> Cluster:
    return Cluster(cluster_plane, cluster_gateway, cluster_folder)
