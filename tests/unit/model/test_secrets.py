"""Which names are taken for secrets."""

from __future__ import annotations

import pytest

from rostrum.model.secrets import looks_secret


@pytest.mark.parametrize(
    "name", ["password", "db_password", "API_KEY", "apikey", "key", "private_key", "aws_secret", "auth.token", "keys"]
)
def test_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["user", "key_column", "key_prefix", "partition_key", "primary_keys", "monkey_business", "keyboard", ""]
)
def test_plain(name: str) -> None:
    assert not looks_secret(name)
