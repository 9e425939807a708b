"""The UI in real Chromium on a real server: the journey of a day, and every page looked at by axe."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.acceptance.servers import Dev, Project, dev_on, until

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT = 15_000

SHOP = '''
import time
from pathlib import Path
from rostrum import AssetCheckResult, AssetExecutionContext, DailyPartitionsDefinition, Definitions
from rostrum import MetadataValue, ScheduleDefinition, asset, asset_check, define_asset_job

HERE = Path(__file__).parent
NOTE = """# Takings
Text **bold** <script>alert(1)</script> right under its heading:
- one
- two [bad](javascript:alert(1)) [good](https://example.org/)

<p onclick="alert(1)">raw</p>"""
days = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2013-02-01")

@asset(partitions_def=days, group_name="raw", owners=["team:shop"], kinds={"csv"})
def orders(context: AssetExecutionContext):
    """Orders of a day."""
    with open(HERE / "orders.calls", "a") as calls:
        calls.write("x")
    print("counting orders of", context.partition_key)
    while not (HERE / "orders.go").exists():
        time.sleep(0.02)
    context.add_output_metadata({"rows": 3, "note": MetadataValue.md(NOTE)})
    return 3

@asset(partitions_def=days, group_name="core")
def revenue(context: AssetExecutionContext, orders):
    """What came in."""
    # FAULT
    return orders * 2

@asset_check(asset="revenue")
def positive(revenue):
    return AssetCheckResult(passed=revenue > 0, description="all positive")

daily = define_asset_job("daily", selection=["orders", "revenue"], partitions_def=days)
mornings = ScheduleDefinition(name="mornings", job=daily, cron_schedule="0 6 * * *")
defs = Definitions(assets=[orders, revenue], asset_checks=[positive], jobs=[daily], schedules=[mornings])
'''


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("ROSTRUM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "these tests need Chromium: ./task test installs it"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """One server for all tests of this module that only look."""
    import tempfile

    home = Path(tempfile.mkdtemp(prefix="rst"))
    broken = SHOP.replace("# FAULT", 'raise ValueError("no gust on " + context.partition_key)')
    project = Project(tmp_path_factory.mktemp("shop"), broken)
    project.open("orders")
    with dev_on(project, home) as server:
        failed = server.api.launch("orders", "revenue", partitions=["2013-01-02"])
        server.api.wait(failed, "failure")
        server.failed_run = failed  # type: ignore[attr-defined]
        yield server
    shutil.rmtree(home, ignore_errors=True)


def watched(page: Page) -> list[str]:
    """Collects what must never happen on a page."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    return problems


def test_the_journey(browser: Browser, project: Project, home: Path) -> None:
    """Open, see the graph, materialize a partition, watch it live, break the code, see file and line, fix, retry from
    failure.
    """
    project.write(SHOP)
    with dev_on(project, home) as server:
        url = server.ready["url"]
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        problems = watched(page)
        page.goto(f"{url}/")
        expect(page.get_by_role("heading", name="Nothing has run yet")).to_be_visible(timeout=WAIT)
        page.get_by_role("button", name="Materialize orders…").click()  # the next thing to do is one click away
        expect(page.get_by_role("complementary", name="Launch")).to_be_visible(timeout=WAIT)
        page.get_by_role("complementary", name="Launch").get_by_role("button", name="Close").click()
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Graph").click()
        tree = page.get_by_role("tree", name="Outline of the graph")
        expect(tree.get_by_role("treeitem", name=re.compile("orders"))).to_be_visible(timeout=WAIT)
        expect(tree.get_by_role("treeitem", name=re.compile("revenue"))).to_be_visible()

        page.goto(f"{url}/a/revenue")
        page.get_by_role("button", name="Materialize…", exact=True).click()
        sheet = page.get_by_role("complementary", name="Launch")
        sheet.get_by_role("textbox", name=re.compile("^Partitions")).fill("2013-01-05")
        sheet.get_by_role("checkbox", name=re.compile("what it depends on")).check()
        sheet.get_by_role("button", name="Start 1 run").click()

        run_id = until("the run is there", lambda: server.api.ask("{ runs { runs { id } } }")["runs"]["runs"])[0]["id"]
        page.goto(f"{url}/r/{run_id}")
        main = page.get_by_role("main")
        expect(main.get_by_text("Running", exact=True).first).to_be_visible(timeout=WAIT)
        expect(main.get_by_text("partition 2013-01-05")).to_be_visible()
        project.open("orders")
        expect(main.get_by_text("Success", exact=True).first).to_be_visible(timeout=WAIT)  # live: nobody reloads

        project.write(SHOP + "\ndef oops(:\n")
        banner = page.get_by_text(re.compile(r"shop\.py does not load: SyntaxError at shop\.py:\d+"))
        expect(banner.first).to_be_visible(timeout=WAIT)
        page.get_by_role("link", name="Show error").first.click()
        expect(main.get_by_text(re.compile("SyntaxError")).first).to_be_visible(timeout=WAIT)
        expect(main.get_by_text(re.compile(r"shop\.py:\d+")).first).to_be_visible()

        project.write(SHOP.replace("# FAULT", 'raise ValueError("no gust")'))
        expect(page.get_by_text(re.compile("does not load"))).to_have_count(0, timeout=WAIT)
        (project.folder / "orders.calls").unlink()
        failed = server.api.launch("orders", "revenue", partitions=["2013-01-06"])
        page.goto(f"{url}/r/{failed}")
        expect(page.get_by_role("heading", name="ValueError: no gust")).to_be_visible(timeout=WAIT)
        expect(main.get_by_text(re.compile(r"shop\.py:\d+")).first).to_be_visible()
        expect(main.get_by_text('raise ValueError("no gust")').first).to_be_visible()

        project.write(SHOP.replace("# FAULT", "context.log.info('mended')"))
        server.api.ask('mutation { reloadLocation(name: "shop.py") { status } }')
        page.get_by_role("button", name="Retry from failure").click()
        expect(page).not_to_have_url(re.compile(failed), timeout=WAIT)  # the page follows to the new run
        expect(main.get_by_text("Success", exact=True).first).to_be_visible(timeout=WAIT)
        assert (project.folder / "orders.calls").read_text() == "x", "what had succeeded was not done again"
        assert [p for p in problems if "alert" in p] == []
        assert problems == []
        page.close()


PAGES = {
    "now": "/",
    "assets": "/assets",
    "asset": "/a/orders",
    "asset partitions": "/a/revenue?tab=partitions",
    "asset history": "/a/orders?tab=history",
    "asset checks": "/a/revenue?tab=checks",
    "asset definition": "/a/orders?tab=definition",
    "graph": "/graph",
    "runs": "/runs",
    "run": "/r/{run}",
    "automations": "/automations",
    "checks": "/checks",
    "system": "/system",
    "missing": "/nope/nope",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_has_no_error_and_no_violation(browser: Browser, shop: Dev, scheme: str) -> None:
    """No script error, nothing that the content security policy refused, one h1, and nothing that axe objects to."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    problems = watched(page)
    axe = Axe()
    for name, path in PAGES.items():
        page.goto(shop.ready["url"] + path.format(run=shop.failed_run))  # type: ignore[attr-defined]
        expect(page.locator("h1")).to_have_count(1, timeout=WAIT)
        page.wait_for_timeout(300)
        found = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        assert problems == [], name
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_what_broke(browser: Browser, shop: Dev, scheme: str) -> None:
    """Now, Runs and a failed run at 390 px: nothing to scroll sideways, nothing that axe objects to, retry in reach."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    axe = Axe()
    for path in ("/", "/runs", f"/r/{shop.failed_run}"):  # type: ignore[attr-defined]
        page.goto(shop.ready["url"] + path)
        expect(page.get_by_text(re.compile("ValueError: no gust")).first).to_be_visible(timeout=WAIT)
        found = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    expect(page.get_by_role("button", name="Retry from failure")).to_be_in_viewport()
    context.close()


def test_a_failed_run_tells_where_and_what_followed(browser: Browser, shop: Dev) -> None:
    """The line that failed is marked, the log is that of the failed step, what did not run is named."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{shop.ready['url']}/r/{shop.failed_run}")  # type: ignore[attr-defined]
    failure = page.get_by_role("region", name="Failure")
    expect(failure.locator(".hot")).to_contain_text('raise ValueError("no gust on "', timeout=WAIT)
    expect(failure.get_by_text(re.compile("First time in 7 days|Seen .* in 7 days"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Log of step revenue"))).to_be_visible()
    log = page.get_by_role("log")
    expect(log.get_by_text(re.compile("ValueError: no gust")).first).to_be_visible()
    expect(log.get_by_text("counting orders")).to_have_count(0)  # that was said by another step
    page.get_by_role("option", name=re.compile("orders")).click()
    expect(log.get_by_text("counting orders of 2013-01-02")).to_be_visible()
    page.close()


def test_a_page_costs_few_requests_and_bytes(browser: Browser, shop: Dev) -> None:
    """Cold /runs with data: at most 8 requests beside icons, at most 300 KB on the wire.

    The browser is cold, the server is not: what its first run still has to tell would be asked for as well.
    """
    before = browser.new_page()
    before.goto(f"{shop.ready['url']}/system")
    before.wait_for_timeout(2000)
    before.close()
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url + (request.post_data or "")[:60]))
    page.goto(f"{shop.ready['url']}/runs")
    expect(page.get_by_role("row").nth(1)).to_be_visible(timeout=WAIT)
    page.wait_for_timeout(500)
    counted = [url for url in asked if not url.endswith((".svg", ".ico", "theme.js"))]
    assert len(counted) <= 8, "\n".join(counted)
    assert sum(received) <= 300_000
    context.close()


def test_an_idle_page_asks_for_nothing(browser: Browser, shop: Dev) -> None:
    """No polling: beside the one stream no request goes out while nothing happens."""
    page = browser.new_page()
    page.goto(f"{shop.ready['url']}/assets")
    expect(page.get_by_role("row").nth(1)).to_be_visible(timeout=WAIT)
    page.wait_for_timeout(1500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(8000)
    assert asked == []
    page.close()


def test_the_shell_stays_when_the_server_goes_and_recovers_by_itself(
    browser: Browser, project: Project, home: Path
) -> None:
    """Stale beats blank: data stays, its age is told, and no reload is needed afterwards."""
    project.write(SHOP)
    project.open("orders")
    with dev_on(project, home) as server:
        server.api.wait(server.api.launch("orders", partitions=["2013-01-02"]), "success")
        page = browser.new_page()
        page.goto(f"{server.ready['url']}/runs")
        expect(page.get_by_text("2013-01-02").first).to_be_visible(timeout=WAIT)
        server.process.kill()
        expect(page.get_by_text(re.compile("[Rr]econnecting")).first).to_be_visible(timeout=WAIT)
        expect(page.get_by_text("2013-01-02").first).to_be_visible()
        server.start()
        server.api.wait(server.api.launch("orders", partitions=["2013-01-03"]), "success")
        expect(page.get_by_text("2013-01-03").first).to_be_visible(timeout=30_000)
        page.close()


def test_what_users_write_never_becomes_markup(browser: Browser, shop: Dev) -> None:
    """Markdown metadata is shown as CommonMark says; a script in it is text and never run."""
    page = browser.new_page()
    fired: list[str] = []
    page.on("dialog", lambda dialog: (fired.append(dialog.message), dialog.dismiss()))
    page.goto(f"{shop.ready['url']}/a/orders")
    expect(page.locator("strong", has_text="bold").first).to_be_visible(timeout=WAIT)
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", name="Takings")).to_be_visible()
    expect(main.get_by_text("<script>alert(1)</script>")).to_be_visible()
    expect(main.get_by_text('<p onclick="alert(1)">raw</p>')).to_be_visible()
    expect(main.get_by_role("listitem").filter(has_text="one")).to_be_visible()
    expect(main.get_by_role("link", name="good")).to_have_attribute("href", "https://example.org/")
    assert main.get_by_role("link", name="bad").count() == 0
    assert page.locator("main script").count() == 0
    assert page.locator("main [onclick]").count() == 0
    assert fired == []
    page.close()
