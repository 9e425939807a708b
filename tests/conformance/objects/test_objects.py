from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum.model.errors import ArgumentError, Denied, Unavailable
from rostrum.object_store import store
from rostrum.object_store.store import ObjectStore, shown_address
from rostrum.testing.conformance.objects import ObjectsSuite
from tests.azure_server import azure_server
from tests.s3_server import S3Server, s3_server


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server("data") as running:
        yield running


class TestMemory(ObjectsSuite):
    @pytest.fixture
    def objects(self) -> Any:
        return ObjectStore(f"memory://{uuid.uuid4()}")

    def test_a_name_is_one_memory(self) -> None:
        ObjectStore("memory://shared-by-name").put("a", b"1")
        assert ObjectStore("memory://shared-by-name/").get("a") == b"1"


class TestFolder(ObjectsSuite):
    @pytest.fixture
    def objects(self, tmp_path: Path) -> Any:
        return ObjectStore(str(tmp_path / "objects"))

    def test_objects_are_files(self, objects: ObjectStore, tmp_path: Path) -> None:
        objects.put("a/b", b"1")
        path = objects.local_path("a/b")
        assert path == str(tmp_path / "objects/a/b")
        assert Path(path).read_bytes() == b"1"


class TestS3(ObjectsSuite):
    @pytest.fixture
    def objects(self, server: S3Server) -> Any:
        return ObjectStore(f"s3://data/{uuid.uuid4()}", server.options)

    def test_a_bucket_that_is_not_there(self, server: S3Server) -> None:
        missing = ObjectStore("s3://nowhere/p", server.options)
        for ask in (lambda: missing.put("a", b"1"), lambda: missing.get("a"), missing.keys):
            with pytest.raises(Unavailable, match=r"s3://nowhere/p.*no such bucket"):
                ask()

    def test_no_right_to_it(self, objects: ObjectStore, server: S3Server) -> None:
        server.refused = "/forbidden"
        with pytest.raises(Denied, match=r"s3://data/.*/forbidden: may not write.*AccessDenied.*Check the credentials"):
            objects.put("forbidden", b"1")

    def test_options_from_the_environment(self, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
        ObjectStore("s3://data/env").put("a", b"1")
        assert ObjectStore("s3://data", server.options).get("env/a") == b"1"


class TestGCS(ObjectsSuite):
    """In its own dialect, which the server of S3 understands as well."""

    @pytest.fixture
    def objects(self, server: S3Server) -> Any:
        account = {"client_email": "", "private_key": "", "private_key_id": ""}
        key = json.dumps({"gcs_base_url": server.url, "disable_oauth": True, **account})
        return ObjectStore(f"gs://data/{uuid.uuid4()}", {"google_service_account_key": key, "allow_http": "true"})


class TestAzure(ObjectsSuite):
    @pytest.fixture
    def objects(self) -> Iterator[Any]:
        with azure_server() as running:
            yield ObjectStore("az://container/prefix", running.options)


def test_an_address_that_is_none() -> None:
    with pytest.raises(ArgumentError, match=r"'ftp://host/x' is no address of an object store: it begins with one of"):
        ObjectStore("ftp://user:secret@host/x")
    with pytest.raises(ArgumentError, match="cannot be opened"):
        ObjectStore("s3://")
    with pytest.raises(ArgumentError, match="cannot be opened"):
        ObjectStore("s3://bucket", {"no_such_option": "1"})


def test_the_other_stores_are_opened_without_a_word() -> None:
    assert ObjectStore("gs://bucket/p").address("a/b") == "gs://bucket/p/a/b"
    azure = ObjectStore("az://container/p", {"azure_storage_account_name": "x", "azure_storage_account_key": "a2V5"})
    assert azure.address("") == "az://container/p"


def test_no_address_shows_a_secret() -> None:
    assert shown_address("https://me:secret@host/x?sig=secret") == "https://host/x"
    assert "a2V5" not in repr(ObjectStore("az://c", {"azure_storage_account_name": "x", "account_key": "a2V5"}))


def test_a_fork_after_the_first_use_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would hang: the library's threads are in the parent alone."""
    objects = ObjectStore("memory://fork")
    objects.put("a", b"1")
    monkeypatch.setattr(store, "_used_by", [os.getpid() + 1])
    with pytest.raises(Unavailable, match="start_method: spawn"):
        objects.get("a")


def test_without_the_library_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "obstore", None)
    with pytest.raises(ImportError, match=r"pip install 'rostrum\[object-store\]'"):
        ObjectStore("s3://bucket")
