"""Steps that end in ways that no step should."""

from __future__ import annotations

from typing import Any

from rostrum import asset, get_logger, in_process_executor, job, materialize, op
from rostrum.execution.output.logs import MAX_MESSAGE
from rostrum.model.events import LogMessage, RunFailed


def test_sys_exit_is_a_failure() -> None:
    @op
    def stops() -> None:
        raise SystemExit("by itself")

    @job(executor_def=in_process_executor)
    def stopping() -> None:
        stops()

    result = stopping.execute_in_process(raise_on_error=False)
    assert not result.success
    failure = next(e for e in result.events if e.kind == "step_failed" and e.step_key == "stops")
    assert failure is not None
    assert failure.error.first_line == "SystemExit: by itself"
    (end,) = [event for event in result.events if isinstance(event, RunFailed)]
    assert end.message == "1 step failed: stops"


def test_large_and_odd_log_lines_are_stored_as_far_as_they_can_be() -> None:
    @asset
    def talks(context: Any) -> None:
        context.log.info("x" * (MAX_MESSAGE + 5))
        get_logger().warning("a\ud800b")

    result = materialize([talks])
    large, odd = [event.message for event in result.events if isinstance(event, LogMessage)]
    assert large.endswith("(5 more characters were cut off)")
    assert odd == "a?b"
