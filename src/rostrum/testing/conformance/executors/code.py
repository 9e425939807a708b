"""Definitions that the suite executes: a module of its own, since some executors import it again in fresh processes."""

# ruff: noqa: D103, T201 - user code in a test

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.definitions.events.outputs import DynamicOutput, Failure, Output, RetryRequested
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.jobs import job
from rostrum.definitions.ops.logs import get_logger
from rostrum.definitions.ops.ops import DynamicOut, Out, op
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.resources.lifecycle import resource


@op
def one() -> int:
    return 1


@op
def double(value: int) -> int:
    return value * 2


@op
def total(values: list[int]) -> int:
    return sum(values)


@op
def fails() -> int:
    raise ValueError("on purpose")


@op
def after(value: int) -> int:
    return value


@op(out=Out(int, is_required=False))
def maybe() -> Iterator[Output]:
    yield from ()


@op(retry_policy=RetryPolicy(max_retries=2, delay=0.01))
def flaky(context: OpExecutionContext) -> int:
    if context.retry_number < 2:
        raise RuntimeError(f"attempt {context.retry_number + 1}")
    return context.retry_number


@op(retry_policy=RetryPolicy(max_retries=5))
def hopeless() -> int:
    raise Failure("never", metadata={"tries": 1}, allow_retries=False)


@op
def asks_again(context: OpExecutionContext) -> int:
    if context.retry_number == 0:
        raise RetryRequested(max_retries=1, seconds_to_wait=0.0) from OSError("busy")
    return 7


@op
def talks(context: OpExecutionContext) -> int:
    context.log.warning("a warning %d", 1)
    print("printed")
    print("to err", file=sys.stderr)
    os.write(1, b"by descriptor\n")
    subprocess.run([sys.executable, "-S", "-c", "print('by a child', end='')"], check=True)
    return 1


@op
def looks_around() -> int:
    print("\n".join(sorted(os.environ)))
    return 1


@op
def asks(context: OpExecutionContext) -> list[str]:
    context.instance.add_dynamic_partitions("colors", ["red", "blue"])
    return list(context.instance.get_dynamic_partitions("colors"))


@op
def waits() -> int:
    threading.Event().wait(60)
    return 1


@op
def waits_once(context: OpExecutionContext) -> int:
    """Waits to be killed the first time."""
    Path(os.environ["ROSTRUM_TEST_FOLDER"], "mark-waits_once").write_text(str(os.getpid()))
    if context.retry_number == 0:
        threading.Event().wait(60)
    return 1


@op
def chats(context: OpExecutionContext) -> int:
    """Prints, and writes to the library's logger, side by side with others."""
    for number in range(20):
        print(context.run_id, number)
        get_logger().info("%s %d", context.run_id, number)
        threading.Event().wait(0.002)
    return 1


@op
def takes_long(context: OpExecutionContext) -> int:
    for number in range(20):
        context.log.info("line %d", number)
        threading.Event().wait(0.1)
    return 1


@op
def swallows(context: OpExecutionContext) -> int:
    """Starts a grandchild, then sleeps through every interrupt."""
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    Path(os.environ["ROSTRUM_TEST_FOLDER"], "grandchild").write_text(str(child.pid))
    context.log.info("ready")
    while True:
        try:
            threading.Event().wait(60)
        except KeyboardInterrupt:
            context.log.info("swallowed")


@op
def ignores_term(context: OpExecutionContext) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    context.log.info("ready")
    threading.Event().wait(60)
    return 1


@op
def kills_itself() -> int:
    print("last words")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@op
def leaves() -> int:
    os._exit(3)


@op
def draws() -> float:
    return random.random()


@op(pool="narrow")
def pooled() -> int:
    return os.getpid()


@resource
def tracked() -> Iterator[list[str]]:
    folder = Path(os.environ["ROSTRUM_TEST_FOLDER"])
    (folder / f"up-{os.getpid()}").touch()
    yield ["tracked"]
    (folder / f"down-{os.getpid()}").touch()


@resource
def broken() -> Any:
    raise ConnectionError("no such host")


@op(required_resource_keys={"tracked"})
def uses(context: OpExecutionContext) -> str:
    return context.resources.tracked[0]


@op(required_resource_keys={"broken"})
def needs_broken() -> int:
    return 1


@job
def chain() -> None:
    first = one()
    total([double(first), double(first)])


@op(out=DynamicOut(int))
def items() -> Iterator[DynamicOutput]:
    for number in range(3):
        yield DynamicOutput(number, mapping_key=f"k{number}")


@job
def mapped() -> None:
    total(items().map(double).collect())


@job
def branches() -> None:
    after(fails())
    double(one())


@job
def optional() -> None:
    double(after(maybe()))
    one()


@job
def retried() -> None:
    double(flaky())


@job
def hopeless_job() -> None:
    hopeless()


@job
def asked() -> None:
    asks_again()


@job
def talking() -> None:
    talks()


@job
def looking_around() -> None:
    looks_around()


@job
def asking() -> None:
    asks()


@job
def waiting() -> None:
    after(waits())


@job
def chatting() -> None:
    chats()


@job
def taking_long() -> None:
    after(takes_long())


@job
def waiting_once() -> None:
    after(waits_once())


@job
def swallowing() -> None:
    swallows()


@job
def stubborn() -> None:
    ignores_term()


@job
def killed() -> None:
    after(kills_itself())
    one()


@job
def leaving() -> None:
    leaves()


@job
def drawing() -> None:
    draws()
    draws.alias("draws_again")()


@job
def narrow() -> None:
    pooled()
    pooled.alias("pooled_2")()
    pooled.alias("pooled_3")()


@job
def using() -> None:
    uses()


@job
def broken_job() -> None:
    needs_broken()


defs = Definitions(
    jobs=[
        chain,
        mapped,
        branches,
        optional,
        retried,
        hopeless_job,
        asked,
        talking,
        looking_around,
        asking,
        waiting,
        waiting_once,
        taking_long,
        chatting,
        swallowing,
        stubborn,
        killed,
        leaving,
        drawing,
        narrow,
        using,
        broken_job,
    ],
    resources={"tracked": tracked, "broken": broken},
)
