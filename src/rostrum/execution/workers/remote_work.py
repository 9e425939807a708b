"""What a step worker elsewhere is told: one attempt of one step, as data. It travels as the argument of a task (Dask,
Ray) or in the environment (containers); code, values and captured output do not.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from rostrum.definitions.location.live import Resolved
from rostrum.definitions.location.loading import CodeTarget
from rostrum.execution.notes import RunNotes
from rostrum.execution.output.capture import file_key
from rostrum.interfaces.execution import RemoteAttempt
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ConfigError, InvocationError
from rostrum.model.events import CheckTarget
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import FromStep, Step
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run

ENTRY = "rostrum.codeserver.step_worker:run_step_work"
"""What runs such work in a process that has it, by name: it is composed of parts that this layer may not import."""


class RemoteWork(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One attempt of one step, and what is known in the run that it may ask for."""

    run: Run
    step: Step
    attempt: int
    apart: int = 0
    """As in `executors.places.Attempt`."""
    upstream: tuple[Step, ...] = ()
    """Steps of the run whose outputs it loads."""
    target: CodeTarget
    versions: dict[str, str] = {}
    used_events: dict[str, str] = {}
    targets: dict[str, CheckTarget] = {}
    outputs: tuple[tuple[str, str], ...] = ()
    """As in `RunNotes`: what concerns this step."""
    partitions: PartitionsSpec | None = None
    partition_keys: tuple[str, ...] = ()
    retries: bool = True
    values_folder: str | None = None
    """Where values are kept that no IO manager of the definitions is bound for; None: below `$ROSTRUM_HOME`."""
    sys_path: tuple[str, ...] = ()
    """Import path of the run worker: used where a folder of it exists here too."""

    @property
    def scope(self) -> StepScope:
        """The attempt, as its token and its stream name it."""
        return StepScope(self.step.key, self.attempt, file_key(self.step.key, self.attempt, self.run.epoch))

    def notes(self) -> RunNotes:
        """What the run worker knew."""
        notes = RunNotes()
        notes.versions.update({AssetKey.of(key): version for key, version in self.versions.items()})
        notes.used_events.update({AssetKey.of(key): event for key, event in self.used_events.items()})
        notes.targets.update({AssetKey.of(key): target for key, target in self.targets.items()})
        notes.outputs.update(self.outputs)
        return notes


def read_work(work: bytes) -> RemoteWork:
    """What was told. Raises ConfigError."""
    try:
        return msgspec.msgpack.decode(work, type=RemoteWork)
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"the work of a step cannot be read; is the run worker's Rostrum of another version? ({error})"
        ) from None


def remote_attempt(
    step: Step,
    attempt: int,
    apart: int,
    *,
    run: Run,
    resolved: Resolved,
    executed: Mapping[str, Step],
    notes: RunNotes,
    target: CodeTarget | None,
    partitions: PartitionsSpec | None,
    partition_keys: tuple[str, ...],
    retries: bool,
    values_folder: str | None,
) -> RemoteAttempt:
    """The work of an attempt. Raises InvocationError where the code cannot be imported elsewhere."""
    if target is None:
        raise InvocationError(
            "steps cannot run elsewhere: these definitions were not loaded from a file or module. Put them into one, "
            "and use reconstructable(...), `rostrum materialize -f file.py` or a code location; or use the in_process "
            "executor."
        )
    needed = {source.step_key for each in step.inputs for source in each.sources if isinstance(source, FromStep)}
    assets = _assets(step, resolved)
    work = RemoteWork(
        run=run,
        step=step,
        attempt=attempt,
        apart=apart,
        upstream=tuple(executed[key] for key in sorted(needed) if key in executed),
        target=target,
        versions={str(key): notes.versions[key] for key in assets if key in notes.versions},
        used_events={str(key): notes.used_events[key] for key in assets if key in notes.used_events},
        targets={str(key): notes.targets[key] for key in assets if key in notes.targets},
        outputs=tuple(sorted(place for place in notes.outputs if place[0] in needed)),
        partitions=partitions,
        partition_keys=partition_keys,
        retries=retries,
        values_folder=values_folder,
        sys_path=tuple(path for path in sys.path if path),
    )
    return RemoteAttempt(
        scope=work.scope,
        work=msgspec.msgpack.encode(work),
        entry=ENTRY,
        run=run,
        code=msgspec.to_builtins(target),
    )


def _assets(step: Step, resolved: Resolved) -> list[AssetKey]:
    """Assets that the step makes, judges or uses."""
    made = {*step.asset_keys, *(check.asset_key for check in step.check_keys)}
    above = {up for key in made for up in resolved.graph.upstream.get(key, ())}
    op = resolved.ops[step.op]
    loaded = {item.asset_key for item in op.inputs.values() if item.asset_key is not None}
    return sorted(made | above | loaded)
