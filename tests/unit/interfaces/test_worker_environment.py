"""What launchers of containers write into a worker's environment is what its command reads."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec
import pytest

from rostrum.interfaces.launching import GatewayAddress, LaunchSpec, StepLaunch
from rostrum.interfaces.worker_environment import (
    CHUNK_CHARACTERS,
    TOKEN,
    WORK,
    WorkerOrders,
    take_worker_orders,
    worker_command,
    worker_variables,
)
from rostrum.model.errors import ConfigError, RostrumError
from rostrum.model.runs import Run, RunTarget

RUN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
SPEC = LaunchSpec(
    run=Run(run_id=RUN_ID, target=RunTarget("shop", "daily"), created_at=datetime(2026, 1, 1, tzinfo=UTC)),
    epoch=3,
    gateway=GatewayAddress("https://rostrum.example:8443"),
    token="secret-token",
    spool_dir="/nowhere",
    code={"module_name": "shop.definitions"},
    executor={"name": "multiprocess", "config": {"max_concurrent": 3}},
)


def of_step(work: bytes) -> LaunchSpec:
    return msgspec.structs.replace(SPEC, step=StepLaunch(step_key="clean", attempt=1, work=work))


def taken(spec: LaunchSpec) -> tuple[WorkerOrders, dict[str, str]]:
    variables = worker_variables(spec)
    environment = {"PATH": "/bin", **variables.plain, **variables.secret}
    return take_worker_orders(environment), environment


def test_a_run_worker_is_told_where_to_ask() -> None:
    orders, left = taken(SPEC)
    assert orders == WorkerOrders(
        gateway=SPEC.gateway, token="secret-token", run_id=RUN_ID, code=SPEC.code, executor=SPEC.executor
    )
    assert worker_command(SPEC) == ["rostrum", "run-worker", RUN_ID]
    assert "secret-token" not in str(left)


def test_the_work_of_a_step_comes_through_whole_whatever_its_size() -> None:
    work = os.urandom(300_000)
    variables = worker_variables(of_step(work))
    assert all(len(value) <= CHUNK_CHARACTERS for value in variables.secret.values())
    assert not any(name.startswith(WORK) for name in variables.plain)
    orders, left = taken(of_step(work))
    assert orders.work == work
    assert not any(name.startswith(WORK) for name in left)
    assert worker_command(of_step(b""))[1] == "step-worker"


def test_empty_work_is_work() -> None:
    assert taken(of_step(b""))[0].work == b""


def test_work_that_no_environment_holds_is_refused_naming_the_step() -> None:
    with pytest.raises(RostrumError, match="step clean: what its worker has to be told takes"):
        worker_variables(of_step(os.urandom(1_000_000)))


def test_settings_of_the_launcher_say_what_to_import() -> None:
    assert '"elsewhere"' in worker_variables(SPEC, {"module_name": "elsewhere"}).plain["ROSTRUM_CODE"]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="ROSTRUM_GATEWAY and ROSTRUM_RUN_TOKEN must be in the environment"):
        take_worker_orders({"ROSTRUM_RUN_ID": RUN_ID})


@pytest.mark.parametrize("broken", ["drop", "garble", "count"])
def test_work_that_has_suffered_is_told(broken: str) -> None:
    variables = worker_variables(of_step(b"something to do"))
    environment = {**variables.plain, **variables.secret}
    if broken == "drop":
        del environment[f"{WORK}_0"]
    elif broken == "garble":
        environment[f"{WORK}_0"] = "@@@"
    else:
        environment[WORK] = "many"
    with pytest.raises(ConfigError, match="ROSTRUM_STEP_WORK cannot be read"):
        take_worker_orders(environment)
    assert TOKEN not in environment


def test_code_that_is_no_json_is_told() -> None:
    variables = worker_variables(SPEC)
    with pytest.raises(ConfigError, match="ROSTRUM_CODE is to be a JSON object"):
        take_worker_orders({**variables.plain, **variables.secret, "ROSTRUM_CODE": "shop"})
