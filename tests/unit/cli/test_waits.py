"""What the command line says of runs: what they wait for, where they failed; of pools that nobody names."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from rostrum.cli import main
from rostrum.cli.output import run_json
from rostrum.cli.run_waits import waits_of
from rostrum.config.deployment import open_control
from rostrum.config.instance import InstanceSettings, find_home
from rostrum.control.runs import SubmitRequest
from rostrum.control.slots import Claim, claim_slot
from rostrum.interfaces.locations import ManifestReply
from rostrum.model import events as ev
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo
from rostrum.model.manifest import AssetNode, Manifest, OpNode
from rostrum.model.manifest_parts import encode_manifest, manifest_hash
from rostrum.model.pools import SlotWish
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.pools import PoolRules


class Instance:
    """A home with a location whose one asset needs a slot of the pool `database`."""

    def __init__(self, folder: str) -> None:
        self.home = folder
        self.control: Any = open_control(find_home(folder), InstanceSettings(), for_children=False)
        manifest = Manifest(
            assets=(AssetNode(AssetKey("one"), op="one"),), ops=(OpNode("one", pool="database"),), jobs=()
        )
        data = encode_manifest(manifest)
        self.control.locations.record(
            "shop.py", ManifestReply(manifest_hash=manifest_hash(data), data=data, revision=1)
        )

    def run(self) -> Run:
        target = RunTarget("shop.py", "__asset_job__", asset_selection=(AssetKey("one"),))
        run: Run = self.control.runs.submit(SubmitRequest(target=target))
        return run

    def started(self) -> Run:
        run = self.run()
        with self.control.storage.begin(write=True) as session:
            run = self.control.runs.mark_starting(session, run)
        return self.tell(run, 1, ev.RunStarted(at=self.control.clock.now(), epoch=1, step_keys=("one",)))

    def tell(self, run: Run, sequence: int, event: Any) -> Run:
        place = {"run_id": run.run_id, "stream": "worker/1", "sequence": sequence}
        self.control.events.append(run.run_id, 1, [msgspec.structs.replace(event, **place)])
        with self.control.storage.begin() as session:
            found: Run = session.runs.get(run.run_id)
        return found

    def claims(self, run: Run, sequence: int) -> Run:
        """Asks for the slot, and tells of the refusal as the worker does."""

        def ask(session: Any) -> Any:
            return claim_slot(session, Claim(run, 1, SlotWish("database", "one")), PoolRules())

        answer = self.control.events.call(ask).result()
        if answer.granted:
            return run
        told = ev.StepWaiting(
            at=self.control.clock.now(),
            step_key="one",
            reason="pool",
            name="database",
            limit=answer.limit,
            holders=answer.holders,
        )
        return self.tell(run, sequence, told)

    def ask(self, *arguments: str) -> Result:
        return CliRunner().invoke(main.command, [*arguments, "--home", self.home])


@pytest.fixture
def instance() -> Iterator[Instance]:
    with tempfile.TemporaryDirectory(prefix="rst") as folder:
        instance = Instance(folder)
        instance.control.events.start()
        yield instance
        instance.control.events.stop()
        instance.control.storage.close()


def test_a_run_says_what_its_steps_wait_for(instance: Instance) -> None:
    control = instance.control
    control.pools.set_limit("database", 1, "cli")
    first = instance.claims(instance.started(), 2)
    assert waits_of(control, first) == []
    second = instance.claims(instance.started(), 2)
    (wait,) = waits_of(control, second)
    by = f"by run {first.run_id}, step one, its turn is next"
    assert wait.text == f"one waits for pool database: 1 of 1 taken {by}"
    assert "waiting    one waits for pool database" in instance.ask("run", "show", second.run_id).output
    told = json.loads(instance.ask("run", "show", second.run_id, "--json").output)
    assert [(each["step_key"], each["message"]) for each in told["waits_for"]] == [("one", wait.message)]

    # A pool that lets nobody in: who has said so.
    control.pools.set_limit("database", 0, "ada")
    (wait,) = waits_of(control, second)
    assert wait.text.startswith("one waits for pool database: nobody is let in (limit 0), set by ada")


def test_a_queued_run_says_what_it_waits_for(instance: Instance) -> None:
    run = instance.run()
    assert "waiting    no daemon is running" in instance.ask("run", "show", run.run_id).output


def test_a_failed_run_names_the_step(instance: Instance) -> None:
    run, now = instance.started(), instance.control.clock.now()
    failed = ev.StepFailed(at=now, step_key="one", error=ErrorInfo("ValueError", "no gust"))
    instance.tell(run, 2, failed)
    instance.tell(run, 3, ev.RunFailed(at=now, reason="step_failure", failed_step_keys=("one",)))
    said = instance.ask("run", "show", run.run_id).output
    assert "  failed in  one\n" in said
    assert "ValueError: no gust" in said


def test_a_pool_that_nobody_names_is_told(instance: Instance) -> None:
    said = instance.ask("pool", "set", "databse", "3")
    assert said.exit_code == 0
    assert "no step of the code that is loaded names pool databse; did you mean database?" in said.stderr
    assert "pool databse: limit 3" in said.stdout
    assert instance.ask("pool", "set", "database", "3").stderr == ""
    said = instance.ask("pool", "set", "elsewhere", "3", "--json")
    assert "there are database" in said.stderr
    assert json.loads(said.stdout) == {"pool": "elsewhere", "limit": 3}
    assert instance.ask("pool", "show", "database").stdout.startswith("database: limit 3 (set by cli), 0 steps in")
    assert instance.ask("pool", "unset", "database").stdout == "pool database: no limit\n"


@pytest.mark.parametrize("wrong", ["-1", "many", "1.5", "9" * 30])
@pytest.mark.parametrize("command", [("pool",), ("instance", "concurrency")])
def test_what_is_no_limit_is_told(instance: Instance, command: tuple[str, ...], wrong: str) -> None:
    said = instance.ask(*command, "set", "database", wrong)
    assert said.exit_code == 2
    assert f"'{wrong}' is no limit: give a whole number, 0 (nobody is let in) or more" in said.stderr


def test_a_run_has_one_shape_as_json(instance: Instance) -> None:
    run = instance.started()
    shapes = [
        json.loads(instance.ask("run", "list", "--json").output)[0],
        json.loads(instance.ask("run", "show", run.run_id, "--json").output),
        json.loads(instance.ask("job", "launch", "--asset", "one", "--json").output),
        msgspec.to_builtins(run_json(run)),
    ]
    always = {
        *("run_id", "status", "target", "trigger", "tags", "created_at", "started_at", "ended_at"),
        *("steps_total", "steps_done", "steps_failed", "error"),
    }
    for shape in shapes:
        assert always <= set(shape)
        assert set(shape["trigger"]) == {"kind", "name"}
    assert [shape["status"] for shape in shapes] == ["running", "running", "queued", "running"]


def test_words_of_a_closed_pool() -> None:
    wait = ev.StepWaiting(at=datetime(2026, 1, 1, tzinfo=UTC), step_key="a", reason="pool", name="database", limit=0)
    assert wait.message == "waits for pool database: nobody is let in (limit 0)"
    taken = msgspec.structs.replace(wait, limit=2, holders=("r1:b", "r2:c"))
    assert taken.message == "waits for pool database: 2 of 2 taken by run r1 step b and 1 more"
