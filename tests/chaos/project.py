"""The project whose runs are disturbed. Every step writes down when it begins and ends, beside what Rostrum keeps."""

from __future__ import annotations

MARKER = "rostrum-chaos-grandchild"
"""Argument of the program that a step starts: nothing of that name may outlive its step."""

CODE = '''
import asyncio, os, subprocess, sys, time
from pathlib import Path
from rostrum import (
    Definitions, DynamicOut, DynamicOutput, In, Nothing, RetryPolicy, asset, define_asset_job, executor,
    in_process_executor, job, op,
)
from rostrum.executors.per_step import PerStepExecutor
from rostrum.testing.processes import ProcessLauncher

HERE = Path(__file__).parent

def tell(context, what):
    line = f"{context.run_id} {context.step_key} {what} {os.getpid()}\\n"
    file = os.open(HERE / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)

def work(context, seconds=0.04):
    tell(context, "begin")
    print(f"printed by {context.step_key}")
    context.log.info("working")
    time.sleep(seconds)
    print(f"last line of {context.step_key}")
    tell(context, "end")

@op(pool="narrow")
def extract(context):
    work(context)
    return 1

@op(out=DynamicOut())
def fan(context, extract):
    work(context)
    for number in range(3):
        yield DynamicOutput(number, mapping_key=f"item{number}")

@op(retry_policy=RetryPolicy(max_retries=2, delay=0.05))
def shaky(context, item):
    work(context)
    if context.retry_number == 0 and item == 1:
        raise ValueError("the first time never works")
    return item

@op
def gather(context, items):
    work(context)
    return sum(items)

@op(pool="narrow")
def parents(context, gather):
    """Its child must not outlive it."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "rostrum-chaos-grandchild"])
    work(context, 0.15)

@job
def processes():
    parents(gather(fan(extract()).map(shaky).collect()))

@op(ins={"after": In(Nothing)})
def link(context):
    work(context)

@job(executor_def=in_process_executor)
def inside():
    after = link.alias("link0")()
    for number in range(1, 5):
        after = link.alias(f"link{number}")(after)

@op(isolation="thread")
def in_thread(context, extract):
    work(context)
    return extract

@op(isolation="async")
async def in_loop(context, extract):
    tell(context, "begin")
    print(f"printed by {context.step_key}")
    await asyncio.sleep(0.04)
    tell(context, "end")
    return extract

@op(isolation="process")
def apart(context, in_thread, in_loop):
    work(context)
    return in_thread + in_loop

@op(isolation="in_process")
def together(context, apart):
    work(context)

@job
def mixed():
    one = extract()
    together(apart(in_thread(one), in_loop(one)))

@executor
def elsewhere_executor(context):
    """A `rostrum step-worker` a step, as containers start it."""
    folder = HERE / "elsewhere"
    folder.mkdir(exist_ok=True)
    launcher = ProcessLauncher(folder, {"ROSTRUM_HOME": os.environ["ROSTRUM_HOME"]})
    return PerStepExecutor(launcher, infrastructure_retries=2, look_seconds=0.1, grace_seconds=1)

@op
def far(context, extract):
    work(context)
    return extract

@job(executor_def=elsewhere_executor)
def elsewhere():
    far.alias("farther")(far(extract()))

@asset(pool="narrow")
def raw(context):
    work(context)
    return 1

@asset
def clean(context, raw):
    work(context)
    return raw + 1

@asset
def report(context, clean):
    work(context)
    return clean + 1

@op
def swallows(context):
    """Every interrupt is caught: only a kill ends it."""
    tell(context, "begin")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            time.sleep(0.05)
        except BaseException:
            pass
    tell(context, "end")

@job
def stubborn():
    swallows()

@job(executor_def=in_process_executor)
def stubborn_inside():
    swallows.alias("swallows_inside")()

defs = Definitions(
    assets=[raw, clean, report],
    jobs=[
        processes, inside, mixed, elsewhere, stubborn, stubborn_inside,
        define_asset_job("assets", ["raw", "clean", "report"]),
    ],
)
'''
