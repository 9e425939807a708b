"""A gateway that remembers what workers tell: enough of the wire for a run worker to do its work."""

from __future__ import annotations

import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec

from rostrum.interfaces.launching import GatewayAddress
from rostrum.interfaces.runs import Orders, RunAnswer
from rostrum.model.events import AnyEvent, decode_event
from rostrum.model.pools import GRANTED
from rostrum.rpc.gateway_wire import AppendReply, LogBatch, LogPart, LogReply

_PATH = re.compile(r"/gateway/runs/([^/]+)/([^?]+)")


class FakeGateway:
    """Listens on a unix socket. `events` and `logs` by run id; `cancel` holds ids of runs to be cancelled,
    `fenced` those that have another worker."""

    def __init__(self, socket: Path) -> None:
        self.events: dict[str, dict[str, list[AnyEvent]]] = {}
        self.logs: dict[tuple[str, str], bytes] = {}
        self.cancel: set[str] = set()
        self.fenced: set[str] = set()
        self.address = GatewayAddress(f"unix:{socket}")
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = msgspec.msgpack.encode(gateway.answer(self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def address_string(self) -> str:
                return "worker"

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # workers are killed in the middle of requests here

        self._server = Server(str(socket), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def answer(self, path: str, body: bytes) -> Any:
        found = _PATH.fullmatch(path)
        assert found is not None, path
        run_id, what = found[1], found[2]
        orders = Orders(cancel=run_id in self.cancel, fenced=run_id in self.fenced)
        if what == "events":
            streams = self.events.setdefault(run_id, {})
            stream = "worker"
            stored = 0
            for raw in msgspec.msgpack.decode(body, type=list[msgspec.Raw]):
                event = decode_event(bytes(raw))
                stream = event.stream
                kept = streams.setdefault(stream, [])
                if event.sequence == len(kept) + 1:
                    kept.append(event)
                    stored += 1
            return AppendReply(stored, len(streams.get(stream, [])), orders)
        if what == "logs":
            batch = msgspec.msgpack.decode(body, type=LogBatch)
            return LogReply(tuple(self._store(run_id, part) for part in batch.parts))
        if what == "heartbeat":
            return orders
        if what == "slots/claim":
            return GRANTED
        return RunAnswer() if what == "read" else {}

    def _store(self, run_id: str, part: LogPart) -> int:
        key = f"{part.file_key}/{part.stream}"
        self.logs[run_id, key] = self.logs.get((run_id, key), b"")[: part.offset] + part.data
        return len(self.logs[run_id, key])

    def kinds(self, run_id: str) -> list[str]:
        return [event.kind for stream in self.events.get(run_id, {}).values() for event in stream]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
