"""What a run may ask and change besides its events: reads, dynamic partitions. Functions on one session.

Used by both ways a `RunSession` reaches the store: the gateway's routes and `StoreSession`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rostrum.interfaces.runs import (
    Orders,
    ReadAssets,
    ReadDynamicPartitions,
    ReadMaterializations,
    ReadPartitions,
    ReadRuns,
    ReadSteps,
    RunAnswer,
    RunQuery,
)
from rostrum.interfaces.storage import Session
from rostrum.model.errors import InvocationError
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.standing import KINDS as STEP_KINDS

MAX_EVENTS = 1000


def answer_query(session: Session, query: RunQuery, run_id: str = "") -> RunAnswer:
    """Answer a query of a run. Only reads."""
    if isinstance(query, ReadAssets):
        states = session.assets.get(query.asset_keys)
        return RunAnswer(assets=tuple(states[key] for key in query.asset_keys if key in states))
    if isinstance(query, ReadMaterializations):
        found = session.events.read_asset(
            query.asset_key,
            kinds=("asset_materialized",),
            limit=min(query.limit, MAX_EVENTS),
            partition_key=query.partition_key,
        )
        return RunAnswer(events=tuple(stored.event for stored in found))
    if isinstance(query, ReadPartitions):
        return RunAnswer(partitions=session.partitions.get(query.asset_key))
    if isinstance(query, ReadDynamicPartitions):
        return RunAnswer(keys=tuple(session.partitions.dynamic(query.name)))
    if isinstance(query, ReadRuns):
        return _runs(session, query)
    if isinstance(query, ReadSteps) and run_id:
        stored = session.events.read(run_id, after=query.after, limit=MAX_EVENTS, kinds=STEP_KINDS)
        cursor = str(stored[-1].id) if len(stored) == MAX_EVENTS else None
        return RunAnswer(events=tuple(one.event for one in stored if not one.evidence), cursor=cursor)
    raise InvocationError(f"{type(query).__name__} is not a query")


def _runs(session: Session, query: ReadRuns) -> RunAnswer:
    """Config stays away: what one run was given is not for another."""
    if query.run_ids:
        found, cursor = [run for each in query.run_ids[:MAX_EVENTS] if (run := session.runs.get(each))], None
    else:
        page = session.runs.list(query.where, limit=max(1, min(query.limit, MAX_EVENTS)), cursor=query.cursor)
        found, cursor = page.runs, page.cursor
    return RunAnswer(runs=tuple(msgspec.structs.replace(run, config={}) for run in found), cursor=cursor)


def change_partitions(session: Session, name: str, add: Sequence[str], delete: Sequence[str]) -> None:
    """Add and delete keys of a dynamic partitions definition."""
    if add:
        session.partitions.add_dynamic(name, add)
    for key in delete:
        session.partitions.delete_dynamic(name, key)


def orders_for(run: Run, epoch: int) -> Orders:
    """What the worker of `epoch` is to do."""
    return Orders(cancel=run.status is RunStatus.CANCELING, fenced=run.is_finished or run.epoch != epoch)
