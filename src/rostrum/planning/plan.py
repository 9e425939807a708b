"""From a target to a plan: `build_plan`, linear in the number of steps and edges.

Reading a `StepInput`: with `fan_in` the value is the list of all sources' values; without it the first source that
has a value
counts (an input that nothing is connected to has `FromConfig` and, where the function has a default, `FromDefault`
after it).
Asset inputs are always `FromAsset`: the stored value, made in this run or before; `Step.upstream` keeps the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import IndivisibleError, NotFound, StateError, StepNotFound
from rostrum.model.events import RunPlanned
from rostrum.model.manifest import ASSET_JOB, JobNode, Manifest, OpNode
from rostrum.model.plans import FromAsset, FromStep, Plan, Step, StepInput
from rostrum.model.runs import RunTarget
from rostrum.planning.asset_graphs import with_graphs
from rostrum.planning.collector import seldom_collecting
from rostrum.planning.dynamic import Items, base_of, with_known_items
from rostrum.planning.graph import AssetGraph
from rostrum.planning.op_selection import only_ops
from rostrum.planning.op_steps import graph_steps


@seldom_collecting()
def build_plan(
    manifest: Manifest,
    target: RunTarget,
    graph: AssetGraph | None = None,
    known: Mapping[str, Items] | None = None,
) -> Plan:
    """Plan a target. `graph` saves building the index again; `known` are items of dynamic outputs that an earlier run
    has yielded, by step key (they count for steps that the target does not execute). Raises NotFound for names that the
    manifest does not have.
    """
    job = job_node(manifest, target.job)
    if job.graph is not None:
        steps = graph_steps(manifest, job)
        for clauses in (job.op_selection, target.op_selection):
            steps = only_ops(steps, clauses) if clauses else steps
    else:
        graph = graph or AssetGraph(manifest)
        assets, checks = selected(graph, job, target)
        steps = with_graphs(manifest, job, graph.ops, _asset_steps(graph, job, assets, checks))
    return Plan(tuple(in_order(_only(steps, target.step_selection, known or {}))))


def job_node(manifest: Manifest, name: str) -> JobNode:
    """The job of that name; the implicit asset job is always there. Raises NotFound."""
    for job in manifest.jobs:
        if job.name == name:
            return job
    if name == ASSET_JOB:
        return JobNode(ASSET_JOB)
    raise NotFound(f"there is no job {name!r}.{_nearest(name, (job.name for job in manifest.jobs))}")


def selected(graph: AssetGraph, job: JobNode, target: RunTarget) -> tuple[list[AssetKey], list[CheckKey]]:
    """Assets and checks that the target makes, in the manifest's order. Raises NotFound for keys outside of the job."""
    if job.name == ASSET_JOB:
        offered = [*graph.executable, *graph.observable] if target.asset_selection else graph.executable
        offered_checks: Iterable[CheckKey] = graph.check_nodes
    else:
        offered = [key for key in job.asset_selection if key in graph.nodes and graph.nodes[key].op is not None]
        offered_checks = job.check_selection
    if target.asset_selection:
        wanted = set(target.asset_selection)
        _require(wanted, offered, "asset", job.name)
        assets = [key for key in offered if key in wanted]
    else:
        assets = [] if target.check_selection else list(offered)
    made = set(assets)
    if target.check_selection is not None:
        chosen = set(target.check_selection)
        _require(chosen, offered_checks, "check", job.name)
    else:
        whole = not target.asset_selection and job.name != ASSET_JOB
        chosen = {key for key in offered_checks if whole or key.asset_key in made}
    return assets, [key for key in offered_checks if key in chosen and _can_evaluate(graph, key, made)]


def _can_evaluate(graph: AssetGraph, key: CheckKey, made: set[AssetKey]) -> bool:
    """A check inside of an asset's function is evaluated only together with that asset, unless the function can be
    subset.
    """
    op = graph.ops[graph.check_nodes[key].op]
    return op.kind != "asset" or op.can_subset or any(asset in made for asset in graph.assets_of_op.get(op.name, ()))


