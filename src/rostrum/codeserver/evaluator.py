"""Life of an evaluator: answers one question after another on its connection, until that ends."""

from __future__ import annotations

import socket

from rostrum.codeserver.evaluation import evaluate_tick, list_partition_keys
from rostrum.codeserver.loading import Code
from rostrum.codeserver.messages import (
    Evaluate,
    Evaluated,
    Failed,
    ListPartitionKeys,
    Message,
    PartitionKeys,
    receive,
    send,
)
from rostrum.definitions.error_info import error_info
from rostrum.interfaces.masks import KNOWN
from rostrum.service.clock import SystemClock


def serve(connection: socket.socket, code: Code) -> None:
    """Answer until the code server closes the connection."""
    connection.settimeout(None)
    while (message := receive(connection)) is not None:
        try:
            answer = _answer(message, code)
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            answer = Failed(KNOWN.anything(error_info(error)))
        send(connection, answer)


def _answer(message: Message, code: Code) -> Message:
    if code.error is not None:
        return Failed(code.error)
    if isinstance(message, Evaluate):
        return Evaluated(evaluate_tick(code.resolved, message.request))
    if isinstance(message, ListPartitionKeys):
        return PartitionKeys(tuple(list_partition_keys(code.resolved, message.name, SystemClock())))
    raise TypeError(f"an evaluator cannot answer {type(message).__name__}")
