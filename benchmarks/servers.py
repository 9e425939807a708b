"""Measuring a running server: one procedure for every product. Standard library only, for the peer's interpreter."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from benchmarks.measure import cpu_of, median, percentile, pss_of, rss_of, tree, until


class Server(Protocol):
    """A server that runs a job `one`, whose only op writes the time into a file named by the run."""

    mark: str
    """Of its processes' environment."""
    marks: Path
    """Folder that user code writes to."""
    started_wall: float
    """Seconds from the start of the process until the code was loaded and the API answered."""

    def submit(self) -> str:
        """Launch the job through the API; the run's id."""
        ...

    def unfinished(self) -> int:
        """Number of runs that have not ended."""
        ...


class Http:
    """One connection that speaks JSON, kept while it is in use: servers close idle ones."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._used = time.monotonic()

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        if time.monotonic() - self._used > 1.0:
            self._connection.close()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise OSError(str(error)) from error
        finally:
            self._used = time.monotonic()

    def graphql(self, query: str, **variables: Any) -> Any:
        """Data of a query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        answer = json.loads(self._ask("POST", "/graphql", body, {"content-type": "application/json"})[2])
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"])[:1000])
        return answer["data"]

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers, body as sent (compressed or not)."""
        return self._ask("GET", path, None, headers)

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """As `get`."""
        return self._ask("POST", path, body, headers)


def settled_cpu(mark: str, seconds: float = 10.0) -> float:
    """Processor seconds of a server once it has come to rest (less than 3 % of a core for half a second)."""
    deadline = time.monotonic() + seconds
    used = cpu_of(tree(mark))
    while time.monotonic() < deadline:
        time.sleep(0.5)
        before, used = used, cpu_of(tree(mark))
        if used - before <= 0.015:
            break
    return used


def cold_start(server: Server) -> dict[str, float]:
    """What it took to get ready, and what it holds now."""
    return {"start_s": server.started_wall, "start_cpu_s": settled_cpu(server.mark), **memory(server.mark)}


def memory(mark: str) -> dict[str, float]:
    """Of all processes together."""
    pids = tree(mark)
    return {"pss_mib": pss_of(pids), "rss_mib": rss_of(pids), "processes": float(len(pids))}


def idle(server: Server, seconds: float) -> dict[str, float]:
    """Share of a core that a server uses while nothing happens."""
    settled_cpu(server.mark)
    before = cpu_of(tree(server.mark))
    time.sleep(seconds)
    return {"idle_percent_of_a_core": (cpu_of(tree(server.mark)) - before) / seconds * 100}


def latency(server: Server, count: int, pause: Callable[[], float], prefix: str = "latency") -> dict[str, float]:
    """Submission to the first line of user code, one run after another; and the processor time of a whole run."""
    waits = []
    settled_cpu(server.mark)
    before = cpu_of(tree(server.mark))
    for _ in range(count):
        time.sleep(pause())
        submitted = time.time()
        run_id = server.submit()
        marked = until("user code runs", lambda run_id=run_id: _marked(server.marks / run_id), 60)
        waits.append((marked - submitted) * 1000)
        until("the run ends", lambda: server.unfinished() == 0, 60, 0.1)
    cpu = settled_cpu(server.mark) - before
    return {
        f"{prefix}_p50_ms": median(waits),
        f"{prefix}_p95_ms": percentile(waits, 95),
        f"{prefix}_cpu_ms_per_run": cpu / count * 1000,
    }


def _marked(path: Path) -> float:
    return float(path.read_text()) if path.exists() else 0.0


def burst(server: Server, count: int) -> dict[str, float]:
    """One-op runs submitted at once, ten slots: how many come to their end in a minute."""
    before = settled_cpu(server.mark)
    began = time.monotonic()
    for _ in range(count):
        server.submit()
    submitted = time.monotonic() - began
    until("all runs end", lambda: server.unfinished() == 0, 300, 0.1)
    seconds = time.monotonic() - began
    cpu = settled_cpu(server.mark) - before
    return {
        "runs_per_minute": count / seconds * 60,
        "submit_ms": submitted / count * 1000,
        "burst_cpu_ms_per_run": cpu / count * 1000,
    }