def in_order(steps: list[Step]) -> list[Step]:
    """Steps in the order of a run that does one at a time: first ready, first run; ready at once: by key."""
    by_key = {step.key: step for step in steps}
    missing: dict[str, int] = {}
    downstream: dict[str, list[str]] = {}
    for step in steps:
        missing[step.key] = len(step.upstream)
        for upstream in step.upstream:
            downstream.setdefault(upstream, []).append(step.key)
    order = sorted(key for key, count in missing.items() if count == 0)
    for key in order:
        ready: list[str] = []
        for below in downstream.get(key, ()):
            missing[below] -= 1
            if missing[below] == 0:
                ready.append(below)
        order.extend(sorted(ready) if len(ready) > 1 else ready)
    if len(order) < len(steps):
        circle = sorted(key for key, count in missing.items() if count > 0)
        raise StateError(f"these steps wait for each other and cannot be ordered: {', '.join(circle[:10])}")
    return [by_key[key] for key in order]


def planned(
    graph: AssetGraph,
    asset_keys: Sequence[AssetKey],
    check_keys: Sequence[CheckKey],
    partition_keys: Sequence[str],
    at: datetime,
) -> list[RunPlanned]:
    """Events that tell what a run intends to make. Assets without partitions are planned apart: they have no partition
    to mark. What is only observed is not among them.
    """
    made = [key for key in asset_keys if not graph.nodes[key].observes]
    partitioned = tuple(key for key in made if partition_keys and graph.nodes[key].partitions is not None)
    apart = set(partitioned)
    plain = tuple(key for key in made if key not in apart)
    events: list[RunPlanned] = []
    if partitioned:
        events.append(RunPlanned(at=at, asset_keys=partitioned, partition_keys=tuple(partition_keys)))
    if plain or check_keys:
        events.append(RunPlanned(at=at, asset_keys=plain, check_keys=tuple(check_keys)))
    return events


# --- assets ----------------------------------------------------------------------------------------------------------


def _asset_steps(graph: AssetGraph, job: JobNode, assets: list[AssetKey], checks: list[CheckKey]) -> list[Step]:
    assets_of: dict[str, list[AssetKey]] = {}
    for key in assets:
        assets_of.setdefault(graph.nodes[key].op or "", []).append(key)
    checks_of: dict[str, list[CheckKey]] = {}
    blockers: dict[AssetKey, list[str]] = {}
    for check in checks:
        node = graph.check_nodes[check]
        checks_of.setdefault(node.op, []).append(check)
        if node.blocking:
            blockers.setdefault(check.asset_key, []).append(node.op)
    maker = {key: graph.nodes[key].op or "" for key in assets}
    steps: list[Step] = []
    for op_name in {**assets_of, **checks_of}:
        op = graph.ops[op_name]
        _require_whole(graph, op, assets_of.get(op_name, ()), checks_of.get(op_name, ()))
        needs: dict[AssetKey, None] = {}
        for key in assets_of.get(op_name, ()):
            for upstream in graph.upstream[key]:
                needs[upstream] = None
        inputs: list[StepInput] = []
        for item in op.inputs:
            if item.asset_key is None:
                continue
            needs[item.asset_key] = None
            if not item.nothing:
                inputs.append(StepInput(item.name, (FromAsset(item.asset_key),)))
        upstream_ops: dict[str, None] = {}
        for key in needs:
            above = maker.get(key)
            if above is not None and above != op_name:
                upstream_ops[above] = None
            if blockers and op_name in assets_of:
                for blocker in blockers.get(key, ()):
                    if blocker != op_name:
                        upstream_ops[blocker] = None
        steps.append(
            Step(
                key=op_name,
                op=op_name,
                inputs=tuple(inputs),
                upstream=tuple(upstream_ops),
                asset_keys=tuple(assets_of.get(op_name, ())),
                check_keys=tuple(checks_of.get(op_name, ())),
                retry_policy=op.retry_policy or job.retry_policy,
                pool=op.pool,
                isolation=op.isolation,
                timeout_seconds=op.timeout_seconds,
                tags=op.tags,
                hooks=(*op.hooks, *job.hooks) if op.hooks or job.hooks else (),
            )
        )
    return steps


