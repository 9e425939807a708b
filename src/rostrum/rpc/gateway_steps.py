"""A run worker's line to its step workers, by way of the gateway: a connection of its own, so that a long poll holds up
nobody else. Standard library and msgspec only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import msgspec

from rostrum.interfaces.launching import GatewayAccess, GatewayAddress
from rostrum.interfaces.run_tokens import narrowed
from rostrum.model.errors import Unavailable
from rostrum.model.events import AnyEvent, decode_events
from rostrum.model.principals import StepScope
from rostrum.rpc.gateway_connection import NETWORK_ERRORS, GatewayConnection
from rostrum.rpc.gateway_wire import FOLLOW_SECONDS, FollowReply, FollowRequest

_MARGIN_SECONDS = 10.0


class GatewaySteps:
    """See `interfaces.runs.StepsLine`. `base`: path of the run; `token`: gives the run's token of that moment."""

    def __init__(self, address: GatewayAddress, base: str, token: Callable[[], str]) -> None:
        self._address, self._base, self._token = address, base, token
        self._line = GatewayConnection(address, timeout=FOLLOW_SECONDS + _MARGIN_SECONDS)
        self._lock = threading.Lock()
        self._is_stopped = False

    def access(self, scope: StepScope) -> GatewayAccess:
        """By the run's own address and token, narrowed to the attempt."""
        return GatewayAccess(self._address, narrowed(self._token(), scope))

    def follow(self, after: int, seconds: float) -> tuple[Sequence[AnyEvent], int]:
        """A long poll. Raises Unavailable."""
        body = msgspec.msgpack.encode(FollowRequest(after, seconds))
        with self._lock:
            try:
                self._line.send(f"{self._base}/follow", body, self._token())
                if self._is_stopped:  # before there was a connection to be broken off
                    raise ConnectionAbortedError("the run is over")
                status, reply = self._line.receive()
                if status == 200:
                    told = msgspec.msgpack.decode(reply, type=FollowReply)
                    return decode_events(told.events), told.cursor
            except (*NETWORK_ERRORS, msgspec.MsgspecError) as error:
                self._line.close()
                raise Unavailable(f"the control plane does not answer: {error}") from error
        raise Unavailable(f"the control plane does not tell what step workers tell (status {status})")

    def stop(self) -> None:
        """End a poll that is under way, and what is asked later."""
        self._is_stopped = True
        self._line.abort()

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._line.close()
