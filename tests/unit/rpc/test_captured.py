"""Captured files: every byte once, secrets covered wherever chunks end, never more than the limits."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from rostrum.interfaces.logs import LogLimits
from rostrum.interfaces.masks import Masks
from rostrum.interfaces.sealing import sealed, sealing_key, unsealed
from rostrum.rpc.captured import CapturedFile
from rostrum.rpc.masks_file import MasksFile, read_masks
from rostrum.storage.logs import LocalLogStore

WIDE = LogLimits()
SECRETS = ("s3cr3t-value", "another, much longer secret value with many words in it", "aaaab")


@pytest.fixture
def masks() -> Masks:
    masks = Masks()
    masks.add(SECRETS)
    return masks


class Line:
    """A captured file, and the store that it is brought to."""

    def __init__(self, folder: Path, masks: Masks, limits: LogLimits = WIDE) -> None:
        self.path, self.masks, self.limits = folder / "a.out", masks, limits
        self.logs = LocalLogStore(folder / "logs", limits)
        self.file = CapturedFile(self.path, masks)
        self.path.touch()

    def write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)
        self.file.look(self.path.stat().st_size)

    def send(self, most: int, *, ended: bool = False) -> bool:
        part = self.file.part(self.limits, most, ended=ended)
        if part is None:
            return False
        self.file.stored = self.logs.append("run", "a", "out", part.offset, part.data, leave_out=part.leave_out)
        return True

    def stored(self) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        offset = 0
        while (chunk := self.logs.read("run", "a", "out", offset)).data:
            joins = found and found[-1][0] + len(found[-1][1]) == chunk.offset
            found[-1:] = (
                [(found[-1][0], found[-1][1] + chunk.data)] if joins else [*found[-1:], (chunk.offset, chunk.data)]
            )
            offset = chunk.offset + len(chunk.data)
        return found


def test_secrets_across_every_boundary(tmp_path: Path, masks: Masks) -> None:
    chance = random.Random(7)
    words = [secret.encode() for secret in SECRETS] + [b" ", b"plain ", b"aaa", b"\n", b"s3cr3t"]
    content = b"".join(chance.choice(words) for _ in range(400)) + b"the end"
    for number in range(30):
        folder = tmp_path / str(number)
        folder.mkdir()
        line = Line(folder, masks)
        written = 0
        while written < len(content):
            step = chance.randint(1, 60)
            line.write(content[written : written + step])
            written += step
            for _ in range(chance.randint(0, 3)):
                line.send(chance.randint(1, 80))
            assert not any(secret.encode() in data for _, data in line.stored() for secret in SECRETS)
        while line.send(chance.randint(1, 200), ended=True):
            pass
        assert line.stored() == [(0, masks.data(content))]


def test_who_comes_later_goes_on_where_the_store_is(tmp_path: Path, masks: Masks) -> None:
    """The worker is killed in the middle of a secret: whoever takes the rest knows only the file and the store."""
    line = Line(tmp_path, masks)
    line.write(b"begin s3cr3t-v")
    while line.send(1000):
        pass
    assert line.stored() == [(0, b"begin ")], "the rest may be a secret"
    with line.path.open("ab") as file:
        file.write(b"alue end")
    line.file = CapturedFile(line.path, masks, stored=line.logs.read("run", "a", "out").size)
    line.file.look(line.path.stat().st_size)
    assert line.send(1000, ended=True)
    assert line.stored() == [(0, b"begin ************ end")]


def test_a_runaway_printer(tmp_path: Path, masks: Masks) -> None:
    """Megabytes faster than they are sent: the disk here and in the store stays bounded, the last lines are there."""
    limits = LogLimits(1_000_000, 1_000_000)
    line = Line(tmp_path, masks, limits)
    block = b"".join(b"line %09d s3cr3t-value\n" % number for number in range(40_000))
    for _ in range(60):
        line.write(block)
        line.send(200_000)
        line.file.forget(limits)
    line.write(b"the last line\n")
    while line.send(500_000, ended=True):
        pass
    stored = line.stored()
    assert stored[0][0] == 0
    assert stored[0][1][:1_000_000] == masks.data(block)[:1_000_000]
    assert stored[-1][1].endswith(b"the last line\n")
    assert len(stored[-1][1]) >= 1_000_000
    assert sum(len(data) for _, data in stored) < 3_500_000
    assert stored[-1][0] + len(stored[-1][1]) == line.path.stat().st_size
    assert not any(b"s3cr3t" in data for _, data in stored)
    on_disk = line.path.stat().st_blocks * 512
    assert on_disk < 16_000_000, f"{on_disk} of {line.path.stat().st_size} bytes are on the disk"


def test_what_was_given_back_to_the_disk_is_left_out(tmp_path: Path, masks: Masks) -> None:
    limits = LogLimits(100_000, 100_000)
    line = Line(tmp_path, masks, limits)
    line.write(b"x" * 20_000_000)
    line.file.forget(limits)
    drained = CapturedFile(line.path, masks)  # by somebody with wider limits
    drained.look(line.path.stat().st_size)
    line.file, line.limits = drained, WIDE
    line.logs = LocalLogStore(tmp_path / "logs", WIDE)
    while line.send(1_000_000, ended=True):
        pass
    stored = line.stored()
    assert b"\0" not in b"".join(data for _, data in stored)
    assert stored[-1][0] + len(stored[-1][1]) == 20_000_000


def test_a_file_that_was_cut_goes_on(tmp_path: Path, masks: Masks) -> None:
    """`echo text > /dev/stderr` in a shell opens the file anew and cuts it."""
    line = Line(tmp_path, masks)
    line.write(b"before\n")
    assert line.send(100)
    os.truncate(line.path, 0)
    line.write(b"cut\n")
    line.write(b"after\n")
    while line.send(100, ended=True):
        pass
    assert line.stored() == [(0, b"before\ncut\nafter\n")]


def test_only_regular_files(tmp_path: Path, masks: Masks) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    link = tmp_path / "a.out"
    link.symlink_to(secret)
    os.mkfifo(tmp_path / "b.out")
    for name in ("a.out", "b.out"):
        file = CapturedFile(tmp_path / name, masks)
        file.look(6)
        assert file.part(WIDE, 100, ended=True) is None
        assert file.is_stored, "it is not tried for ever"


def test_secrets_are_left_sealed(tmp_path: Path) -> None:
    token = "body.signature"
    file = MasksFile(tmp_path, 1, token)
    file.add(["first secret"])
    file.add(["second, with ümlaut"])
    with file.path.open("ab") as cut:
        cut.write(b"body c")
    assert b"first" not in file.path.read_bytes()
    assert file.path.stat().st_mode & 0o777 == 0o600
    read = read_masks(tmp_path, 1, lambda body: sealing_key(f"{body}.signature"))
    assert read.values == {"first secret", "second, with ümlaut"}
    assert read_masks(tmp_path, 1, lambda body: sealing_key(f"{body}.other")).values == frozenset()
    assert read_masks(tmp_path, 2, lambda body: b"").values == frozenset()
    key = sealing_key(token)
    assert unsealed(key, sealed(key, "text")) == "text"
    assert sealed(key, "text") != sealed(key, "text")
