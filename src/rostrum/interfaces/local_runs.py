"""Running definitions in the caller's process: the seam between writing definitions and executing them."""

from __future__ import annotations

from typing import Any, Protocol


class LocalRunner(Protocol):
    """What definitions call to execute in process (`materialize`, `execute_in_process`); loaded by name
    (`definitions.instance.local_run`).
    """

    def execute(self, definitions: Any, **options: Any) -> Any:
        """Execute a job in this process; returns an `ExecutionResult`.

        `definitions`: live definitions that hold the job, or the job alone where it needs no others.
        """
        ...
