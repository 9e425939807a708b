"""Pictures of every page, light and dark, wide and phone, and an accessibility check of each. For looking, not for CI.

Usage: python dev/shots.py OUT [--base URL] [--only now,runs] [--themes light,dark] [--phone] [--axe]
"""

from __future__ import annotations

import argparse
import pathlib
import sys

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

PAGES = {
    "now": "/",
    "runs": "/runs",
    "runs-inspector": "/runs?at=4c1e7a2b",
    "runs-filter": "/runs?q=state:failed%20-job:noisy",
    "run-failed": "/r/4c1e7a2b",
    "run-live": "/r/b81f2e90",
    "assets": "/assets",
    "asset": "/a/core/delays_by_hour",
    "asset-partitions": "/a/core/delays_by_hour?tab=partitions",
    "asset-history": "/a/core/delays_by_hour?tab=history",
    "asset-checks": "/a/raw/weather?tab=checks",
    "asset-definition": "/a/core/delays_by_hour?tab=definition",
    "graph": "/graph",
    "automations": "/automations",
    "checks": "/checks",
    "system": "/system",
    "login": "/login",
    "missing": "/nope/nope",
    "missing-run": "/r/ffffffff",
}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = pathlib.Path(__file__).parent.parent / "node_modules/axe-core/axe.min.js"


def check(page: Page, name: str) -> int:
    """Run axe on the page; print what it finds and return how much."""
    # The page forbids inline script; evaluate is not bound by that.
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(document, {runOnly: rules}).then(r => r.violations)", RULES)
    for violation in found:
        nodes = violation["nodes"]
        print(f"  axe {name}: {violation['id']} x{len(nodes)}: {violation['help']}")
        for node in nodes[:3]:
            print("     ", node["html"][:160], "|", (node.get("failureSummary") or "").replace("\n", " ")[:200])
    return len(found)


def tell(message: ConsoleMessage) -> None:
    """Print what the page complains about."""
    if message.type in ("error", "warning"):
        print("  console:", message.text)


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--base", default="http://127.0.0.1:4300")
    parser.add_argument("--only", default="")
    parser.add_argument("--themes", default="light")
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--axe", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = [name for name in options.only.split(",") if name] or list(PAGES)
    problems = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for theme in options.themes.split(","):
            size = {"width": 390, "height": 844} if options.phone else {"width": 1440, "height": 900}
            context = browser.new_context(
                viewport=size,
                color_scheme=theme,
                device_scale_factor=2 if options.phone else 1,
                timezone_id="America/New_York",
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.on("console", tell)
            page.on("pageerror", lambda error: print("  error:", error))
            for name in wanted:
                page.goto(options.base + PAGES.get(name, name))
                page.wait_for_selector("h1", timeout=10_000)
                page.wait_for_timeout(900)
                label = name.strip("/").replace("/", "-").replace("?", "-") or "root"
                page.screenshot(path=options.out / f"{label}-{'phone-' if options.phone else ''}{theme}.png")
                headings = page.locator("h1").count()
                if headings != 1:
                    print(f"  {name}: {headings} h1")
                if options.axe:
                    problems += check(page, f"{name} {theme}")
            context.close()
        browser.close()
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
