"""A real server with many assets: how soon the pages stand, and how the graph pans and zooms. For looking, not for CI.

Usage: python dev/huge.py OUT [--assets 10000] [--port 3390]   (with the Python that has rostrum and playwright)
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from playwright.sync_api import Browser, Error, Page, sync_playwright

PROJECT = """
from rostrum import Definitions, asset

WIDTH = 500

def key(layer, at):
    return [f"g{at // 25:02d}", f"a{layer * WIDTH + at:05d}"]

def make(layer, at):
    prefix, name = key(layer, at)
    deps = [key(layer - 1, at), key(layer - 1, (at + 1) % WIDTH)] if layer else []
    @asset(name=name, key_prefix=prefix, deps=deps, group_name=f"{prefix}_{layer // 5}")
    def one():
        return 1
    return one

defs = Definitions(assets=[make(*divmod(i, WIDTH)) for i in range(COUNT)])
"""
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver(list => longTasks.push(...list.getEntries().map(entry => Math.round(entry.duration))))
  .observe({ entryTypes: ["longtask"] });
"""
FRAMES = """() => {
  window.frames_ = []; window.counting = true;
  let last = performance.now();
  const next = now => { frames_.push(now - last); last = now; if (counting) requestAnimationFrame(next); };
  requestAnimationFrame(next);
}"""
PAGES = {"assets": ("/assets", "[role=row]:nth-child(3)"), "graph": ("/graph", "canvas"), "now": ("/", "h1")}


def frames(page: Page, what: str, act: Callable[[], None]) -> None:
    """Do something and print how long the frames took meanwhile, in milliseconds."""
    page.evaluate(FRAMES)
    act()
    page.evaluate("counting = false")
    times = sorted(page.evaluate("frames_"))
    half, most = times[len(times) // 2], times[int(len(times) * 0.95)]
    print(f"  {what}: p50 {half:.1f} ms, p95 {most:.1f} ms, longest {times[-1]:.1f} ms")


def pan(page: Page) -> None:
    """Drag the graph."""
    page.mouse.move(900, 500)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(900 - 8 * step, 500 - 4 * step)
    page.mouse.up()


def zoom(page: Page) -> None:
    """Turn the wheel."""
    for _ in range(30):
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(16)


def look(browser: Browser, base: str, name: str, out: pathlib.Path) -> None:
    """One page, cold."""
    path, ready = PAGES[name]
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(LONG_TASKS)
    started = time.monotonic()
    page.goto(base + path)
    page.wait_for_selector(ready)
    seconds = time.monotonic() - started
    page.wait_for_timeout(3000)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    print(f"{name}: first paint {paint:.0f} ms, ready {seconds:.2f} s, long tasks {page.evaluate('longTasks')} ms")
    page.screenshot(path=out / f"huge-{name}.png")
    if name == "graph":
        frames(page, "pan far", lambda: pan(page))
        frames(page, "zoom", lambda: zoom(page))
        frames(page, "pan near", lambda: pan(page))
        page.screenshot(path=out / "huge-graph-near.png")
    page.close()


def wait_for(browser: Browser, base: str, assets: int) -> None:
    """Until the server has loaded the definitions."""
    page = browser.new_page()
    for _ in range(600):
        try:
            if page.request.get(f"{base}/api/assets").text().count("/a") >= assets:
                return page.close()
        except Error:
            pass  # Nothing listens there yet.
        page.wait_for_timeout(100)
    raise SystemExit("The server did not come up.")


def main() -> int:
    """Serve, look, stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--port", type=int, default=3390)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    base = f"http://127.0.0.1:{options.port}"
    with tempfile.TemporaryDirectory(prefix="rsth") as home, tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "definitions.py")
        file.write_text(PROJECT.replace("COUNT", str(options.assets)))
        command = [str(pathlib.Path(sys.executable).with_name("rostrum")), "dev", "--home", home]
        server = subprocess.Popen([*command, "--port", str(options.port)], cwd=folder, stderr=subprocess.DEVNULL)
        try:
            with sync_playwright() as playwright:
                flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
                wait_for(browser, base, options.assets)
                for name in PAGES:
                    look(browser, base, name, options.out)
                browser.close()
        finally:
            server.terminate()
            server.wait(30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
