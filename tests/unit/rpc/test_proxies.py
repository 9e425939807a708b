from __future__ import annotations

import pytest

from rostrum.interfaces.launching import GatewayAddress
from rostrum.model.errors import ConfigError
from rostrum.rpc.gateway_connection import Proxy, proxy_for

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def of(url: str) -> Proxy | None:
    return proxy_for(GatewayAddress(url))


def test_none_where_none_is_named() -> None:
    assert of("http://gateway:3000") is None
    assert of("unix:/run/gateway.sock") is None


def test_by_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:a%40b@proxy:8080")
    assert of("http://gateway") is None
    assert of("https://gateway") == Proxy("proxy", 8080, {"Proxy-Authorization": "Basic YWRhOmFAYg=="})
    monkeypatch.setenv("all_proxy", "other:1")
    assert of("http://gateway") == Proxy("other", 1, {})


def test_this_machine_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy:8080")
    for url in ("http://127.0.0.1:1", "http://localhost:1", "https://[::1]:1", "unix:/a"):
        assert of(url) is None


@pytest.mark.parametrize("exceptions", ["*", "gateway.example", ".example", "example", "a, gateway.example:3000"])
def test_exceptions(monkeypatch: pytest.MonkeyPatch, exceptions: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:8080")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert of("http://gateway.example:3000") is None
    assert exceptions == "*" or of("http://gateway.other:3000") is not None


def test_what_is_no_http_proxy_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5://ada:secret@proxy:1080")
    with pytest.raises(ConfigError, match=r"socks5://proxy:1080.*is no HTTP proxy") as caught:
        of("http://gateway")
    assert "secret" not in str(caught.value)
