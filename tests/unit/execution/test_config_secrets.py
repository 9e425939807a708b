"""Secrets in config are covered wherever they come from: run config, a default, the environment, a preset."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

import rostrum as rs
from rostrum.model.secrets import MASK


class Login(BaseModel):
    user: str = "somebody"
    opener: SecretStr = SecretStr("canary-opener-1")


class Conf(rs.Config):
    password: str = "canary-default-1"
    logins: tuple[Login, ...] = (Login(),)
    rows: str = "a plain word"


@rs.op
def typed(context: rs.OpExecutionContext, config: Conf) -> None:
    context.log.info("%s %s %s", config.password, config.logins[0].opener.get_secret_value(), config.rows)


@rs.op
def with_default_argument(context: rs.OpExecutionContext, config: Conf = Conf(password="canary-argument-1")) -> None:
    context.log.info(config.password)


@rs.op(config_schema={"api_token": rs.Field(str, default_value="canary-schema-1")})
def plain(context: rs.OpExecutionContext) -> None:
    context.log.info(context.op_config["api_token"])


@rs.resource(config_schema={"password": rs.Field(str, default_value="canary-resource-1")})
def vault(context: rs.InitResourceContext) -> Any:
    return context.resource_config["password"]


@rs.op(required_resource_keys={"vault"})
def of_resource(context: rs.OpExecutionContext) -> None:
    context.log.info(context.resources.vault)


PRESET = rs.configured(plain, name="preset")({"api_token": "canary-preset-1"})


@pytest.mark.parametrize("op", [typed, with_default_argument, plain, of_resource, PRESET], ids=lambda op: op.name)
def test_what_is_there_by_default(op: Any) -> None:
    told = logged(op, {"vault": vault})
    assert "canary" not in told
    assert MASK in told


def test_what_is_no_secret_stays() -> None:
    assert logged(typed).endswith("a plain word")


def test_a_reference_to_the_environment_is_covered_and_its_name_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGIN_OF_SHOP", "canary-environment-1")

    @rs.op
    def from_environment(context: rs.OpExecutionContext, config: Conf) -> None:
        context.log.info("LOGIN_OF_SHOP is %s", config.password)

    config = {"ops": {"from_environment": {"config": {"password": {"env": "LOGIN_OF_SHOP"}}}}}
    assert logged(from_environment, config=config) == f"LOGIN_OF_SHOP is {MASK}"


def logged(op: Any, resources: dict[str, Any] | None = None, config: dict[str, Any] | None = None) -> str:
    """What an op's code has logged."""
    with rs.Instance.ephemeral() as instance:
        job = rs.GraphDefinition(name="g", node_defs=[op]).to_job(name="j", resource_defs=resources)
        run_id = job.execute_in_process(run_config=config, instance=instance).run_id
        return next(entry.message for entry in instance.all_logs(run_id) if entry.dagster_event is None)
