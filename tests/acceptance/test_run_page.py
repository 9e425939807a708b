"""The page of a run in real Chromium: where its steps ran, attempt by attempt, why they ended, and hundreds of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.servers import Dev, Project, dev_on
from tests.acceptance.test_browser import WAIT, browser, watched

__all__ = ["browser"]

CODE = """
import os
from rostrum import Definitions, DynamicOut, DynamicOutput, RetryPolicy, job, op

@op(isolation="thread")
def fetch():
    print("fetch prints")

@op(isolation="async")
async def ask(fetch):
    print("ask prints")

@op(isolation="process", retry_policy=RetryPolicy(max_retries=0, max_infrastructure_retries=1))
def crunch(context, ask):
    print("attempt", context.retry_number + 1, flush=True)
    os._exit(7)

@job
def mixed():
    crunch(ask(fetch()))

@op(out=DynamicOut(), isolation="thread")
def items():
    for number in range(300):
        yield DynamicOutput(number, mapping_key=f"i{number:03}")

@op(isolation="async")
async def work(item):
    if item == 222:
        raise ValueError("item 222 is broken")

@job
def wide():
    items().map(work)

defs = Definitions(jobs=[mixed, wide])
"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("page")
    with dev_on(Project(folder / "project", CODE), folder / "home") as server:
        yield server


def opened(browser: Browser, dev: Dev, run_id: str, width: int = 1440) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.goto(f"http://127.0.0.1:{dev.api.port}/r/{run_id}")
    expect(page.get_by_test_id("failure")).to_be_visible(timeout=WAIT)
    return page


def accessible(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()


def test_places_attempts_and_causes(browser: Browser, dev: Dev) -> None:
    run_id = dev.api.launch(job="mixed")
    dev.api.wait(run_id, "failure")
    page = opened(browser, dev, run_id)
    problems = watched(page)
    failure = page.get_by_test_id("failure")
    expect(failure).to_contain_text("exited with code 7")
    expect(failure).to_contain_text(
        re.compile(r"in step crunch, after 2 attempts, in process \d+ on .*Its process died")
    )
    expect(failure).to_contain_text("max_infrastructure_retries")

    # The failed step is chosen: its two attempts have an output each.
    expect(page.get_by_test_id("step-where")).to_have_text(re.compile(r"process \d+ on .*, crashed"))
    log = page.get_by_test_id("log")
    expect(log).to_contain_text("attempt 1 crashed; the next one follows")
    attempt = page.get_by_role("group", name="Attempt")
    attempt.get_by_text("2", exact=True).click()
    expect(log).to_contain_text("attempt 2")
    expect(log).not_to_contain_text("attempt 1 crashed")
    bars = page.locator('[data-step="crunch"] .b[title^="attempt"]')
    expect(bars).to_have_count(2)

    # All steps: each line says whose it is, and where it went.
    page.get_by_role("button", name=re.compile("^Log of step crunch")).click()
    expect(log).to_contain_text(re.compile(r"fetch\s*step given to a thread of process \d+"))
    expect(log).to_contain_text(re.compile(r"ask\s*step given to the event loop of process \d+"))
    accessible(page)
    page.get_by_text("Steps", exact=True).click()
    table = page.get_by_role("table")
    expect(table.get_by_role("row", name=re.compile("^ask"))).to_contain_text("the event loop of process")
    accessible(page)
    assert problems == []
    page.context.close()


def test_hundreds_of_steps(browser: Browser, dev: Dev) -> None:
    """Only rows in sight are drawn; the keyboard reaches all of them; what failed is first."""
    run_id = dev.api.launch(job="wide")
    dev.api.wait(run_id, "failure")
    page = opened(browser, dev, run_id)
    steps = page.get_by_role("listbox", name="Steps")
    first = steps.get_by_role("option").first
    expect(first).to_contain_text("work[i222]")
    expect(first).to_have_attribute("aria-setsize", "301")
    assert steps.get_by_role("option").count() < 120
    steps.focus()
    for _ in range(100):
        page.keyboard.press("j")
    chosen = steps.locator('[aria-selected="true"]')
    expect(chosen).to_have_attribute("aria-posinset", "101")
    expect(chosen).to_be_in_viewport()
    accessible(page)
    page.get_by_text("Steps", exact=True).click()
    page.get_by_role("button", name="Show all 301 steps").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(302)
    page.context.close()
