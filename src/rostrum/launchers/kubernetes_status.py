"""What a cluster says of a job and its pods, as the status of a worker: pure."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.interfaces.launching import WorkerStatus
from rostrum.launchers.kubernetes_manifests import CONTAINER
from rostrum.launchers.kubernetes_settings import part, parts

AT_ONCE = frozenset({"InvalidImageName", "ErrImageNeverPull"})
"""Reasons to wait that time does not mend."""
AFTER_PATIENCE = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "ImageInspectError", "RegistryUnavailable"}
    | {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
"""Reasons to wait that seldom end well."""
_SIGNALLED = 128
_LOST = frozenset({"NodeLost", "NodeStatusUnknown"})


def worker_status(
    job: Mapping[str, Any] | None, pods: Sequence[Mapping[str, Any]], container: str = CONTAINER
) -> WorkerStatus:
    """The status of a worker, which is that container of its pod. `job` None: it is not there (any more). Waiting for
    something that may never come is `running`, with the reason: see `hopeless`.
    """
    pod = max(pods, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), default=None)
    if pod is not None:
        return _of_pod(pod, container)
    if job is None:
        return WorkerStatus(state="exited", reason="its job has been deleted")
    failed = _condition(job, "Failed") or _condition(job, "FailureTarget")
    if failed is not None:
        return WorkerStatus(state="exited", reason=_said(failed) or "its job has failed")
    if _condition(job, "Complete") is not None:
        return WorkerStatus(state="exited", exit_code=0)
    return WorkerStatus(state="running", reason="its pod has not been created yet")


def hopeless(status: WorkerStatus, waited_seconds: float, patience_seconds: float) -> WorkerStatus:
    """A worker that waits for what will not come has ended: whoever hears so also deletes its job."""
    word = status.reason.partition(":")[0]
    if status.state == "running" and (
        word in AT_ONCE or (word in AFTER_PATIENCE and waited_seconds >= patience_seconds)
    ):
        return WorkerStatus(state="exited", reason=status.reason)
    return status


def is_waiting_for_image(status: WorkerStatus) -> bool:
    """Whether patience with this worker is being used up."""
    return status.state == "running" and status.reason.partition(":")[0] in AFTER_PATIENCE


def _of_pod(pod: Mapping[str, Any], container: str) -> WorkerStatus:
    told = part(pod, "status")
    phase, state = str(told.get("phase", "")), part(_container(told, container), "state")
    if "terminated" in state:
        return _ended(told, part(state, "terminated"))
    if phase in {"Failed", "Succeeded"}:
        if told.get("reason") in _LOST:
            return WorkerStatus(state="unknown", reason=_said(told))
        code = 0 if phase == "Succeeded" else None
        return WorkerStatus(state="exited", exit_code=code, reason=_said(told))
    if phase == "Unknown" or told.get("reason") in _LOST:
        return WorkerStatus(state="unknown", reason=_said(told) or "its node does not answer")
    ready = _condition(pod, "Ready", "Unknown")
    if ready is not None:
        return WorkerStatus(state="unknown", reason=_said(ready) or "its node does not answer")
    if "waiting" in state:
        return WorkerStatus(state="running", reason=_said(part(state, "waiting")))
    unscheduled = _condition(pod, "PodScheduled", "False")
    if phase == "Pending" and unscheduled is not None:
        return WorkerStatus(state="running", reason=_said(unscheduled))
    return WorkerStatus(state="running", reason="it has been asked to end" if _is_deleted(pod) else "")


def _ended(pod_status: Mapping[str, Any], ended: Mapping[str, Any]) -> WorkerStatus:
    code = int(ended.get("exitCode", 1))
    number = int(ended.get("signal") or 0) or (code - _SIGNALLED if code > _SIGNALLED else 0)
    known = number if number in set(signal.Signals) else None
    why = ended if ended.get("reason") not in {None, "", "Error", "Completed"} else pod_status
    reason = _said(why)
    if not reason and known is not None:
        reason = f"its container was ended by signal {known}"
    elif not reason and code != 0:
        reason = f"its container ended with exit code {code}"
        message = str(ended.get("message") or "").strip()
        reason += f"; the last it wrote:\n{message}" if message else ""
    return WorkerStatus(state="exited", exit_code=code if known is None else None, signal=known, reason=reason)


def _container(pod_status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """One container among those of a pod."""
    found = [each for each in parts(pod_status, "containerStatuses") if each.get("name") == name]
    return found[0] if found else {}


def _condition(thing: Mapping[str, Any], kind: str, value: str = "True") -> Mapping[str, Any] | None:
    conditions = parts(part(thing, "status"), "conditions")
    return next((each for each in conditions if (each.get("type"), each.get("status")) == (kind, value)), None)


def _is_deleted(thing: Mapping[str, Any]) -> bool:
    return bool(thing["metadata"].get("deletionTimestamp"))


def _said(part: Mapping[str, Any]) -> str:
    """Reason and message, as `reason: message`."""
    return ": ".join(str(part[field]).strip() for field in ("reason", "message") if part.get(field))
