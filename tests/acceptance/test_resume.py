"""Another worker goes on where one was killed; failed runs are repeated by themselves, and by hand with changes."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.acceptance.lifecycle import World, world_on
from tests.acceptance.servers import until


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(tmp_path_factory.mktemp("resume"), resumes=2) as world:
        yield world


def kill_worker(world: World, run_id: str, gate: str) -> None:
    """kill -9 of the run worker, and wait until its successor stands at the same gate."""
    (world.project.folder / f"{gate}.reached").unlink()
    os.kill(world.api.worker_pid(run_id), signal.SIGKILL)
    world.project.wait_reached(gate)


def test_what_is_done_of_twenty_steps_is_not_done_again(world: World) -> None:
    """Two workers are killed in the middle of one run; its pages show one run."""
    run_id, _ = world.at_gate(job="twenty", gate="s10")
    for _ in range(2):
        kill_worker(world, run_id, "s10")
    world.project.open("s10")
    run = world.ended(run_id, "success")
    assert (run["stepsDone"], run["stepsTotal"], len(run["steps"])) == (20, 20, 20)
    assert {step["status"] for step in run["steps"]} == {"success"}
    assert [step["attempts"] for step in run["steps"] if step["key"] == "s10"] == [3]
    calls = {f"s{number:02}": world.calls(f"s{number:02}") for number in range(1, 20)}
    assert calls == dict.fromkeys(calls, 1) | {"s10": 3}
    told = [(e["stream"], e.get("resumed", False)) for e in world.api.events(run_id) if e["kind"] == "run_started"]
    assert told == [("worker/1", False), ("worker/2", True), ("worker/3", True)]


def test_items_and_values_are_known_to_the_next_worker(world: World) -> None:
    run_id, _ = world.at_gate(job="fan", gate="work3")
    kill_worker(world, run_id, "work3")
    world.project.open("work3")
    run = world.ended(run_id, "success")
    assert (run["stepsDone"], run["stepsTotal"]) == (8, 8)
    calls = {name: world.calls(name) for name in ("yields", "work0", "work2", "work3", "work4", "total")}
    assert calls == {"yields": 1, "work0": 1, "work2": 1, "work3": 2, "work4": 1, "total": 1}


def test_steps_in_one_process_are_resumed_too(world: World) -> None:
    run_id, _ = world.at_gate(job="here", gate="second_here")
    kill_worker(world, run_id, "second_here")
    world.project.open("second_here")
    world.ended(run_id, "success")
    assert (world.calls("first_here"), world.calls("second_here")) == (1, 2)


def test_a_run_that_is_killed_too_often_fails(world: World) -> None:
    run_id, _ = world.at_gate("gated")
    for _ in range(2):
        kill_worker(world, run_id, "gated")
    os.kill(world.api.worker_pid(run_id), signal.SIGKILL)
    world.ended(run_id, "failure", "worker_died")


def asked(world: World, run_id: str) -> dict[str, Any]:
    fields = "status tags retryAt retryNumber retryMost retriedBy retryNote"
    found: dict[str, Any] = world.api.ask(f"query($id: String!) {{ run(id: $id) {{ {fields} }} }}", id=run_id)["run"]
    return found


def test_a_failed_run_is_repeated_by_itself_from_where_it_failed(world: World) -> None:
    first = world.api.launch(job="retried")
    world.ended(first, "failure", "step_failure")
    second = until("it is repeated", lambda: asked(world, first)["retriedBy"])
    world.ended(second, "success")
    assert (world.calls("before"), world.calls("fails_once")) == (1, 2)
    assert asked(world, second)["tags"]["dagster/retry_number"] == "1"
    assert asked(world, first)["tags"]["dagster/auto_retry_run_id"] == second


def test_a_run_is_repeated_by_hand_with_changes(world: World, tmp_path: Path) -> None:
    """A selection of steps with clauses, changed config and tags, by command."""
    first = world.api.launch(job="configured")
    world.ended(first, "success")
    config = tmp_path / "run.yaml"
    config.write_text("ops: {shout: {config: {word: hello}}}\n")
    arguments = ["--steps", "shout+", "--config", str(config), "--tag", "reason=test", "--json"]
    again = json.loads(world.command("run", "retry", first, *arguments))
    world.ended(again["run_id"], "success")
    assert again["target"]["step_selection"] == ["shout", "listen"]
    assert again["tags"]["reason"] == "test"
    assert (world.project.folder / "heard").read_text() == "hello, from quiet"
    wrong = 'mutation($id: String!) { retryRun(id: $id, steps: ["shoot"]) { id } }'
    with pytest.raises(AssertionError, match="Did you mean 'shout'"):
        world.api.ask(wrong, id=first)


def test_the_page_of_a_run_says_what_becomes_of_it_and_runs_it_again(world: World) -> None:
    """In a real browser: the countdown, its end by hand, and the sheet that runs some steps again, configured anew."""
    failed, done = world.api.launch(job="patient"), world.api.launch(job="configured")
    world.ended(failed, "failure", "step_failure")
    world.ended(done, "success")
    path = os.environ.get("ROSTRUM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{world.api.port}/r/{failed}")
        expect(page.get_by_test_id("run-status")).to_contain_text("will be retried in 4 m")
        expect(page.get_by_test_id("run-status")).to_contain_text("(1 of 3)")
        page.get_by_role("button", name="Stop retrying").click()
        expect(page.get_by_test_id("run-status")).not_to_contain_text("will be retried")
        assert asked(world, failed)["retryNote"].startswith("stopped by")
        page.goto(f"http://127.0.0.1:{world.api.port}/r/{done}")
        page.get_by_role("button", name="More actions").click()
        page.get_by_text("Run again with changes").click()
        page.get_by_role("radio", name="Some steps").or_(page.get_by_text("Some steps")).first.click()
        page.get_by_label("Steps or assets").fill("shout+")
        page.get_by_label("Configuration").fill('{"ops": {"shout": {"config": {"word": "hey"}}}}')
        page.get_by_role("button", name="Start 1 run").click()
        page.wait_for_url(lambda url: done not in url)
        again = page.url.rpartition("/")[2]
        browser.close()
    world.ended(again, "success")
    assert (world.project.folder / "heard").read_text() == "hey, from quiet"
