"""Which hosts are this machine, and what tells that a proxy stands between."""

from __future__ import annotations

import pytest

from rostrum.auth.requests import came_through_proxy, host_of, is_loopback


@pytest.mark.parametrize(
    "header",
    [
        "localhost",
        "LOCALHOST:3000",
        "127.0.0.1",
        "127.0.0.1:3000",
        "127.0.0.2:80",
        "[::1]",
        "[::1]:3000",
        "::1",
    ],
)
def test_names_and_addresses_of_this_machine(header: str) -> None:
    assert is_loopback(host_of(header))


@pytest.mark.parametrize(
    "name",
    [
        "127.evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example",
        "127.0.0.1@evil.example",
        "127.1",
        "0.0.0.0",
        "10.0.0.1",
        "",
    ],
)
@pytest.mark.parametrize("port", ["", ":3000"])
def test_a_name_that_begins_like_this_machine_is_another(name: str, port: str) -> None:
    assert not is_loopback(host_of(name + port))


@pytest.mark.parametrize(
    "header", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"]
)
def test_headers_of_a_proxy(header: str) -> None:
    assert came_through_proxy({"host": "localhost", header: "1.2.3.4"})
    assert not came_through_proxy({"host": "localhost"})
