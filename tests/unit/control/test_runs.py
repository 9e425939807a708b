from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from rostrum.control.manifests import LoadedManifest
from rostrum.control.runs import SubmitRequest
from rostrum.interfaces.launching import WorkerRef
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ConfigError, Conflict, ErrorInfo, Fenced, NotFound, StateError
from rostrum.model.events import RunCanceling, RunFailed, RunPlanned, RunSucceeded, StepFailed, StepNotRun
from rostrum.model.partitions import TimePartitions
from rostrum.model.runs import RunStatus, RunTarget
from tests.control_plane import Plane, manifest


@pytest.fixture
def plane() -> Plane:
    return Plane()


def fail(plane: Plane, run_id: str, *events: object) -> None:
    plane.work(run_id, 1, *events, RunFailed(at=plane.clock.now(), reason="step_failure"))  # type: ignore[arg-type]


def test_submit_stores_run_and_events(plane: Plane) -> None:
    run = plane.submit(tags={"a": "b"})
    assert run.status is RunStatus.QUEUED
    assert plane.run(run.run_id) == run
    assert run.tags == {"team": "data", "a": "b"}
    assert run.config == {"ops": {"extract": {"config": {"n": 1}}}}
    assert run.manifest_hash is not None
    assert plane.kinds(run.run_id) == ["run_queued"]
    assert plane.doorbell.count("queue") >= 1


def test_submitted_config_is_merged_over_the_jobs(plane: Plane) -> None:
    config = {"ops": {"extract": {"config": {"m": 2}}, "load": {"config": {}}}}
    run = plane.submit(config=config)
    assert run.config["ops"] == {"extract": {"config": {"n": 1, "m": 2}}, "load": {"config": {}}}


def test_planned_assets_are_marked(plane: Plane) -> None:
    run = plane.submit_assets("raw", "clean", "report", partition_key="2026-03-01")
    assert plane.kinds(run.run_id) == ["run_queued", "run_planned", "run_planned"]
    with plane.storage.begin() as session:
        states = session.assets.get([AssetKey.of("raw"), AssetKey.of("report")])
        assert {state.in_progress_run_id for state in states.values()} == {run.run_id}
        assert session.partitions.get(AssetKey.of("raw")) == {"2026-03-01": "running"}
        assert session.partitions.get(AssetKey.of("report")) == {}


