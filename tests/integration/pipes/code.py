"""Jobs whose steps start external processes, for runs with captured output and a control plane that cancels."""

from __future__ import annotations

import os
import sys

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.jobs import job
from rostrum.definitions.ops.ops import op
from rostrum.pipes.clients import PipesSubprocessClient

PYTHON = os.environ.get("PIPES_CLIENT_PYTHON", sys.executable)
HEAD = "import os, signal, subprocess, sys, time\nfrom dagster_pipes import open_dagster_pipes\n"


def run_client(context: OpExecutionContext, body: str, **options: float) -> None:
    client = PipesSubprocessClient(**options)
    client.run(context=context, command=[os.environ["PIPES_CLIENT_PYTHON"], "-u", "-c", HEAD + body])


@op
def talks(context: OpExecutionContext) -> int:
    run_client(
        context,
        """
with open_dagster_pipes() as pipes:
    print("printed by the client")
    os.write(2, b"by its descriptor")
    subprocess.run(["printf", "by its child"])
    pipes.log.warning("a line of the client")
""",
    )
    return 1


@op
def is_killed(context: OpExecutionContext) -> int:
    run_client(
        context,
        """
with open_dagster_pipes() as pipes:
    pipes.log.info("last words")
    os.kill(os.getpid(), signal.SIGKILL)
""",
    )
    return 1


@op
def waits(context: OpExecutionContext) -> int:
    """Its client tells its number, and ends as it is asked to."""
    run_client(
        context,
        """
with open_dagster_pipes() as pipes:
    pipes.log.info(f"pid {os.getpid()}")
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        print("asked to end")
        raise
""",
    )
    return 1


@op
def ignores(context: OpExecutionContext) -> int:
    """Its client does not end when it is asked to."""
    run_client(
        context,
        """
signal.signal(signal.SIGINT, signal.SIG_IGN)
with open_dagster_pipes() as pipes:
    pipes.log.info(f"pid {os.getpid()}")
    time.sleep(60)
""",
        termination_timeout_seconds=0.2,
    )
    return 1


@op
def is_orphaned(context: OpExecutionContext) -> int:
    """Its client kills the process of the step, and would go on."""
    run_client(
        context,
        """
with open_dagster_pipes() as pipes:
    with open(os.environ["PIPES_CLIENT_PID"], "w") as file:
        file.write(str(os.getpid()))
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
""",
    )
    return 1


@job
def orphaned() -> None:
    is_orphaned()


@job
def talking() -> None:
    talks()


@job
def killed() -> None:
    is_killed()


@job
def waiting() -> None:
    waits()


@job
def ignoring() -> None:
    ignores()


defs = Definitions(jobs=[orphaned, talking, killed, waiting, ignoring])
