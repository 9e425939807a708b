"""What a worker that is started by a command finds in its environment: the contract between launchers of containers
and pods, which write it, and `rostrum run-worker` and `rostrum step-worker`, which read it.

The token and the work of a step are secrets: they are never on a command line, in a label or in a log, and the worker
takes them out of its environment before any user code is imported.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from rostrum.interfaces.launching import GatewayAddress, LaunchSpec
from rostrum.model.errors import ConfigError, RostrumError

GATEWAY = "ROSTRUM_GATEWAY"
"""URL of the gateway, as in `GatewayAddress`."""
TOKEN = "ROSTRUM_RUN_TOKEN"  # noqa: S105 - the name of a variable
RUN_ID = "ROSTRUM_RUN_ID"
CODE = "ROSTRUM_CODE"
"""What to import, JSON of a `CodeTarget`. An image may set it as well; what a launcher is told is stronger."""
EXECUTOR = "ROSTRUM_EXECUTOR"
"""The instance's default executor, JSON of `LaunchSpec.executor`."""
WORK = "ROSTRUM_STEP_WORK"
"""How many variables `ROSTRUM_STEP_WORK_<n>`, from 0, hold the work of a step: base64 of compressed bytes, cut."""

CHUNK_CHARACTERS = 100_000
"""The kernel takes 128 KiB for one variable."""
MAX_WORK_CHARACTERS = 900_000
"""A Secret of Kubernetes holds 1 MiB, arguments and environment of a process together about 2."""


class WorkerVariables(msgspec.Struct, frozen=True):
    """Variables for a worker. Where both can be told apart the secret ones are kept from view."""

    plain: dict[str, str]
    secret: dict[str, str]


class WorkerOrders(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has been told by its environment."""

    gateway: GatewayAddress
    token: str
    run_id: str
    code: dict[str, Any] | None = None
    executor: dict[str, Any] | None = None
    work: bytes | None = None
    """Of a step worker: `StepLaunch.work`."""


def worker_command(spec: LaunchSpec) -> list[str]:
    """The command that starts the worker: its last part names the run, all else is in the environment."""
    return ["rostrum", "run-worker" if spec.step is None else "step-worker", spec.run.run_id]


def worker_variables(spec: LaunchSpec, code: Mapping[str, Any] | None = None) -> WorkerVariables:
    """The environment of the worker, without `spec.environment`. `code` is stronger than `spec.code`. Raises
    RostrumError for a step whose work is too large.
    """
    plain = {GATEWAY: spec.gateway.url, RUN_ID: spec.run.run_id}
    target = spec.code if code is None else dict(code)
    if target is not None:
        plain[CODE] = _json(target)
    if spec.executor is not None:
        plain[EXECUTOR] = _json(spec.executor)
    secret = {TOKEN: spec.token}
    if spec.step is not None:
        secret |= _chunks(spec.step.step_key, spec.step.work)
    return WorkerVariables(plain, secret)


def take_worker_orders(environment: MutableMapping[str, str]) -> WorkerOrders:
    """Read what a launcher has written and remove what is secret, so that user code and its processes do not inherit
    it. Raises ConfigError naming what is missing or cannot be read.
    """
    missing = [name for name in (GATEWAY, TOKEN, RUN_ID) if not environment.get(name)]
    if missing:
        named = " (or the run on the command line)" if RUN_ID in missing else ""
        raise ConfigError(
            f"{' and '.join(missing)} must be in the environment{named}: a launcher starts this command and sets them"
        )
    return WorkerOrders(
        gateway=GatewayAddress(environment[GATEWAY]),
        token=environment.pop(TOKEN),
        run_id=environment[RUN_ID],
        code=_mapping(environment, CODE),
        executor=_mapping(environment, EXECUTOR),
        work=_take_work(environment),
    )


def _chunks(step_key: str, work: bytes) -> dict[str, str]:
    text = base64.urlsafe_b64encode(zlib.compress(work, 6)).decode("ascii")
    if len(text) > MAX_WORK_CHARACTERS:
        raise RostrumError(
            f"step {step_key}: what its worker has to be told takes {len(text)} characters and at most "
            f"{MAX_WORK_CHARACTERS} fit into the environment of a container; keep large values out of the run config"
        )
    pieces = [text[at : at + CHUNK_CHARACTERS] for at in range(0, len(text), CHUNK_CHARACTERS)]
    return {WORK: str(len(pieces)), **{f"{WORK}_{number}": piece for number, piece in enumerate(pieces)}}


def _take_work(environment: MutableMapping[str, str]) -> bytes | None:
    count = environment.pop(WORK, None)
    if count is None:
        return None
    pieces = [environment.pop(f"{WORK}_{number}", None) for number in range(int(count) if count.isdecimal() else 0)]
    told = "".join(piece for piece in pieces if piece is not None)
    try:
        if None in pieces or not pieces:
            raise ValueError("some of its variables are missing")
        return zlib.decompress(base64.urlsafe_b64decode(told))
    except (ValueError, binascii.Error, zlib.error) as error:
        raise ConfigError(f"{WORK} cannot be read: {error}") from None


def _mapping(environment: Mapping[str, str], name: str) -> dict[str, Any] | None:
    text = environment.get(name)
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{name} is to be a JSON object: {error}") from None


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode("utf-8")
