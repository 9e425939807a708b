"""How a worker that was started by a command, with a token only, learns what it is to do."""

from __future__ import annotations

import logging
import threading

import msgspec

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.launching import LaunchSpec
from rostrum.interfaces.worker_environment import WorkerOrders
from rostrum.model.errors import Denied, Fenced, NotFound, StateError, Unavailable
from rostrum.rpc.gateway_connection import NETWORK_ERRORS, GatewayConnection
from rostrum.rpc.gateway_wire import PREFIX, Bootstrap, ErrorReply

_log = logging.getLogger(__name__)
PATIENCE_SECONDS = 120.0
"""A container may be there before its network is, or while the control plane is being restarted."""
_CALL_SECONDS = 10.0
_FIRST_DELAY, _LAST_DELAY = 0.2, 5.0


def ask_for_run(
    orders: WorkerOrders, clock: Clock, spool_dir: str, *, patience: float = PATIENCE_SECONDS
) -> LaunchSpec:
    """All that a run worker needs to know, from the gateway. Raises Fenced when there is nothing to execute (any more),
    NotFound, Denied for a bad token, Unavailable when the gateway has not answered for so many seconds.
    """
    until = clock.now().timestamp() + patience
    delay = _FIRST_DELAY
    never = threading.Event()
    while True:
        try:
            told = _ask(orders)
            return LaunchSpec(
                run=told.run,
                epoch=told.epoch,
                gateway=orders.gateway,
                token=orders.token,
                spool_dir=spool_dir,
                executor=orders.executor,
            )
        except Unavailable as error:
            if clock.now().timestamp() + delay > until:
                raise
            _log.warning("%s; asking again", error)
            clock.wait(never, delay)
            delay = min(delay * 2, _LAST_DELAY)


def _ask(orders: WorkerOrders) -> Bootstrap:
    line = GatewayConnection(orders.gateway, timeout=_CALL_SECONDS)
    try:
        line.send(f"{PREFIX}/runs/{orders.run_id}/bootstrap", msgspec.msgpack.encode({}), orders.token)
        status, reply = line.receive()
        if status == 200:
            return msgspec.msgpack.decode(reply, type=Bootstrap)
    except NETWORK_ERRORS as error:
        raise Unavailable(f"the gateway {orders.gateway.url} does not answer: {error}") from None
    except msgspec.MsgspecError as error:
        raise StateError(f"what answers at {orders.gateway.url} is no gateway of this version: {error}") from None
    finally:
        line.close()
    raise _refusal(orders, status, reply)


def _refusal(orders: WorkerOrders, status: int, reply: bytes) -> Exception:
    try:
        told = msgspec.msgpack.decode(reply, type=ErrorReply).message
    except msgspec.MsgspecError:
        told = f"status {status}"
        if status == 404:
            return StateError(f"what answers at {orders.gateway.url} is no gateway of Rostrum")
    if status >= 500:
        return Unavailable(f"the gateway {orders.gateway.url} cannot answer now: {told}")
    if status == 401:
        told = "the token is not good (any more)"
    kinds: dict[int, type[StateError]] = {401: Denied, 403: Denied, 404: NotFound, 409: Fenced}
    return kinds.get(status, StateError)(f"run {orders.run_id}: {told}")