def _require_whole(graph: AssetGraph, op: OpNode, assets: Sequence[AssetKey], checks: Sequence[CheckKey]) -> None:
    if op.can_subset:
        return
    made = graph.assets_of_op.get(op.name, ())
    if assets and len(assets) != len(made):
        raise IndivisibleError(
            f"{op.name} makes {', '.join(str(key) for key in made)} together: select all of them, or define it with "
            "can_subset=True."
        )
    judged = [output.check_key for output in op.outputs if output.check_key is not None] if op.kind == "check" else ()
    if checks and len(judged) > 1 and len(checks) != len(judged):
        raise IndivisibleError(
            f"{op.name} evaluates {', '.join(str(key) for key in judged)} together: select all of them, or define it "
            "with can_subset=True."
        )


# --- parts of a plan -------------------------------------------------------------------------------------------------


def _only(steps: list[Step], keys: tuple[str, ...], known: Mapping[str, Items]) -> list[Step]:
    """Those steps, without the others upstream: their values come from the stored outputs of the parent run."""
    if not keys:
        return steps
    wanted = set(keys)
    dynamic = {place[0] for step in steps for place in step.mapped_over}
    dynamic.update(_collected(steps))
    if dynamic:
        again = dynamic & {base_of(key) for key in wanted}
        steps = with_known_items(steps, {key: items for key, items in known.items() if base_of(key) not in again})
        # A step for one item is asked for, and the items are yielded anew: all of them are made.
        templates = {step.key for step in steps if step.mapped_over}
        wanted = {base_of(key) if base_of(key) in templates else key for key in wanted}
        present = {step.key for step in steps}
        wanted.update(step.key for step in steps if step.mapping_keys and base_of(step.key) in wanted - present)
        wanted.difference_update({base_of(step.key) for step in steps if step.mapping_keys} - present)
    unknown = wanted - {step.key for step in steps}
    if unknown:
        name = min(unknown)
        raise StepNotFound(f"there is no step {name!r} in this job.{_nearest(name, (step.key for step in steps))}")
    found = [
        msgspec.structs.replace(step, upstream=tuple(u for u in step.upstream if u in wanted))
        for step in steps
        if step.key in wanted
    ]
    for step in found if dynamic else ():
        _require_items(step, wanted)
    return found


def _collected(steps: Iterable[Step]) -> Iterable[str]:
    """Steps whose items others collect."""
    return {
        source.step_key
        for step in steps
        for item in step.inputs
        for source in item.sources
        if isinstance(source, FromStep) and source.over == "items"
    }


def _require_items(step: Step, wanted: set[str]) -> None:
    """A step that needs items which nobody yields cannot be planned."""
    above = [place[0] for place in step.mapped_over[:1]]
    for item in step.inputs:
        above += [source.step_key for source in item.sources if isinstance(source, FromStep) and source.over]
    for key in above:
        if key not in wanted:
            raise StateError(
                f"step {step.key!r} needs the items of {key!r}, which this run does not execute and no earlier run "
                f"has told. Select {key!r} too."
            )


def _require(
    wanted: set[AssetKey] | set[CheckKey], offered: Iterable[AssetKey] | Iterable[CheckKey], what: str, job: str
) -> None:
    unknown = wanted.difference(offered)
    if unknown:
        name = min(str(key) for key in unknown)
        place = "" if job == ASSET_JOB else f" in job {job!r}"
        raise NotFound(
            f"there is no {what} {name!r} that can be run{place}.{_nearest(name, (str(key) for key in offered))}"
        )


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only mistakes need it

    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
