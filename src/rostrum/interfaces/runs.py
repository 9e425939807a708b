"""What a running piece of user code talks to: `EventSink` and `RunSession` (law 2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from rostrum.interfaces.launching import GatewayAccess
from rostrum.model.assets import AssetKey, AssetState
from rostrum.model.events import AnyEvent, Event
from rostrum.model.pools import SlotAnswer, SlotWish
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run, RunFilter


class EventSink(Protocol):
    """Takes events, in order."""

    def append(self, events: Sequence[Event]) -> None:
        """Accept events, idempotently by (run, stream, sequence). May block briefly; never fails because a network does
        (law: spool).
        """
        ...


class ReadAssets(msgspec.Struct, frozen=True, tag="assets", tag_field="read"):
    """Current state of assets."""

    asset_keys: tuple[AssetKey, ...]


class ReadMaterializations(msgspec.Struct, frozen=True, tag="materializations", tag_field="read"):
    """Latest materialisations of an asset, newest first."""

    asset_key: AssetKey
    partition_key: str | None = None
    limit: int = 1


class ReadPartitions(msgspec.Struct, frozen=True, tag="partitions", tag_field="read"):
    """Status by partition key of an asset."""

    asset_key: AssetKey


class ReadDynamicPartitions(msgspec.Struct, frozen=True, tag="dynamic_partitions", tag_field="read"):
    """Keys of a dynamic partitions definition."""

    name: str


class ReadRuns(msgspec.Struct, frozen=True, omit_defaults=True, tag="runs", tag_field="read"):
    """Runs without their config: those of `run_ids`, else a page of those that match, newest first."""

    run_ids: tuple[str, ...] = ()
    where: RunFilter = RunFilter()
    limit: int = 100
    cursor: str | None = None


class ReadSteps(msgspec.Struct, frozen=True, omit_defaults=True, tag="steps", tag_field="read"):
    """What has been told of the steps of this very run, by all of its workers, oldest first: what changed nothing is
    left out. A page of it; `RunAnswer.cursor` is the `after` of the next one.
    """

    after: int = 0


RunQuery = ReadAssets | ReadMaterializations | ReadPartitions | ReadDynamicPartitions | ReadRuns | ReadSteps


class RunAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Answer to a query: the field that belongs to it is filled."""

    assets: tuple[AssetState, ...] = ()
    events: tuple[AnyEvent, ...] = ()
    partitions: dict[str, str] = {}
    keys: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    cursor: str | None = None
    """Where the next page of runs or steps begins; None at the end."""


class Orders(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the control plane wants of a run worker, told with each heartbeat."""

    cancel: bool = False
    fenced: bool = False
    """Another worker owns the run: stop without writing."""
    token: str | None = None
    """A fresh run token, when the present one is about to expire."""
    token_expires_at: datetime | None = None


class RunReader(Protocol):
    """What user code may ask and change besides events."""

    def read(self, query: RunQuery) -> RunAnswer:
        """Ask. Raises Unavailable when the control plane is away (user code may catch it)."""
        ...

    def add_dynamic_partitions(self, name: str, keys: Sequence[str]) -> None:
        """Add keys to a dynamic partitions definition."""
        ...

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Remove a key."""
        ...


class StepsLine(Protocol):
    """A run's line to step workers elsewhere, by way of the control plane, which they talk to themselves."""

    def access(self, scope: StepScope) -> GatewayAccess:
        """How a worker reaches the control plane for one attempt of a step. Asks nobody."""
        ...

    def follow(self, after: int, seconds: float) -> tuple[Sequence[AnyEvent], int]:
        """What step workers have told after a cursor (0: all), and the new cursor. Waits for the first event at most
        `seconds`; then nothing, with the old cursor. Events that came too late to change anything are among them. May
        be called while another thread uses the session. Raises Unavailable when the control plane is away.
        """
        ...

    def stop(self) -> None:
        """End a `follow` that waits, which then may raise Unavailable; none waits from now on. From any thread."""
        ...


class RunSession(EventSink, RunReader, Protocol):
    """One seam between a run and the control plane: the gateway client with a disk spool, or the store itself."""

    steps: StepsLine | None
    """None where workers elsewhere have no way to the control plane: there is no gateway."""

    def claim_slot(self, wish: SlotWish, others: Sequence[SlotWish] = ()) -> SlotAnswer:
        """Ask for a slot. Asking again for a step that has one renews it. Never raises.

        `others`: steps of the run that wait for the same pool, noted as waiting; none is granted. A slot is freed with
        the event that ends the attempt (`model.events.ATTEMPT_ENDS`), or with the run.
        """
        ...

    def heartbeat(self) -> Orders:
        """Say that the worker lives; get orders. Answers with empty orders while the control plane is away."""
        ...

    @property
    def captured_folder(self) -> Path | None:
        """A folder whose captured files (`<file key>.out`, `.err`) the session reads and stores by itself; None: it is
        told of all output by `write_log`.
        """
        ...

    def write_log(self, file_key: str, stream: str, offset: int, data: bytes) -> None:
        """Store captured output (`stream` is `out` or `err`) at an offset; repeating is safe."""
        ...

    def complete_log(self, file_key: str) -> None:
        """No more output comes for this file: it is marked complete once all that was captured is stored."""
        ...

    def flush(self, seconds: float) -> bool:
        """Wait until all that was accepted is stored by the control plane; False when time ran out (it stays
        spooled).
        """
        ...

    def close(self) -> None:
        """Flush for a short while and let go."""
        ...
