"""An encoded manifest is a list of parts: one change touches one part, and all of them are the whole."""

from __future__ import annotations

import zlib

import msgspec

from rostrum.model.assets import AssetKey
from rostrum.model.manifest import AssetDependency, AssetNode, Manifest, OpNode, ScheduleNode, SensorNode, Source
from rostrum.model.manifest_parts import (
    decode_automations,
    decode_manifest,
    encode_manifest,
    manifest_hash,
    manifest_parts,
    part_hash,
)


def asset(number: int, description: str | None = None) -> AssetNode:
    above = (AssetDependency(AssetKey(("raw", f"asset_{number - 1:05d}"))),) if number else ()
    name = f"asset_{number:05d}"
    return AssetNode(AssetKey(("raw", name)), op=f"raw__{name}", deps=above, description=description)


def manifest_of(assets: list[AssetNode]) -> Manifest:
    ops = tuple(OpNode(each.op or "", kind="asset", source=Source("assets.py", 1)) for each in assets)
    return Manifest(assets=tuple(assets), ops=ops, executor="in_process", metadata={})


def new_parts(before: bytes, after: bytes) -> list[bytes]:
    return [part for part in manifest_parts(after) if part not in set(manifest_parts(before))]


ASSETS = [asset(number) for number in range(10_000)]
DATA = encode_manifest(manifest_of(ASSETS))


def test_all_parts_are_the_whole() -> None:
    assert decode_manifest(DATA) == manifest_of(ASSETS)
    assert encode_manifest(decode_manifest(DATA)) == DATA


def test_a_small_manifest_is_one_part() -> None:
    assert len(manifest_parts(encode_manifest(manifest_of(ASSETS[:20])))) == 1


def test_one_changed_asset_of_ten_thousand_changes_one_part() -> None:
    changed = encode_manifest(manifest_of([*ASSETS[:5000], asset(5000, "now described"), *ASSETS[5001:]]))
    parts = new_parts(DATA, changed)
    assert len(parts) == 1
    sent = len(zlib.compress(b"".join(parts))) + 16 * len(manifest_parts(changed))
    assert sent < 20_000
    assert manifest_hash(changed) != manifest_hash(DATA)


def test_an_added_asset_moves_no_other_part() -> None:
    added = encode_manifest(manifest_of([*ASSETS[:5000], asset(77_777), *ASSETS[5000:]]))
    assert 2 <= len(new_parts(DATA, added)) <= 4


def test_a_manifest_from_before_there_were_parts_is_read() -> None:
    manifest = manifest_of(ASSETS[:3])
    old = msgspec.msgpack.encode(manifest, order="deterministic")
    assert decode_manifest(old) == manifest
    assert manifest_parts(old) == [old]
    assert len(part_hash(old)) == 16


def test_lines_that_move_send_only_lines() -> None:
    """A line added at the top of a file: everything below it is where it was, but for the line."""

    def written(first: int) -> bytes:
        sources = (Source("assets.py", first + 7 * number) for number in range(3000))
        nodes = [msgspec.structs.replace(asset(n), source=source) for n, source in enumerate(sources)]
        return encode_manifest(Manifest(assets=tuple(nodes)))

    before, after = written(10), written(11)
    assert manifest_hash(before) != manifest_hash(after)
    assert decode_manifest(after).assets[2999].source == Source("assets.py", 11 + 7 * 2999)
    sent = len(zlib.compress(b"".join(new_parts(before, after))))
    assert sent < len(zlib.compress(after)) / 20


def test_automations_alone_are_those_of_the_whole() -> None:
    schedules = tuple(
        ScheduleNode(f"daily_{number}", "job", ("0 0 * * *",), default_running=True) for number in range(300)
    )
    manifest = Manifest(assets=tuple(ASSETS), schedules=schedules, sensors=(SensorNode("watch"),))
    found = decode_automations(encode_manifest(manifest))
    assert found == Manifest(schedules=schedules, sensors=(SensorNode("watch"),))
    assert decode_automations(DATA) == Manifest()
