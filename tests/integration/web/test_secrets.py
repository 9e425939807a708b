"""A secret that was given as config, or is a default in code, is in no answer."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import is_object_type

import rostrum
from rostrum.cli.output import print_json
from rostrum.interfaces.locations import ManifestReply
from rostrum.model.manifest_parts import encode_manifest, manifest_hash
from rostrum.model.secrets import MASK, masked_config
from rostrum.planning.config_schemas import config_problems
from rostrum.web.schema import schema
from tests.integration.web.conftest import Site
from tests.integration.web.test_every_field import DEPTH, selection
from tests.integration.web.test_graphql import launch

CANARY = "canary-4711"


class Login(rostrum.Config):
    user: str = "ann"
    password: str = CANARY
    hosts: dict[str, Any] = {"api_token": CANARY, "port": 1}  # noqa: RUF012 - copied by pydantic


class Secure(rostrum.ConfigurableResource):
    url: str = "db"
    password: str = CANARY


@rostrum.asset(key=["core", "orders"], partitions_def=rostrum.StaticPartitionsDefinition(["d1", "d2"]))
def orders(config: Login, sec: Secure) -> int:
    return 1


daily = rostrum.define_asset_job(
    "daily", selection="core/orders", config={"ops": {"core__orders": {"config": {"password": CANARY}}}}
)
DEFINITIONS = rostrum.Definitions(
    assets=[orders],
    jobs=[daily],
    schedules=[rostrum.ScheduleDefinition("mornings", job=daily, cron_schedule="0 6 * * *")],
    resources={"sec": Secure.configure_at_launch()},
)
CONFIG = {
    "ops": {"core__orders": {"config": {"user": "ann", "password": CANARY, "hosts": {"api_token": CANARY}}}},
    "resources": {"sec": {"config": {"url": "db", "password": CANARY}}},
}


def test_no_answer_holds_the_canary(site: Site, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    data = encode_manifest(DEFINITIONS.manifest())
    site.deployment.locations.record("shop.py", ManifestReply(manifest_hash=manifest_hash(data), data=data))
    launched = launch(site, target={"job": "daily"}, partitionKeys=["d1", "d2"], config=CONFIG)
    run_id = launched["runs"][0]["id"]
    query = schema().query_type
    assert query is not None
    assert is_object_type(query)
    answer = site.client.post(
        "/graphql",
        json={
            "query": "query($run: String!, $backfill: String!) " + selection(query, DEPTH, set()),
            "variables": {"run": run_id, "backfill": launched["backfill"]["id"]},
        },
    )
    shown = answer.json()["data"]["run"]["config"]
    assert shown["resources"]["sec"]["config"] == {"url": "db", "password": MASK}
    assert shown["ops"]["core__orders"]["config"]["user"] == "ann"
    assert answer.json()["data"]["asset"]["configSchema"]["properties"]["user"]["default"] == "ann"
    for text in (answer.text, site.client.get("/api/assets").text, site.client.get("/api/graph").text):
        assert CANARY not in text
    with site.deployment.storage.begin() as session:
        run = session.runs.get(run_id)
    assert run is not None
    assert CANARY in repr(run.config), "the worker needs it"
    print_json(run)
    print_json([run])
    said = capsysbinary.readouterr().out
    assert CANARY.encode() not in said
    assert MASK.encode() in said


def test_schemas_in_the_manifest_hold_no_secret_defaults() -> None:
    for node in DEFINITIONS.manifest().ops:
        assert CANARY not in repr(node.config_schema)
        assert "'ann'" in repr(node.config_schema)
    for resource in DEFINITIONS.manifest().resources:
        assert CANARY not in repr(resource)


def test_a_mask_that_was_copied_from_the_screen_is_refused(site: Site) -> None:
    query = "mutation($input: LaunchInput!) { launch(input: $input) { runs { id } } }"
    config = masked_config(CONFIG)
    (error,) = site.errors(query, input={"target": {"job": "daily"}, "partitionKeys": ["d1"], "config": config})
    assert "ops.core__orders.config.password" in error["message"]


def test_names_of_ops_are_no_fields_and_references_stay() -> None:
    config = {
        "ops": {"load_tokens": {"config": {"rows": 3, "token": {"env": "T"}}, "ops": {"keys": {"config": {"n": 1}}}}},
        "execution": {"config": {"max_concurrent": 2, "secrets": ["a", "b"]}},
    }
    assert masked_config(config) == config | {"execution": {"config": {"max_concurrent": 2, "secrets": MASK}}}


def test_wrong_secrets_are_not_repeated() -> None:
    with pytest.raises(rostrum.RostrumError) as refused:
        Login.from_run_config({"password": [CANARY], "user": 7})
    assert CANARY not in str(refused.value)
    assert "7" in str(refused.value)
    schema_of_login = {"properties": {"password": {"type": "string"}, "user": {"type": "string"}}}
    problems = config_problems(schema_of_login, {"password": [CANARY], "user": 7}, "ops.x.config")
    assert problems == [f"ops.x.config.password: {MASK} is not text", "ops.x.config.user: 7 is not text"]
