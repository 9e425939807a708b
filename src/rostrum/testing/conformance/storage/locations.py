"""Locations, manifests, heartbeats; users, tokens, settings."""

from __future__ import annotations

import msgspec
import pytest

from rostrum.interfaces.storage import Storage
from rostrum.model.errors import ErrorInfo
from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.manifest import JobNode, Manifest
from rostrum.model.manifest_parts import encode_manifest, manifest_parts
from rostrum.model.principals import Token, User
from rostrum.testing.clock import FakeClock


class LocationsConformance:
    """`LocationTable`."""

    def test_locations(self, storage: Storage, clock: FakeClock) -> None:
        broken = LocationState(
            name="b",
            error=ErrorInfo("SyntaxError", "no"),
            error_at=clock.now(),
            status="failed",
            updated_at=clock.now(),
        )
        ready = LocationState(name="a", manifest_hash="h", status="ready", updated_at=clock.now())
        with storage.begin(write=True) as session:
            session.locations.put(broken)
            session.locations.put(msgspec.structs.replace(ready, status="loading"))
            session.locations.put(ready)
        with storage.begin(write=True) as session:
            assert list(session.locations.states()) == [ready, broken]
            session.locations.delete("b")
            session.locations.delete("none")
            assert list(session.locations.states()) == [ready]

    def test_manifests_are_stored_once(self, storage: Storage) -> None:
        data = b"manifest " * 10_000
        with storage.begin(write=True) as session:
            session.locations.put_manifest("h1", data)
            session.locations.put_manifest("h1", b"never looked at")
        with storage.begin() as session:
            assert session.locations.manifest("h1") == data
            assert session.locations.manifest("h2") is None

    def test_manifests_that_share_parts(self, storage: Storage) -> None:
        def encoded(changed: int) -> bytes:
            jobs = [JobNode(f"job_{n}", description="changed" if n == changed else None) for n in range(1000)]
            return encode_manifest(Manifest(jobs=tuple(jobs)))

        first, second = encoded(1), encoded(2)
        assert len(set(manifest_parts(first)) & set(manifest_parts(second))) >= len(manifest_parts(first)) - 2
        with storage.begin(write=True) as session:
            session.locations.put_manifest("h1", first)
            session.locations.put_manifest("h2", second)
        with storage.begin() as session:
            assert session.locations.manifest("h1") == first
            assert session.locations.manifest("h2") == second

    def test_heartbeats(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            for iterations in (1, 2):
                for owner in ("two", "one"):
                    session.locations.put_daemon(
                        DaemonState(loop="queue", owner=owner, heartbeat_at=clock.now(), iterations=iterations)
                    )
        with storage.begin() as session:
            assert [(state.owner, state.iterations) for state in session.locations.daemons()] == [
                ("one", 2),
                ("two", 2),
            ]


class PrincipalsConformance:
    """`PrincipalTable`."""

    def test_users(self, storage: Storage, clock: FakeClock) -> None:
        zoe = User(name="zoe", password_hash="x", created_at=clock.now())  # noqa: S106 - no password
        adam = User(name="adam", password_hash="y", created_at=clock.now(), roles=("admin",))  # noqa: S106 - as above
        with storage.begin(write=True) as session:
            session.principals.put_user(msgspec.structs.replace(zoe, disabled=True))
            session.principals.put_user(zoe)
            session.principals.put_user(adam)
        with storage.begin() as session:
            assert session.principals.user("zoe") == zoe
            assert session.principals.user("none") is None
            assert list(session.principals.users()) == [adam, zoe]

    def test_tokens(self, storage: Storage, clock: FakeClock) -> None:
        tokens = [
            Token(token_id=clock.new_id(), kind="api", user=user, secret_hash=f"hash {number}", created_at=clock.now())
            for number, user in enumerate(("zoe", "adam", "zoe"))
        ]
        with storage.begin(write=True) as session:
            for token in tokens:
                session.principals.put_token(token)
            used = msgspec.structs.replace(tokens[0], last_used_at=clock.now())
            session.principals.put_token(used)
        with storage.begin(write=True) as session:
            assert session.principals.token("hash 0") == used
            assert session.principals.token("hash 9") is None
            assert {token.token_id for token in session.principals.tokens("zoe")} == {
                tokens[0].token_id,
                tokens[2].token_id,
            }
            assert len(session.principals.tokens()) == 3
            session.principals.delete_token(tokens[0].token_id)
            session.principals.delete_token("none")
            assert session.principals.token("hash 0") is None

    @pytest.mark.parametrize("value", [b"", b"\x00\xff secret"])
    def test_settings(self, storage: Storage, value: bytes) -> None:
        with storage.begin(write=True) as session:
            assert session.principals.setting("key") is None
            assert session.principals.add_setting("key", value) == value
            assert session.principals.add_setting("key", b"another") == value
        with storage.begin(write=True) as session:
            session.principals.put_setting("key", b"new")
            assert session.principals.setting("key") == b"new"
