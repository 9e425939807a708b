"""What stands before every route: foreign names, proxies, errors that nobody foresaw, streams of who may no longer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rostrum.web import live, static
from rostrum.web.catalog import CatalogCache
from tests.integration.web.conftest import Site

PROXY_HEADERS = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"]


@pytest.mark.parametrize("host", ["127.evil.example", "127.0.0.1.evil.example:3000", "localhost.evil.example"])
def test_a_foreign_name_for_this_machine_gets_nothing(site: Site, host: str) -> None:
    assert site.client.get("/api/graph", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:3000", "[::1]:3000", "127.0.0.2"])
def test_this_machine_gets_in(site: Site, host: str) -> None:
    assert site.client.get("/api/graph", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("header", PROXY_HEADERS)
def test_what_a_proxy_passes_on_needs_a_login(site: Site, guarded: Site, header: str) -> None:
    for path in ("/api/graph", "/health", "/"):
        answer = site.client.get(path, headers={header: "203.0.113.7"})
        assert answer.status_code == 403
        assert "web.require_login: true" in answer.json()["errors"][0]["message"]
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert guarded.client.get("/health", headers={header: "203.0.113.7"}).status_code == 200


def test_an_error_that_nobody_foresaw_is_json_with_an_id_and_the_security_headers(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Any:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(CatalogCache, "asset_table", fail)
    monkeypatch.setattr(static, "_NOT_PAGES", None)
    for path in ("/api/assets", "/no-such-page"):
        answer = site.client.get(path)
        assert answer.status_code == 500
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "internal"
        assert error["extensions"]["request_id"] in error["message"]
        assert "secret" not in answer.text
        assert error["extensions"]["request_id"] in caplog.text
        assert answer.headers["x-content-type-options"] == "nosniff"


def stream(site: Site, headers: dict[str, str], first_message: Any = None) -> bytes:
    """All that an event stream says until the server ends it; `first_message` is called after the first part."""

    async def run() -> bytes:
        said = bytearray()

        async def receive() -> Any:
            await asyncio.sleep(3600)

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                said.extend(b"%d\n" % message["status"])
                return
            if message["body"] and first_message is not None and b"hello" in message["body"]:
                await asyncio.to_thread(first_message)
            said.extend(message["body"])

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/events",
            "raw_path": b"/events",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1")]
            + [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await asyncio.wait_for(site.client.app(scope, receive, send), 10)  # type: ignore[arg-type]
        return bytes(said)

    return asyncio.run(run())


def test_a_stream_ends_with_the_session_that_opened_it(guarded: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE_SECONDS", 0.02)
    guarded.client.post("/login", json={"name": "viewer", "password": "password of viewer"})
    cookie = guarded.client.cookies["rostrum_session"]
    said = stream(
        guarded,
        {"cookie": f"rostrum_session={cookie}"},
        lambda: guarded.client.post("/logout", json={}),
    )
    assert said.startswith(b"200\n")
    assert b"hello" in said


@pytest.mark.parametrize("last", ["\xb2", "9" * 400, "-1", "x"])
def test_a_wrong_place_to_resume_from_begins_now(guarded: Site, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE_SECONDS", 0.02)
    guarded.client.post("/login", json={"name": "viewer", "password": "password of viewer"})
    cookie = guarded.client.cookies["rostrum_session"]
    said = stream(
        guarded,
        {"last-event-id": last, "cookie": f"rostrum_session={cookie}"},
        lambda: guarded.client.post("/logout", json={}),
    )
    assert said.startswith(b"200\n")
    assert b"id: " in said, "a stream from now on tells its place at once"
