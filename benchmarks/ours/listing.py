"""10, 11. `rostrum dev` on many assets: until it is ready, and listing all of them with dependencies and groups."""

from __future__ import annotations

import inspect

from benchmarks.measure import arguments, busy_of, emit, median, until
from benchmarks.ours.dev import Dev
from benchmarks.ours.scale import many_assets, upstream
from benchmarks.servers import memory, settled_cpu

CODE = """
from rostrum import Definitions, asset

{functions}
defs = Definitions(assets=many_assets({count}))
"""
ROUNDS = 20


def main() -> None:
    quick = arguments().quick
    count = 1000 if quick else 10_000
    functions = "\n".join(inspect.getsource(function) for function in (upstream, many_assets))
    with Dev(CODE.format(functions=functions, count=count)) as dev:
        figures = {
            "ready_s": dev.started_wall,
            "ready_cpu_s": settled_cpu(dev.mark),
            "ready_pss_mib": memory(dev.mark)["pss_mib"],
        }
        server = dev.process.pid

        def get(**headers: str) -> tuple[int, dict[str, str], bytes, float]:
            before = busy_of(server)
            answer = dev.api.get("/api/assets", **{"accept-encoding": "gzip", **headers})
            return *answer, busy_of(server) - before

        status, headers, body, first = get()
        assert (status, headers["content-encoding"]) == (200, "gzip")
        before = busy_of(server)
        for _ in range(ROUNDS):
            get()
        cached = (busy_of(server) - before) / ROUNDS
        etag = headers["etag"]
        before = busy_of(server)
        for _ in range(ROUNDS):
            status, _, empty, _ = get(**{"if-none-match": etag})
            assert (status, empty) == (304, b"")
        unchanged = (busy_of(server) - before) / ROUNDS
        changed = [_after_change(dev, number, get, etag) for number in range(3 if quick else 5)]
    emit(
        **figures,
        list_cpu_ms=median(changed) * 1000,
        list_first_cpu_ms=first * 1000,
        list_cached_cpu_ms=cached * 1000,
        list_304_cpu_ms=unchanged * 1000,
        list_kb=len(body) / 1000,
    )


def _after_change(dev: Dev, number: int, get: object, etag: str) -> float:
    """Processor seconds of listing again when the state of one asset has changed."""
    dev.launch(assets=[f"asset_{number}"])
    until("the run ends", lambda: dev.unfinished() == 0, 60, 0.05)
    settled_cpu(dev.mark)
    status, headers, _, cpu = get()
    assert status == 200
    assert headers["etag"] != etag
    return cpu


if __name__ == "__main__":
    main()
