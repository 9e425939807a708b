"""Which names are taken for secrets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rostrum.model.runs import Run, RunTarget
from rostrum.model.secrets import MASK, looks_secret, masked_config, masked_run, masked_tags, place_of_mask


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


def test_variables_are_shown_by_name_where_they_are_written_in_lists() -> None:
    settings = {
        "env_vars": ["DB_PASSWORD=hunter2", "REGION=eu", "API_TOKEN"],
        "container_config": {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "REGION", "value": "eu"}]},
    }
    shown = masked_config({"execution": {"config": settings}})["execution"]["config"]
    assert shown["env_vars"] == [f"DB_PASSWORD={MASK}", "REGION=eu", "API_TOKEN"]
    assert shown["container_config"]["env"] == [
        {"name": "DB_PASSWORD", "value": MASK},
        {"name": "REGION", "value": "eu"},
    ]
    assert place_of_mask(shown["env_vars"], "env_vars") == "env_vars.0"


def test_tags_that_hold_json_are_shown_as_config_is() -> None:
    pod = '{"container_config":{"env":[{"name":"DB_PASSWORD","value":"hunter2"}]}}'
    plain = '{ "container_config": {} }'
    shown = masked_tags({"dagster-k8s/config": pod, "rostrum/kubernetes": plain, "note": "{no json"})
    assert "hunter2" not in shown["dagster-k8s/config"]
    assert "DB_PASSWORD" in shown["dagster-k8s/config"]
    assert (shown["rostrum/kubernetes"], shown["note"]) == (plain, "{no json")