@pytest.mark.parametrize(
    ("job", "assets", "more", "error", "text"),
    [
        ("elt", (), {}, NotFound, "Did you mean 'etl'"),
        ("__asset_job__", ("repot",), {}, NotFound, "Did you mean 'report'"),
        ("__asset_job__", ("source",), {}, StateError, "external"),
        ("__asset_job__", (), {}, StateError, "no assets"),
        ("__asset_job__", ("raw",), {}, StateError, "partitioned: say which"),
        ("__asset_job__", ("report",), {"partition_key": "2026-03-01"}, StateError, "not partitioned"),
        (
            "__asset_job__",
            ("raw",),
            {"partition_key": "2026-03-02"},
            NotFound,
            "there are 60, from '2026-01-01' to '2026-03-01'",
        ),
        ("__asset_job__", ("regions",), {"partition_key": "asia"}, NotFound, "partition with key 'asia'"),
        ("__asset_job__", ("users",), {"partition_key": "ann"}, NotFound, "there are none yet"),
        ("daily", ("report",), {}, NotFound, "in job 'daily'"),
        ("etl", (), {"config": {"op": {}}}, ConfigError, "Did you mean 'ops'"),
        ("etl", (), {"config": {"ops": {"extrakt": {}}}}, ConfigError, "Did you mean 'extract'"),
        ("etl", (), {"config": {"resources": {"db": {}}}}, ConfigError, "no resource 'db'"),
        ("etl", (), {"step_selection": ("loda",)}, NotFound, "Did you mean 'load'"),
    ],
)
def test_what_cannot_run_is_refused(
    plane: Plane, job: str, assets: tuple[str, ...], more: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        plane.submit(job, *assets, **more)
    with plane.storage.begin() as session:
        assert session.runs.queued(10) == []


def test_unknown_location(plane: Plane) -> None:
    with pytest.raises(NotFound, match="there are: flights"):
        plane.runs.submit(SubmitRequest(target=RunTarget("trains", "etl")))


def test_dynamic_partition_and_range(plane: Plane) -> None:
    with plane.storage.begin(write=True) as session:
        session.partitions.add_dynamic("names", ["ann"])
    assert plane.submit_assets("users", partition_key="ann").target.partition_key == "ann"
    run = plane.submit_assets("raw", partition_range=("2026-02-27", "2026-03-01"))
    with plane.storage.begin() as session:
        assert sorted(session.partitions.get(AssetKey.of("raw"))) == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert run.target.partition_range == ("2026-02-27", "2026-03-01")


def test_idempotency_key(plane: Plane) -> None:
    first = plane.submit(idempotency_key="k")
    again = plane.submit(idempotency_key="k")
    assert again.run_id == first.run_id
    assert plane.kinds(first.run_id) == ["run_queued"]


def test_submit_many_is_all_or_nothing(plane: Plane) -> None:
    good, bad = plane.request(), plane.request("nope")
    with pytest.raises(NotFound):
        plane.runs.submit_many([good, bad])
    with plane.storage.begin() as session:
        assert session.runs.queued(10) == []
    assert len(plane.runs.submit_many([good] * 20)) == 20


def test_cancel_of_a_queued_run_is_immediate(plane: Plane) -> None:
    run = plane.submit_assets("report")
    after = plane.runs.cancel(run.run_id, "ann")
    assert after.status is RunStatus.CANCELED
    assert plane.kinds(run.run_id)[-2:] == ["run_canceling", "run_canceled"]
    with plane.storage.begin() as session:
        assert session.assets.get([AssetKey.of("report")])[AssetKey.of("report")].in_progress_run_id is None
    assert plane.runs.cancel(run.run_id) == after


def test_cancel_of_a_running_run_waits_for_its_worker(plane: Plane) -> None:
    run = plane.starting(plane.submit())
    plane.begin(run.run_id)
    assert plane.runs.cancel(run.run_id, "ann").status is RunStatus.CANCELING
    assert plane.runs.cancel(run.run_id).status is RunStatus.CANCELING
    assert plane.kinds(run.run_id).count("run_canceling") == 1


def test_a_run_is_claimed_once(plane: Plane) -> None:
    run = plane.submit()
    started = plane.starting(run)
    assert (started.status, started.epoch) == (RunStatus.STARTING, 1)
    with pytest.raises(Fenced):
        plane.starting(run)
    again = plane.starting(started)
    assert again.epoch == 2
    with pytest.raises(Fenced):
        plane.runs.mark_launched(run.run_id, 1, WorkerRef(launcher="x", run_id=run.run_id, epoch=1))
    done = plane.runs.mark_launched(run.run_id, 2, WorkerRef(launcher="x", run_id=run.run_id, epoch=2))
    assert done.worker is not None
    with pytest.raises(Fenced):
        plane.starting(done)


def test_fail_and_record_leave_finished_and_fenced_runs_alone(plane: Plane) -> None:
    run = plane.starting(plane.submit())
    assert plane.runs.fail(run.run_id, "worker_died", epoch=7).status is RunStatus.STARTING
    failed = plane.runs.fail(run.run_id, "worker_died", "gone", epoch=1)
    assert (failed.status, failed.failure_reason) == (RunStatus.FAILURE, "worker_died")
    assert plane.runs.record(run.run_id, RunCanceling(at=plane.clock.now())) == failed


def test_retry_from_failure(plane: Plane) -> None:
    run = plane.starting(plane.submit(tags={"x": "y"}, config={"ops": {"load": {"config": {"k": 1}}}}))
    with pytest.raises(Conflict, match="once it has ended"):
        plane.runs.retry(run.run_id)
    plane.begin(run.run_id)
    plane.succeed_step(run.run_id, "extract")
    now = plane.clock.now()
    fail(
        plane,
        run.run_id,
        StepFailed(at=now, step_key="load", error=ErrorInfo("E", "x")),
        StepNotRun(at=now, step_key="tell", because=("load",)),
    )
    again = plane.runs.retry(run.run_id, by="ann")
    assert again.target.step_selection == ("load", "tell")
    assert (again.parent_run_id, again.root_run_id) == (run.run_id, run.run_id)
    assert (again.trigger.kind, again.trigger.name) == ("retry", "ann")
    assert (again.config, again.tags) == (run.config, run.tags)
    # A retry of the retry keeps the root and what is still to be done.
    third = plane.starting(again)
    plane.begin(third.run_id, steps=("load", "tell"))
    plane.succeed_step(third.run_id, "load")
    fail(plane, third.run_id)
    fourth = plane.runs.retry(third.run_id)
    assert fourth.target.step_selection == ("tell",)
    assert (fourth.parent_run_id, fourth.root_run_id) == (third.run_id, run.run_id)
    assert plane.runs.retry(run.run_id, "all").target == run.target


def test_retry_of_assets_keeps_the_partition_and_plans_what_is_left(plane: Plane) -> None:
    run = plane.starting(plane.submit_assets("raw", "clean", partition_key="2026-03-01"))
    plane.begin(run.run_id, steps=("raw", "clean"))
    plane.succeed_step(run.run_id, "raw")
    fail(plane, run.run_id, StepFailed(at=plane.clock.now(), step_key="clean", error=ErrorInfo("E", "x")))
    again = plane.runs.retry(run.run_id)
    assert again.target.step_selection == ("clean",)
    assert again.target.partition_key == "2026-03-01"
    with plane.storage.begin() as session:
        planned = [s.event.asset_keys for s in session.events.read(again.run_id, kinds=("run_planned",))]  # type: ignore[union-attr]
    assert planned == [(AssetKey.of("clean"),)]


def test_retry_of_a_run_that_never_started_repeats_all(plane: Plane) -> None:
    run = plane.starting(plane.submit())
    plane.runs.fail(run.run_id, "launch_failure")
    assert plane.runs.retry(run.run_id).target == run.target


def test_nothing_left_to_retry(plane: Plane) -> None:
    run = plane.starting(plane.submit())
    plane.begin(run.run_id)
    plane.work(run.run_id, 1, RunSucceeded(at=plane.clock.now()))
    with pytest.raises(Conflict, match="'all' runs it again"):
        plane.runs.retry(run.run_id)
    with pytest.raises(StateError, match="no retry strategy"):
        plane.runs.retry(run.run_id, "some")


def test_delete(plane: Plane) -> None:
    run = plane.submit()
    with pytest.raises(Conflict):
        plane.runs.delete(run.run_id)
    plane.runs.cancel(run.run_id)
    plane.runs.delete(run.run_id)
    with pytest.raises(NotFound):
        plane.runs.delete(run.run_id)


def test_backfill(plane: Plane) -> None:
    target = plane.request("__asset_job__", "raw", "clean").target
    keys = ["2026-02-27", "2026-02-28", "2026-03-01", "2026-02-28"]
    backfill, runs = plane.backfills.create(target, keys, by="ann")
    assert [run.target.partition_key for run in runs] == keys[:3]
    assert {run.backfill_id for run in runs} == {backfill.backfill_id}
    assert plane.backfills.progress(backfill.backfill_id).status == "running"
    plane.starting(runs[0])
    plane.backfills.cancel(backfill.backfill_id, "ann")
    statuses = [plane.run(run.run_id).status for run in runs]
    assert statuses == [RunStatus.CANCELING, RunStatus.CANCELED, RunStatus.CANCELED]
    plane.runs.fail(runs[0].run_id, "worker_died")
    assert plane.backfills.progress(backfill.backfill_id).status == "failure"
    with pytest.raises(NotFound):
        plane.backfills.create(target, ["2026-03-01", "tomorrow"])
    with plane.storage.begin() as session:
        assert len(session.backfills.list()) == 1


def test_only_partitioned_assets_are_planned_with_partitions(plane: Plane) -> None:
    run = plane.starting(plane.submit_assets("raw", "report", partition_key="2026-03-01"))
    with plane.storage.begin() as session:
        events = [stored.event for stored in session.events.read(run.run_id, kinds=("run_planned",))]
        marks = {name: session.partitions.get(AssetKey.of(name)) for name in ("raw", "report")}
    planned = [(event.asset_keys, event.partition_keys) for event in events if isinstance(event, RunPlanned)]
    assert planned == [((AssetKey.of("raw"),), ("2026-03-01",)), ((AssetKey.of("report"),), ())]
    assert marks == {"raw": {"2026-03-01": "running"}, "report": {}}
    plane.begin(run.run_id, steps=("raw", "report"))
    fail(plane, run.run_id)
    with plane.storage.begin() as session:
        assert session.partitions.get(AssetKey.of("report")) == {}
        assert session.assets.get([AssetKey.of("report")])[AssetKey.of("report")].in_progress_run_id is None


def test_a_range_that_means_different_partitions_is_refused(plane: Plane) -> None:
    wanted = manifest()
    weekly = TimePartitions("0 0 * * 0", datetime(2026, 1, 4, tzinfo=UTC), "%Y-%m-%d")
    assets = tuple(
        msgspec.structs.replace(node, partitions="weekly") if str(node.key) == "clean" else node
        for node in wanted.assets
    )
    plane.load(msgspec.structs.replace(wanted, assets=assets, partitions={**wanted.partitions, "weekly": weekly}))
    with pytest.raises(StateError, match="8 of daily and 2 of weekly: run these assets apart"):
        plane.submit_assets("raw", "clean", partition_range=("2026-02-15", "2026-02-22"))
    assert plane.submit_assets("raw", "clean", partition_key="2026-02-15").target.partition_key == "2026-02-15"


def test_config_that_does_not_fit_its_schema_is_refused_with_all_mistakes(plane: Plane) -> None:
    schema = {
        "properties": {"after": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["count"],
        "type": "object",
    }
    definitions = manifest()
    ops = [msgspec.structs.replace(op, config_schema=schema) if op.name == "load" else op for op in definitions.ops]
    loaded = LoadedManifest("h", msgspec.structs.replace(definitions, ops=tuple(ops)))

    def submit(config: dict[str, object]) -> None:
        request = SubmitRequest(target=RunTarget("here", "etl"), config=config)
        with plane.storage.begin(write=True) as session:
            plane.runs.submit_in(session, [request], loaded)

    with pytest.raises(ConfigError, match=r"^ops.load.config.count: missing \(a whole number\)$"):
        submit({})
    with pytest.raises(ConfigError) as caught:
        submit({"ops": {"load": {"config": {"aftr": "x", "count": "1"}}}})
    assert str(caught.value) == (
        "ops.load.config.aftr: unknown key; did you mean after?; ops.load.config.count: '1' is not a whole number"
    )
    submit({"ops": {"load": {"config": {"count": 1, "after": {"env": "DAY"}}}}})


def test_where_a_function_makes_the_config_of_a_partition_nothing_is_missing(plane: Plane) -> None:
    schema = {"properties": {"count": {"type": "integer"}}, "required": ["count"], "type": "object"}
    definitions = manifest()
    ops = [msgspec.structs.replace(op, config_schema=schema) if op.name == "load" else op for op in definitions.ops]
    jobs = [msgspec.structs.replace(job, config_by_partition=job.name == "etl") for job in definitions.jobs]
    loaded = LoadedManifest("h", msgspec.structs.replace(definitions, ops=tuple(ops), jobs=tuple(jobs)))
    with plane.storage.begin(write=True) as session:
        plane.runs.submit_in(session, [SubmitRequest(target=RunTarget("here", "etl"))], loaded)
        wrong = SubmitRequest(target=RunTarget("here", "etl"), config={"ops": {"load": {"config": {"count": "1"}}}})
        with pytest.raises(ConfigError, match="'1' is not a whole number"):
            plane.runs.submit_in(session, [wrong], loaded)
