from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rostrum.io_managers.filesystem import FilesystemIOManager
from rostrum.io_managers.memory import InMemoryIOManager
from rostrum.io_managers.paths import segment
from rostrum.model.errors import InvocationError
from rostrum.testing.conformance.io_managers.suite import (
    HOSTILE,
    LETTERS,
    TWO,
    IOManagerSuite,
    loading,
    output,
)


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


def test_segments_are_readable_and_different() -> None:
    assert segment("2024-01-02") == "2024-01-02"
    assert segment("a b|c*[1]") == "a b|c%2A[1]"
    assert segment("..") == "%2E%2E"
    names = [*HOSTILE, "x" * 401, "%", "a ", "a", "a.", "%2E"]
    assert len({segment(name) for name in names}) == len(set(names))
    assert all(0 < len(segment(name).encode()) <= 210 for name in names)
