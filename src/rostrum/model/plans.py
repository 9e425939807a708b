"""The execution plan of a run as data: steps, where their inputs come from, in what order they may start."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.manifest import RetryPolicy
from rostrum.model.reserved_names import PRIORITY_TAG

ISOLATIONS = ("in_process", "thread", "async", "process", "container", "remote")
"""Where a step may ask to run: with others in one process (one after the other, in a thread, in the event loop), in a
process of its own, in a container or pod of its own, on a worker of the executor's cluster."""
_HIGHEST_PRIORITY = 2**31 - 1


class FromStep(msgspec.Struct, frozen=True, gc=False, tag="step", tag_field="from"):
    """The value of another step's output, loaded through that output's IO manager."""

    step_key: str
    output: str = "result"
    mapping_key: str | None = None
    """Key of the item, for an item of a dynamic output."""
    over: str = ""
    """Only while items are not known yet: `item` (the item that the step is for), `items` (all items of a dynamic
    output) or `steps` (the output of all steps that one step stands for)."""


class FromAsset(msgspec.Struct, frozen=True, gc=False, tag="asset", tag_field="from"):
    """The stored value of an asset (made in this run or before), loaded through the asset's IO manager."""

    asset_key: AssetKey


class FromConfig(msgspec.Struct, frozen=True, gc=False, tag="config", tag_field="from"):
    """A value given in the run config (`ops.<op>.inputs.<input>` or `inputs.<input>`)."""

    path: tuple[str, ...]


class FromDefault(msgspec.Struct, frozen=True, gc=False, tag="default", tag_field="from"):
    """The default of the function's parameter."""


InputSource = FromStep | FromAsset | FromConfig | FromDefault


class StepInput(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An input of a step."""

    name: str
    sources: tuple[InputSource, ...]
    fan_in: bool = False
    """The value is the list of all sources' values."""


class Step(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One unit of work of a run."""

    key: str
    """Unique in the run: path of the node in its graph joined by `.`; `key[item]` for a mapped dynamic item."""
    op: str
    """Name of the op in the manifest."""
    inputs: tuple[StepInput, ...] = ()
    upstream: tuple[str, ...] = ()
    """Keys of steps that must have succeeded before."""
    asset_keys: tuple[AssetKey, ...] = ()
    check_keys: tuple[CheckKey, ...] = ()
    retry_policy: RetryPolicy | None = None
    pool: str | None = None
    tags: dict[str, str] = {}
    mapped_over: tuple[tuple[str, str], ...] = ()
    """(step, output), outermost first: the step stands for one step for each item of these dynamic outputs, which are
    not known before that step has run."""
    mapping_keys: tuple[str, ...] = ()
    """Keys of the items that the step is for."""
    hooks: tuple[str, ...] = ()
    """Names of the hooks that run when the step has ended."""
    part_of: str | None = None
    """Name of the op of a graph-backed asset that this step is a part of."""
    asset_outputs: dict[str, str] = {}
    """There: output of this step -> output of that op, which tells the asset."""
    isolation: str | None = None
    """One of `ISOLATIONS`; None: as the executor says."""
    timeout_seconds: float | None = None
    """Time that one attempt may take; None: any."""

    @property
    def priority(self) -> int:
        """High ones first among steps that could start; from the tag."""
        return priority_of(self.tags) if self.tags else 0


def priority_of(tags: Mapping[str, str]) -> int:
    """The whole number that the tag of priorities has; 0 where it has none. Beyond 32 bits, which is what databases and
    clients can count to, all are the same.
    """
    try:
        return max(-_HIGHEST_PRIORITY, min(_HIGHEST_PRIORITY, int(tags.get(PRIORITY_TAG, 0))))
    except ValueError:
        return 0


class Tried(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What earlier workers of a run have tried of a step that has not ended."""

    attempts: int
    """Number of the last attempt."""
    interrupted: int = 0
    """How many of the attempts have been interrupted by the loss of the run's worker."""
    crashed: int = 0
    """How many have failed through no fault of the code's besides."""
    delay_seconds: float = 0.0
    """What is left of the time before the next attempt, when the plan begins to be executed."""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """All steps of a run, in an order in which every step comes after its upstream ones."""

    steps: tuple[Step, ...]
    absent: tuple[tuple[str, str], ...] = ()
    """(step, output) of optional outputs that steps outside of this plan, which ended well, did not produce: what
    needs one is passed over. Without an output: a step of this plan that is passed over once its turn comes, since
    it loads or follows an asset that was not made."""
    failed: frozenset[str] = frozenset()
    """Keys of the steps that an earlier worker of the run has seen fail for good: they are not executed, nor is what
    needs them."""
    tried: dict[str, Tried] = {}
    """What earlier workers have tried of the others, by key."""

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Keys in order of what is to be executed, without steps that stand for others."""
        return tuple(step.key for step in self.steps if not step.mapped_over and step.key not in self.failed)
