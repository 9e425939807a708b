"""Which names are taken for secrets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rostrum.model.runs import Run, RunTarget
from rostrum.model.secrets import MASK, looks_secret, masked_run


@pytest.mark.parametrize(
    "name", ["password", "db_password", "API_KEY", "apikey", "key", "private_key", "aws_secret", "auth.token", "keys"]
)
def test_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "user",
        "key_column",
        "key_prefix",
        "partition_key",
        "primary_keys",
        "monkey_business",
        "keyboard",
        "",
        "dagster/concurrency_key",
    ],
)
def test_plain(name: str) -> None:
    assert not looks_secret(name)


def test_a_run_is_shown_without_secrets_in_its_config_and_tags() -> None:
    tags = {"api_token": "abc", "team": "data", "db": "postgres://me:battery@host/db", "dagster/partition": "a"}
    config = {"ops": {"load": {"config": {"password": "abc", "rows": 3}}}}
    target, at = RunTarget("here", "job"), datetime(2026, 1, 1, tzinfo=UTC)
    shown = masked_run(Run(run_id="r", target=target, created_at=at, tags=tags, config=config))
    assert shown.tags == {**tags, "api_token": MASK, "db": f"postgres://me:{MASK}@host/db"}
    assert shown.config == {"ops": {"load": {"config": {"password": MASK, "rows": 3}}}}
