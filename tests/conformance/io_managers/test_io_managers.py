from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rostrum.io_managers.filesystem import FilesystemIOManager
from rostrum.io_managers.folder import Folder
from rostrum.io_managers.memory import InMemoryIOManager
from rostrum.io_managers.paths import segment
from rostrum.io_managers.typed import TypedIOManager
from rostrum.model.errors import Denied, InvocationError, Unavailable
from rostrum.object_store.store import ObjectStore
from rostrum.testing.conformance.io_managers.suite import (
    HOSTILE,
    LETTERS,
    TWO,
    IOManagerSuite,
    loading,
    output,
)
from tests.conformance.io_managers.typed_suite import TypedSuite
from tests.s3_server import S3Server, s3_server


class TestMemory(IOManagerSuite):
    @pytest.fixture
    def manager(self) -> Any:
        return InMemoryIOManager()


class TestFilesystem(IOManagerSuite):
    @pytest.fixture
    def manager(self, tmp_path: Path) -> Any:
        return FilesystemIOManager(tmp_path)

    def test_the_layout(self, manager: FilesystemIOManager, tmp_path: Path) -> None:
        places = [
            (output("a/b"), "a/b"),
            (output("p", partitions=LETTERS, keys=["a"]), "p/a"),
            (output("m", partitions=TWO, keys=["1|a"]), "m/1/a"),
            (output(None), "run/step/result"),
            (output(None, name="dyn", mapping_key="k"), "run/step/dyn/k"),
        ]
        for context, path in places:
            manager.handle_output(context, 1)
            assert (tmp_path / path).is_file()
            assert context.added_metadata["path"].value == str(tmp_path / path)

    def test_nothing_leaves_the_folder_and_no_temporary_file_stays(
        self, manager: FilesystemIOManager, tmp_path: Path
    ) -> None:
        for key in HOSTILE:
            manager.handle_output(output("h", partitions=LETTERS, keys=[key]), key)
            assert Path(manager.path(output("h"), key)).parent == tmp_path / "h"
        assert len(list((tmp_path / "h").iterdir())) == len(HOSTILE)
        assert not list(tmp_path.rglob("*%tmp*"))

    def test_a_value_that_cannot_be_pickled_leaves_the_old_one(
        self, manager: FilesystemIOManager, tmp_path: Path
    ) -> None:
        stored = output()
        manager.handle_output(stored, 1)
        with pytest.raises(Exception, match="pickle"):
            manager.handle_output(stored, lambda: 1)
        assert manager.load_input(loading(stored)) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["asset"]

    def test_one_value_for_many_partitions_is_refused(self, manager: FilesystemIOManager) -> None:
        with pytest.raises(InvocationError, match="2 partitions"):
            manager.handle_output(output(partitions=LETTERS, keys=["a", "b"]), 1)

    def test_a_key_that_begins_another_is_explained(self, manager: FilesystemIOManager) -> None:
        manager.handle_output(output("a"), 1)
        with pytest.raises(InvocationError, match="a file is in the way"):
            manager.handle_output(output("a/b"), 1)
        manager.handle_output(output("c/d"), 1)
        with pytest.raises(InvocationError, match="a folder is in the way"):
            manager.handle_output(output("c"), 1)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server("data") as running:
        yield running


