"""Which files loading has read."""

from __future__ import annotations

import builtins
import io
import json
import threading
from pathlib import Path

import msgspec
import pytest

from rostrum.codeserver.loading import load
from rostrum.codeserver.reads import Reads, changed_at


def test_what_is_read_below_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = builtins.open
    code, home = tmp_path / "code", tmp_path / "code/home"
    for folder in (code / "site-packages", code / ".hidden", home, tmp_path / "beside"):
        folder.mkdir(parents=True)
    monkeypatch.setenv("ROSTRUM_HOME", str(home))
    others = ("site-packages/a.json", ".hidden/b.json", "home/c.json", "../beside/d.json", "m.py")
    for name in ("limits.json", "notes.txt", "kept.csv", *others):
        (code / name).write_text("{}")
    with Reads() as reads:
        for name in ("limits.json", *others):
            (code / name).read_text()
        with open(code / "notes.txt") as file:  # noqa: PTH123 - as users do
            file.read()
        with pytest.raises(FileNotFoundError):
            (code / "later.toml").read_bytes()
        (code / "made.json").write_text("{}")  # loading's own
        assert (code / "made.json").read_text() == "{}"
        aside = threading.Thread(target=(code / "kept.csv").read_text)
        aside.start()
        aside.join()
    assert (builtins.open, io.open) == (before, before)
    found = reads.below([code])
    assert {Path(file).name for file in found} == {"limits.json", "notes.txt", "later.toml"}
    assert found[str(code / "limits.json")] == changed_at(str(code / "limits.json")) > 0
    assert found[str(code / "later.toml")] == 0


def test_loading_tells_what_it_has_read_even_when_it_fails(tmp_path: Path) -> None:
    (tmp_path / "limits.json").write_text("{}")
    (tmp_path / "values.json").write_text("{}")
    code = tmp_path / "reading.py"
    target = msgspec.Raw(json.dumps({"python_file": str(code)}).encode())
    for ending in ("import rostrum as ro\ndefs = ro.Definitions()\n", "raise ValueError\n"):
        code.write_text(f"from pathlib import Path\n(Path(__file__).parent / 'limits.json').read_text()\n{ending}")
        assert list(load(target).data) == [str(tmp_path / "limits.json")]
