"""9. Definitions of many assets: build and resolve; not serialise, which is no public API of the peer."""

from __future__ import annotations

import os

from dagster import Definitions, asset

from benchmarks.measure import Timer, arguments, emit, part, rss_of


def upstream(number: int) -> list[str]:
    return [f"asset_{other}" for other in sorted({number // 2, number * 7 // 10} - {number})]


def many_assets(count: int) -> list:
    def body():
        return 1

    return [
        asset(name=f"asset_{number}", group_name=f"group_{number // 100}", deps=upstream(number))(body)
        for number in range(count)
    ]


def build(count: int) -> None:
    with Timer() as whole:
        with Timer() as built:
            assets = many_assets(count)
        with Timer() as compiled:
            Definitions.validate_loadable(Definitions(assets=assets))
    emit(
        seconds=whole.wall,
        cpu_s=whole.cpu,
        build_s=built.wall,
        compile_s=compiled.wall,
        memory_mib=rss_of([os.getpid()]),
    )


def main() -> None:
    options = arguments()
    if options.part:
        build(int(options.part))
        return
    sizes = (1000,) if options.quick else (1000, 5000, 10_000)
    found = {size: part("benchmarks.peer.scale", str(size)) for size in sizes}
    figures = {f"seconds_{size}": figures["seconds"] for size, figures in found.items()}
    last = found[sizes[-1]]
    for name in ("cpu_s", "build_s", "compile_s", "memory_mib"):
        figures[f"{name}_{sizes[-1]}"] = last[name]
    if len(sizes) > 1:
        figures["growth"] = (last["seconds"] / sizes[-1]) / (found[1000]["seconds"] / 1000)
    emit(**figures)


if __name__ == "__main__":
    main()