class TestTypedFolder(IOManagerSuite, TypedSuite):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Any:
        return partial(TypedIOManager, Folder(tmp_path / "values"))

    @pytest.fixture
    def manager(self, make: Any) -> Any:
        return make()

    def test_the_layout(self, manager: TypedIOManager, tmp_path: Path) -> None:
        places = [
            (output("a/b"), "a/b.json"),
            (output("p", partitions=LETTERS, keys=["a"]), "p/a.json"),
            (output("m", partitions=TWO, keys=["1|a"]), "m/1/a.json"),
            (output(None), "run/step/result.json"),
            (output(None, name="dyn", mapping_key="k"), "run/step/dyn/k.json"),
        ]
        for context, path in places:
            manager.handle_output(context, 1)
            assert (tmp_path / "values" / path).read_text() == "1"
            assert context.added_metadata["path"].value == str(tmp_path / "values" / path)

    def test_nothing_leaves_the_folder(self, manager: TypedIOManager, tmp_path: Path) -> None:
        for key in HOSTILE:
            manager.handle_output(output("h", partitions=LETTERS, keys=[key]), key)
            manager.handle_output(output(None, step_key=key or "x", name=key), key)
        found = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(found) == 4 * len(HOSTILE)
        assert all(path.is_relative_to(tmp_path / "values") for path in found)
        assert {path.parent for path in found if path.is_relative_to(tmp_path / "values/h")} == {tmp_path / "values/h"}

    def test_a_process_that_is_killed_leaves_a_whole_value(self, make: Any, tmp_path: Path) -> None:
        """kill -9 at any time: the value before, or the one after, never a part."""
        code = f"""
from rostrum.testing.conformance.io_managers.suite import output
from rostrum.io_managers.typed import TypedIOManager
from rostrum.io_managers.folder import Folder
manager = TypedIOManager(Folder({str(tmp_path / "values")!r}), format="json")
for number in range(10**6):
    manager.handle_output(output(), [number] * 50_000)
    print(number, flush=True)
"""
        for turn in range(3):
            child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            assert child.stdout is not None
            for _ in range(2 + turn):
                child.stdout.readline()
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            child.stdout.close()
            value = make().load_input(loading(output()))
            assert len(value) == 50_000
            assert len(set(value)) == 1
        make().handle_output(output(), "after")
        assert make().load_input(loading(output())) == "after"

    def test_a_full_disk_or_a_folder_without_rights(self, manager: TypedIOManager, tmp_path: Path) -> None:
        (tmp_path / "values").write_text("in the way")
        with pytest.raises(InvocationError, match="a file is in the way"):
            manager.handle_output(output("a/b"), 1)


class TestTypedMemory(IOManagerSuite):
    @pytest.fixture
    def manager(self) -> Any:
        return TypedIOManager(ObjectStore(f"memory://{uuid.uuid4()}"))


class TestTypedS3(IOManagerSuite, TypedSuite):
    @pytest.fixture
    def make(self, server: S3Server) -> Any:
        return partial(TypedIOManager, ObjectStore(f"s3://data/{uuid.uuid4()}/prefix", server.options))

    @pytest.fixture
    def manager(self, make: Any) -> Any:
        return make()

    def test_nothing_leaves_the_prefix(self, manager: TypedIOManager, server: S3Server) -> None:
        before = _keys(server)
        for key in HOSTILE:
            manager.handle_output(output(f"x/{segment(key)}", partitions=LETTERS, keys=[key]), key)
        prefix = manager.objects.address("").removeprefix("s3://data/")
        made = _keys(server) - before
        assert len(made) == 2 * len(HOSTILE)
        assert all(key.startswith(f"{prefix}/x/") for key in made)

    def test_errors_name_asset_partition_and_place(self, manager: TypedIOManager, server: S3Server) -> None:
        stored = output("a", partitions=LETTERS, keys=["b"])
        nowhere = TypedIOManager(ObjectStore("s3://nowhere/p", server.options))
        with pytest.raises(Unavailable, match=r"asset a, partition b: .*s3://nowhere/p/a/b\.json.*no such bucket"):
            nowhere.handle_output(stored, 1)
        server.refused = "/a/b"
        try:
            with pytest.raises(Denied, match=r"asset a, partition b: .*s3://data/.*/a/b\.json.*Check the credentials"):
                manager.handle_output(stored, 1)
        finally:
            server.refused = None

    def test_a_part_of_a_large_table_is_a_part_of_the_bytes(self, manager: TypedIOManager, server: S3Server) -> None:
        import numpy as np
        import pyarrow as pa

        rows = np.random.default_rng(1).random(400_000)
        stored = output("large")
        manager.handle_output(stored, pa.table({f"c{number}": rows for number in range(8)}))
        context = loading(stored)
        context.definition_metadata = {"columns": ["c3"]}
        del server.asked[:]
        server.sent = 0
        assert manager.load_input(context).num_rows == 400_000
        assert server.sent < 12_000_000 < stored.added_metadata["size_bytes"].value


def _keys(server: S3Server) -> set[str]:
    pages = server.client().get_paginator("list_objects_v2").paginate(Bucket="data")
    return {each["Key"] for page in pages for each in page.get("Contents", ())}


def test_segments_are_readable_and_different() -> None:
    assert segment("2024-01-02") == "2024-01-02"
    assert segment("a b|c*[1]") == "a b|c%2A[1]"
    assert segment("..") == "%2E%2E"
    names = [*HOSTILE, "x" * 401, "%", "a ", "a", "a.", "%2E"]
    assert len({segment(name) for name in names}) == len(set(names))
    assert all(0 < len(segment(name).encode()) <= 210 for name in names)
