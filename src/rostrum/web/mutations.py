"""Entry points of doing: one method a field of `Mutation`, each behind one permission."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from rostrum.auth.authorize import permissions
from rostrum.control.requests import SubmitRequest
from rostrum.control.retries import Rerun
from rostrum.model.errors import ConfigError, Denied, NotFound
from rostrum.model.ids import is_id
from rostrum.model.principals import Permission
from rostrum.model.runs import Trigger
from rostrum.model.secrets import place_of_mask
from rostrum.model.ticks import AutomationKey
from rostrum.planning.launch_rights import places_asked
from rostrum.web.context import RequestContext
from rostrum.web.targets import resolve_target
from rostrum.web.views.automations import AutomationView
from rostrum.web.views.pools import PoolView
from rostrum.web.views.runs import RunView
from rostrum.web.views.system import BackfillView, LocationView, QueueView

PERMISSIONS: dict[str, Permission] = {
    "launch": Permission.LAUNCH,
    "cancelRun": Permission.CANCEL,
    "cancelBackfill": Permission.CANCEL,
    "retryRun": Permission.LAUNCH,
    "reloadLocation": Permission.RELOAD_LOCATION,
    "setAutomation": Permission.EDIT_AUTOMATION,
    "setPoolLimit": Permission.EDIT_LIMITS,
    "unsetPoolLimit": Permission.EDIT_LIMITS,
    "freeSlots": Permission.EDIT_LIMITS,
    "setQueueHold": Permission.EDIT_LIMITS,
}
"""What each mutation requires. A mutation that is not listed cannot be called."""

MAX_PARTITIONS = 100_000
SHOWN_RUNS = 50
"""Runs of a backfill that its launch answers with."""


class Mutation:
    """Root of mutations. The permission has been checked when a method is called."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self._services = context.services

    @property
    def _who(self) -> str:
        return self._context.principal.name if self._context.principal else ""

    def launch(self, input: dict[str, Any]) -> dict[str, Any]:
        target = resolve_target(self._context, input["target"])
        config, tags = _config(input), _tags(input)
        job = self._context.catalog.jobs.get((target.location, target.job))
        self._check_places(target.location, config, tags, job.config if job else {}, job.tags_of_runs if job else {})
        keys: list[str] = input.get("partitionKeys") or []
        if len(keys) > MAX_PARTITIONS:
            raise ConfigError(f"{len(keys)} partitions at once; {MAX_PARTITIONS} is the most")
        trigger = Trigger(kind="manual", name=self._who)
        if len(keys) > 1:
            backfill, runs = self._services.backfills.create(target, keys, config=config, tags=tags, by=self._who)
            self._context.refresh()
            return {
                "runs": [RunView(self._context, run) for run in runs[:SHOWN_RUNS]],
                "backfill": BackfillView(self._context, backfill),
            }
        if keys:
            target = msgspec.structs.replace(target, partition_key=keys[0])
        request = SubmitRequest(
            target=target, config=config, tags=tags, trigger=trigger, idempotency_key=input.get("idempotencyKey")
        )
        run = self._services.runs.submit(request)
        self._context.refresh()
        return {"runs": [RunView(self._context, run)], "backfill": None}

    def _check_places(
        self,
        location: str,
        config: dict[str, Any],
        tags: dict[str, str],
        known_config: dict[str, Any],
        known_tags: dict[str, str],
    ) -> None:
        """Raises Denied for a launch that chooses where code runs, as what, or what is unpickled: that is like choosing
        the code.
        """
        manifest = self._context.catalog.manifests.get(location)
        nodes = manifest.resources if manifest is not None else ()
        io_managers = {node.key for node in nodes if node.kind == "io_manager"}
        asked = places_asked(config, tags, known_config, known_tags, io_managers)
        principal = self._context.principal
        if asked and (principal is None or Permission.ADMIN not in permissions(principal)):
            raise Denied(
                f"{', '.join(asked)}: where a run is executed, as what, and where its values are, only an "
                "administrator may say at its launch; others leave it to the project's code (job, op, location) and to "
                "the instance file"
            )

    def cancel_run(self, id: str, force: bool = False) -> RunView:
        run = self._services.runs.cancel(_run_id(id), self._who, force=force)
        self._context.refresh()
        return RunView(self._context, run)

    def cancel_backfill(self, id: str) -> BackfillView:
        backfill = self._services.backfills.cancel(_run_id(id), self._who)
        self._context.refresh()
        return BackfillView(self._context, backfill)

    def retry_run(
        self,
        id: str,
        strategy: str = "from_failure",
        steps: list[str] | None = None,
        config: Any = None,
        tags: Any = None,
        idempotency_key: str | None = None,
    ) -> RunView:
        how = Rerun(
            strategy=strategy,
            steps=tuple(steps or ()),
            config=None if config is None else _config({"config": config}),
            tags=_tags({"tags": tags}),
        )
        parent = self._context.session.runs.get(_run_id(id))
        if parent is not None:
            self._check_places(parent.target.location, how.config or {}, how.tags, parent.config, parent.tags)
        run = self._services.runs.retry(_run_id(id), by=self._who, idempotency_key=idempotency_key, how=how)
        self._context.refresh()
        return RunView(self._context, run)

    def reload_location(self, name: str) -> LocationView:
        reply = self._services.code_locations.get(name).reload()
        self._services.locations.record(name, reply)
        self._context.refresh()
        for state in self._context.session.locations.states():
            if state.name == name:
                return LocationView(self._context, state)
        raise NotFound(f"there is no code location {name}")

    def set_automation(self, location: str, name: str, running: bool) -> AutomationView:
        node = self._context.catalog.schedules.get((location, name))
        if node is None:
            raise NotFound(f"there is no schedule {name} in {location}")
        state = self._services.automations.set_running(AutomationKey(location, name), running=running, by=self._who)
        self._context.refresh()
        return AutomationView(self._context, location, node, state)

    def set_pool_limit(self, name: str, limit: int) -> PoolView:
        self._services.pools.set_limit(name, limit, self._who)
        self._context.refresh()
        return PoolView(self._context, self._context.pools[name])

    def unset_pool_limit(self, name: str) -> PoolView | None:
        self._services.pools.unset_limit(name, self._who)
        self._context.refresh()
        state = self._context.pools.get(name)
        return PoolView(self._context, state) if state is not None else None

    def free_slots(self, run_id: str, step_key: str | None = None) -> int:
        freed = self._services.pools.free(run_id, step_key, self._who)
        self._context.refresh()
        return freed

    def set_queue_hold(self, hold: bool) -> QueueView:
        if hold:
            self._services.pools.hold_queue(self._who)
        else:
            self._services.pools.resume_queue(self._who)
        self._context.refresh()
        return QueueView(self._context)


def _run_id(text: str) -> str:
    if not is_id(text):
        raise NotFound(f"there is no run {text}")
    return text


def _config(given: dict[str, Any]) -> dict[str, Any]:
    config = _mapping(given, "config")
    masked = place_of_mask(config)
    if masked is not None:
        raise ConfigError(f"{masked} holds what is shown in place of a secret: give its value, or {{env: NAME}}")
    return config


def _tags(given: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in _mapping(given, "tags").items()}


def _mapping(given: dict[str, Any], name: str) -> dict[str, Any]:
    value: object = given.get(name) or None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"{name} is a {type(value).__name__}; it is an object with a key a section")
    return cast("dict[str, Any]", value)
