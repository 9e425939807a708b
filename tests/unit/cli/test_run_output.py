"""What `rostrum run logs` prints of steps, items and attempts, and what it says where there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from rostrum.cli.run_output import print_output
from rostrum.interfaces.logs import LogChunk
from rostrum.model import events as ev
from rostrum.model.errors import NotFound

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Control:
    """A run that has ended, and what its steps wrote: all of it is the name of the file."""

    def __init__(self, *files: ev.LogsCaptured, is_finished: bool = True) -> None:
        stored = [SimpleNamespace(event=file) for file in files]
        run = SimpleNamespace(is_finished=is_finished)
        self.session = Mock(**{"runs.get.return_value": run, "events.read.return_value": stored})
        self.storage = Mock(**{"begin.return_value": self})
        self.doorbell = Mock(**{"count.return_value": 0})
        self.log_store = Mock(read=self.read, **{"files.return_value": []})

    def __enter__(self) -> Any:
        return self.session

    def __exit__(self, *raised: object) -> None: ...

    def read(self, _run_id: str, key: str, stream: str, offset: int) -> LogChunk:
        data = f"{key}\n".encode() if stream == "out" else b""
        return LogChunk(data[offset:], offset, len(data), True)


def written(key: str, *steps: str, attempt: int | None = 1) -> ev.LogsCaptured:
    return ev.LogsCaptured(at=NOW, step_key=steps[0], file_key=key, step_keys=steps, attempt=attempt)


def told(control: Any, step: str | None, attempt: int | None = None) -> str:
    with pytest.raises(NotFound) as raised:
        print_output(control, "r", step=step, attempt=attempt, follow=False)
    return str(raised.value)


CONTROL = Control(
    written("one", "one"),
    written("one.2", "one", attempt=2),
    written("a", "download[a]"),
    written("b", "download[b]"),
    written("process", "left", "right", attempt=None),
)


def test_a_step_with_items_is_all_of_them(capfd: pytest.CaptureFixture[str]) -> None:
    print_output(CONTROL, "r", step="download", attempt=None, follow=False)
    assert capfd.readouterr().out == "a\nb\n"
    print_output(CONTROL, "r", step="download[b]", attempt=None, follow=False)
    assert capfd.readouterr().out == "b\n"
    print_output(CONTROL, "r", step="left", attempt=None, follow=False)
    assert capfd.readouterr().out == "process\n"


def test_what_there_is_is_told() -> None:
    assert told(CONTROL, "one", 3) == "nothing was captured of attempt 3 of step one; there is output of attempts 1, 2"
    assert told(CONTROL, "download", 2).endswith("of attempt 2 of step download; there is output of attempt 1")
    assert "leave --attempt out" in told(CONTROL, "left", 1)
    assert told(CONTROL, "downlod") == "nothing was captured of step downlod; did you mean download?"
    assert told(CONTROL, "zzz").endswith("there is output of download, left, one, right")
    assert told(CONTROL, None, 9) == "nothing was captured of attempt 9; there is output of attempts 1, 2"
    assert told(Control(is_finished=False), "one") == (
        "nothing was captured of step one yet; no step has written anything"
    )
