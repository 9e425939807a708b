"""Pools on a real server, seen in real Chromium: what blocks what, limits changed by hand, slots of killed workers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.acceptance.servers import Dev, Project, dev_on, until
from tests.acceptance.test_browser import WAIT, browser, watched

__all__ = ["browser"]

CODE = """
import os, time
from pathlib import Path
from rostrum import Definitions, asset

HERE = Path(__file__).parent

def gate(name):
    (HERE / f"{name}.reached").write_text(str(os.getpid()))
    while not (HERE / f"{name}.go").exists():
        time.sleep(0.01)

@asset(pool="db")
def one():
    gate("one")

@asset
def free():
    return 1

@asset(pool="db")
def two():
    gate("two")

@asset(pool="db")
def three():
    gate("three")

defs = Definitions(assets=[one, free, two, three])
"""


@pytest.fixture
def narrow(tmp_path: Path, home: Path) -> Iterator[Dev]:
    home.mkdir(exist_ok=True)
    (home / "rostrum.yaml").write_text("pools: {db: 1}\n")
    with dev_on(Project(tmp_path / "project", CODE), home) as server:
        yield server


def pool(dev: Dev) -> dict[str, Any]:
    fields = "limit source held waiting holders waiters queuedRuns"
    found: dict[str, Any] = dev.api.ask(f'{{ pool(name: "db") {{ {fields} }} }}')["pool"]
    return found


def cli(dev: Dev, *arguments: str) -> str:
    command = [sys.executable, "-m", "rostrum", *arguments, "--home", str(dev.home)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


def waiting(dev: Dev, run_id: str) -> str:
    return str(dev.api.ask("query($id: String!) { run(id: $id) { waitsFor } }", id=run_id)["run"]["waitsFor"])


def test_what_blocks_what(browser: Browser, narrow: Dev) -> None:
    dev, api, url = narrow, narrow.api, narrow.ready["url"]
    first = api.launch("one")
    dev.project.wait_reached("one")
    second = api.launch("free", "two")
    until("two waits", lambda: [row for row in api.run(second)["steps"] if row["waitsFor"]])
    third = api.launch("three")
    until("three is held back", lambda: waiting(dev, third) == "waits for pool db: 1 of 1 taken")
    assert f"waiting    two waits for pool db: 1 of 1 taken by run {first}, step one, its turn is next" in cli(
        dev, "run", "show", second
    )
    assert "waiting    waits for pool db: 1 of 1 taken" in cli(dev, "run", "show", third)
    told = [event for event in api.events(second) if event["kind"] == "step_waiting"]
    assert [(event["name"], event["limit"], event["holders"]) for event in told] == [("db", 1, [f"{first}:one"])]

    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    problems = watched(page)
    page.goto(f"{url}/system")
    row = page.locator('[data-pool="db"]')
    expect(row.get_by_role("link", name=re.compile(f"{first[-6:]} one"))).to_be_visible(timeout=WAIT)
    expect(row.get_by_role("link", name=re.compile(f"{second[-6:]} two"))).to_be_visible()
    expect(row.get_by_text("1 queued run")).to_be_visible()
    expect(page.get_by_role("region", name="Queue").get_by_text("waits for pool db: 1 of 1 taken")).to_be_visible()
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
    page.goto(f"{url}/runs")
    expect(page.get_by_text("waits for pool db: 1 of 1 taken")).to_be_visible(timeout=WAIT)
    page.goto(f"{url}/r/{second}")
    waits = page.get_by_role("list", name="What it waits for")
    expect(waits).to_contain_text("two waits for pool db: 1 of 1 taken by run", timeout=WAIT)
    expect(page.get_by_role("option", name=re.compile("two"))).to_contain_text("waits for pool db")
    found = Axe().run(
        page, context=".run-waits", options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    )
    assert found.violations_count == 0, found.generate_report()
    waits.get_by_role("link").click()
    expect(page).to_have_url(f"{url}/r/{first}")

    # A wider pool, from the screen: the step that waits gets its slot, without a restart of anything.
    page.goto(f"{url}/system")
    limit = page.get_by_role("textbox", name="Limit of pool db")
    limit.fill("2")
    limit.press("Enter")
    dev.project.wait_reached("two", 5)
    expect(row).to_contain_text("2 of 2", timeout=WAIT)
    page.get_by_role("button", name="Reset the limit of pool db").click()
    expect(row).to_contain_text("from rostrum.yaml", timeout=WAIT)

    # Killed workers hold nothing: seconds later the run that was held back is in.
    for run_id in (first, second):
        os.kill(api.worker_pid(run_id), signal.SIGKILL)
    killed_at = time.monotonic()
    dev.project.wait_reached("three", 15)
    assert time.monotonic() - killed_at < 10
    assert [(each["runId"], each["stepKey"]) for each in pool(dev)["holders"]] == [(third, "three")]

    # The queue is switched off and on.
    page.get_by_role("button", name="Hold the queue").click()
    expect(page.get_by_text(re.compile("On hold"))).to_be_visible(timeout=WAIT)
    fourth = api.launch("free")
    until("it is held", lambda: "has put the queue on hold" in waiting(dev, fourth))
    page.goto(f"{url}/runs")
    expect(page.get_by_test_id("hold-banner")).to_be_visible(timeout=WAIT)
    assert cli(dev, "queue", "resume") == "the queue goes on"
    expect(page.get_by_test_id("hold-banner")).to_have_count(0, timeout=WAIT)
    api.wait(fourth, "success")

    # A cancelled run holds nothing either.
    assert re.search(r"db +1 \(rostrum.yaml\) +1 +0 +0", cli(dev, "pool", "list"))
    api.ask("mutation($id: String!) { cancelRun(id: $id) { id } }", id=third)
    api.wait(third, "canceled")
    left = pool(dev)
    assert (left["held"], left["waiting"], left["queuedRuns"]) == (0, 0, [])
    assert problems == []
    context.close()
