"""What is told of workers of clusters that went away."""

from __future__ import annotations

from types import SimpleNamespace

from rostrum.executors import dask, ray
from rostrum.executors.elsewhere import refusal
from rostrum.model.errors import Unavailable

DIED = """The actor died unexpectedly before finishing this task.
\tclass_name: StepActor
\tactor_id: 4b32b2ac
\tpid: 6515
\tip: 192.0.2.2
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: ..."""


class KilledWorker(Exception):
    last_worker = SimpleNamespace(address="tcp://192.0.2.2:36433")


def test_which_process_it_was() -> None:
    assert ray._why(DIED).endswith(
        "(process 6515 at 192.0.2.2 exited, crashed or was killed, perhaps since memory ran out)"
    )
    assert dask._why(KilledWorker()).startswith("its worker tcp://192.0.2.2:36433 exited, crashed or was killed")


def test_what_else_is_known() -> None:
    assert ray._why("The node is gone.\nmore") == "The node is gone."
    assert dask._why(RuntimeError("the scheduler went")) == "its worker went away: the scheduler went"


def test_a_worker_that_could_not_begin_says_why() -> None:
    assert refusal(ValueError("x")) is None
    told = refusal(Unavailable("the gateway does not answer"))
    assert told == "A worker could not begin this step: the gateway does not answer"
