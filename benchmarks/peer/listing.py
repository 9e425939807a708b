"""10, 11. `dagster dev` on many assets: until it is ready, and listing all of them with dependencies and groups."""

from __future__ import annotations

import inspect
import json

from benchmarks.measure import Timer, arguments, cpu_of, emit, median, tree
from benchmarks.peer.dev import Dev
from benchmarks.peer.scale import many_assets, upstream
from benchmarks.servers import memory, settled_cpu

CODE = """
from dagster import Definitions, asset

{functions}
defs = Definitions(assets=many_assets({count}))
"""
QUERY = "{ assetNodes { assetKey { path } groupName dependencyKeys { path } } }"


def main() -> None:
    quick = arguments().quick
    count = 1000 if quick else 10_000
    functions = "\n".join(inspect.getsource(function) for function in (upstream, many_assets))
    with Dev(CODE.format(functions=functions, count=count)) as dev:
        figures = {
            "ready_s": dev.started_wall,
            "ready_cpu_s": settled_cpu(dev.mark, 15),
            "ready_pss_mib": memory(dev.mark)["pss_mib"],
        }
        spent = []
        body = json.dumps({"query": QUERY}).encode()
        for _ in range(3):
            settled_cpu(dev.mark, 3)
            before = cpu_of(tree(dev.mark))
            with Timer():
                headers = {"content-type": "application/json", "accept-encoding": "gzip"}
                status, _, answer = dev.api.post("/graphql", body, **headers)
            assert status == 200
            spent.append(cpu_of(tree(dev.mark)) - before)
    emit(**figures, list_first_cpu_ms=spent[0] * 1000, list_cpu_ms=median(spent[1:]) * 1000, list_kb=len(answer) / 1000)


if __name__ == "__main__":
    main()
