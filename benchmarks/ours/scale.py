"""9. Definitions of many assets: build, compile to the manifest, encode, hash; and its size on the wire."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from benchmarks.measure import Timer, arguments, emit, part, rss_of
from rostrum import Definitions, asset
from rostrum.model.manifest_parts import encode_manifest, manifest_hash, manifest_parts, part_hash

FILE = 50
"""Assets in a source file."""


def many_assets(count: int) -> list[object]:
    """`count` assets in groups of 100, two dependencies each."""

    def body():
        return 1

    return [
        asset(
            name=f"asset_{number}",
            group_name=f"group_{number // 100}",
            deps=upstream(number),
        )(body)
        for number in range(count)
    ]


def upstream(number: int) -> list[str]:
    """Names of the two assets that an asset depends on, some 26 layers deep (the peer cannot load deep chains)."""
    return [f"asset_{other}" for other in sorted({number // 2, number * 7 // 10} - {number})]


def written_assets(count: int, changed: int = -1) -> list[object]:
    """The same, each written out in one of many files. One may have a docstring, which moves the rest of its file."""
    namespace: dict[str, Any] = {"asset": asset}
    for first in range(0, count, FILE):
        lines: list[str] = []
        for number in range(first, min(first + FILE, count)):
            lines.append(f"@asset(group_name='group_{number // 100}', deps={upstream(number)})")
            lines.append(f"def asset_{number}():")
            if number == changed:
                lines.append('    """Changed."""')
            lines += ["    return 1", ""]
        exec(compile("\n".join(lines), f"assets_{first}.py", "exec", dont_inherit=True), namespace)
    return [namespace[f"asset_{number}"] for number in range(count)]


def build(count: int) -> None:
    import os

    with Timer() as whole:
        with Timer() as built:
            assets = many_assets(count)
        with Timer() as compiled:
            definitions = Definitions(assets=assets)
            manifest = definitions.manifest()
        with Timer() as encoded:
            data = encode_manifest(manifest)
            manifest_hash(data)
    memory = rss_of([os.getpid()])
    before, after = (
        encode_manifest(Definitions(assets=written_assets(count, changed)).manifest()) for changed in (-1, count // 2)
    )
    emit(
        seconds=whole.wall, cpu_s=whole.cpu, build_s=built.wall, compile_s=compiled.wall, encode_s=encoded.wall,
        manifest_mb=len(data) / 1e6, compressed_kb=len(zlib.compress(data, 3)) / 1000,
        changed_kb=sent(before, after) / 1000, memory_mib=memory,
    )  # fmt: skip


def sent(before: bytes, after: bytes) -> int:
    """Bytes on the wire, both ways, to tell a caller that has `before` of `after`."""
    known = {part_hash(part): place for place, part in enumerate(manifest_parts(before))}
    parts = [known.get(part_hash(part), part) for part in manifest_parts(after)]
    return 16 * len(known) + len(zlib.compress(msgspec.msgpack.encode(parts), 3))


def main() -> None:
    options = arguments()
    if options.part:
        build(int(options.part))
        return
    sizes = (1000,) if options.quick else (1000, 5000, 10_000)
    found = {size: part("benchmarks.ours.scale", str(size)) for size in sizes}
    figures = {f"seconds_{size}": figures["seconds"] for size, figures in found.items()}
    last = found[sizes[-1]]
    for name in (
        "cpu_s",
        "build_s",
        "compile_s",
        "encode_s",
        "manifest_mb",
        "compressed_kb",
        "changed_kb",
        "memory_mib",
    ):
        figures[f"{name}_{sizes[-1]}"] = last[name]
    if len(sizes) > 1:
        figures["growth"] = (last["seconds"] / sizes[-1]) / (found[1000]["seconds"] / 1000)
    emit(**figures)


if __name__ == "__main__":
    main()
