"""What a worker that was started with an address and a token only asks of the gateway before it calls any user code:
what it is to do, and whether it still is to do it. That nothing fails because a network does holds from the first
answer on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import GatewayAccess, LaunchSpec
from rostrum.interfaces.worker_environment import WorkerOrders
from rostrum.model.errors import ConfigError, Denied, Fenced, NotFound, RostrumError, StateError, Unavailable
from rostrum.rpc.gateway_connection import NETWORK_ERRORS, GatewayConnection
from rostrum.rpc.gateway_wire import PREFIX, AppendReply, Bootstrap, ErrorReply

T = TypeVar("T")
_log = logging.getLogger(__name__)
PATIENCE_SECONDS = 120.0
"""A container may be there before its network is, or while the control plane is being restarted."""
_CALL_SECONDS = 10.0
_PASSING = (500, 502, 503, 504)
"""What a gateway answers that is not well, or a proxy whose gateway is being restarted."""
_FIRST_DELAY, _LAST_DELAY = 0.2, 5.0


def ask_for_run(
    orders: WorkerOrders, clock: Clock, spool_dir: str, *, patience: float = PATIENCE_SECONDS
) -> LaunchSpec:
    """All that a run worker needs to know. Raises Fenced when there is nothing to execute (any more), NotFound, Denied
    for a bad token, ConfigError where no gateway is, Unavailable when it has not answered for so many seconds.
    """
    access = GatewayAccess(orders.gateway, orders.token)
    told = _patiently(lambda: _ask(access, orders.run_id, "bootstrap", {}, Bootstrap), clock, patience)
    return LaunchSpec(
        run=told.run,
        epoch=told.epoch,
        gateway=orders.gateway,
        token=orders.token,
        spool_dir=spool_dir,
        executor=orders.executor,
    )


def ask_for_step(
    run_id: str, access: GatewayAccess, clock: Clock, *, patience: float = PATIENCE_SECONDS
) -> AppendReply:
    """What has been told of an attempt so far, and what its worker is to do. Raises as `ask_for_run`."""
    return _patiently(lambda: _ask(access, run_id, "events", [], AppendReply), clock, patience)


def _patiently(ask: Callable[[], T], clock: Clock, patience: float) -> T:
    until, delay, never = clock.now().timestamp() + patience, _FIRST_DELAY, threading.Event()
    while True:
        try:
            return ask()
        except Unavailable as error:
            if clock.now().timestamp() + delay > until:
                raise
            _log.warning("%s; asking again", error)
            clock.wait(never, delay)
            delay = min(delay * 2, _LAST_DELAY)


def _ask(access: GatewayAccess, run_id: str, what: str, body: object, answer: type[T]) -> T:
    url, line = access.address.url, GatewayConnection(access.address, timeout=_CALL_SECONDS)
    try:
        line.send(f"{PREFIX}/runs/{run_id}/{what}", msgspec.msgpack.encode(body), access.token)
        status, reply = line.receive()
        if status == 200:
            return msgspec.msgpack.decode(reply, type=answer)
    except NETWORK_ERRORS as error:
        raise Unavailable(f"the gateway {url} does not answer: {error}") from None
    except msgspec.MsgspecError:
        raise _no_gateway(url) from None
    finally:
        line.close()
    raise _refusal(url, run_id, status, reply)


def _refusal(url: str, run_id: str, status: int, reply: bytes) -> RostrumError:
    try:
        told = msgspec.msgpack.decode(reply, type=ErrorReply).message
    except msgspec.MsgspecError:
        if status not in _PASSING:
            return _no_gateway(url)
        told = f"status {status}"
    if status >= 500:
        return Unavailable(f"the gateway {url} cannot answer now: {told}")
    if status == 401:
        told = "the token is not good (any more)"
    kinds: dict[int, type[StateError]] = {401: Denied, 403: Denied, 404: NotFound, 409: Fenced}
    return kinds.get(status, StateError)(f"run {run_id}: {told}")


def _no_gateway(url: str) -> ConfigError:
    return ConfigError(f"what answers at {url} is no gateway of this version of Rostrum; set gateway.url to one")
