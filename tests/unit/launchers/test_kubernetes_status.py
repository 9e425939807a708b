"""What a cluster says of a pod, as the status of a worker."""

from __future__ import annotations

from typing import Any

import pytest

from rostrum.interfaces.launching import WorkerStatus
from rostrum.launchers.kubernetes_status import hopeless, is_waiting_for_image, worker_status


def pod(phase: str, state: dict[str, Any] | None = None, created: str = "1", **status: Any) -> dict[str, Any]:
    containers: list[dict[str, Any]] = [{"name": "sidecar", "state": {"running": {}}}]
    if state is not None:
        containers.append({"name": "rostrum", "state": state})
    return {
        "metadata": {"creationTimestamp": created},
        "status": {"phase": phase, "containerStatuses": containers, **status},
    }


def ended(code: int, reason: str = "Error", **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, **more}}


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (pod("Running", {"running": {}}), WorkerStatus(state="running")),
        (pod("Succeeded", ended(0, "Completed")), WorkerStatus(state="exited", exit_code=0)),
        (pod("Running", ended(0, "Completed")), WorkerStatus(state="exited", exit_code=0)),
        (
            pod("Failed", ended(1)),
            WorkerStatus(state="exited", exit_code=1, reason="its container ended with exit code 1"),
        ),
        (
            pod("Failed", ended(2, message="no module named shop")),
            WorkerStatus(
                state="exited",
                exit_code=2,
                reason="its container ended with exit code 2; the last it wrote:\nno module named shop",
            ),
        ),
        (
            pod("Failed", ended(137)),
            WorkerStatus(state="exited", signal=9, reason="its container was ended by signal 9"),
        ),
        (pod("Failed", ended(137, "OOMKilled")), WorkerStatus(state="exited", signal=9, reason="OOMKilled")),
        (
            pod("Failed", reason="Evicted", message="The node was low on resource: memory."),
            WorkerStatus(state="exited", reason="Evicted: The node was low on resource: memory."),
        ),
        (
            pod("Failed", ended(137), reason="Evicted", message="low on memory"),
            WorkerStatus(state="exited", signal=9, reason="Evicted: low on memory"),
        ),
        (pod("Failed", reason="NodeLost"), WorkerStatus(state="unknown", reason="NodeLost")),
        (pod("Unknown"), WorkerStatus(state="unknown", reason="its node does not answer")),
        (
            pod("Pending", {"waiting": {"reason": "ErrImagePull", "message": "not found"}}),
            WorkerStatus(state="running", reason="ErrImagePull: not found"),
        ),
        (
            pod(
                "Pending",
                conditions=[
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
                ],
            ),
            WorkerStatus(state="running", reason="Unschedulable: 0/3 nodes"),
        ),
    ],
)
def test_pod(found: dict[str, Any], status: WorkerStatus) -> None:
    assert worker_status(None, [found]) == status


def test_the_newest_pod_counts() -> None:
    old, new = (
        pod("Failed", ended(137), "2026-01-01T00:00:00Z"),
        pod("Running", {"running": {}}, "2026-01-01T00:01:00Z"),
    )
    assert worker_status(None, [new, old]).state == "running"


def test_without_a_pod_the_job_tells() -> None:
    failed = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "too long"}
    assert worker_status({"status": {"conditions": [failed]}}, []).reason == "DeadlineExceeded: too long"
    complete = {"type": "Complete", "status": "True"}
    assert worker_status({"status": {"conditions": [complete]}}, []).exit_code == 0
    assert worker_status({}, []) == WorkerStatus(state="running", reason="its pod has not been created yet")
    assert worker_status(None, []).reason == "its job has been deleted"


def test_patience_with_images() -> None:
    def waiting(reason: str) -> WorkerStatus:
        return worker_status(None, [pod("Pending", {"waiting": {"reason": reason}})])

    assert hopeless(waiting("ImagePullBackOff"), 10, 60).state == "running"
    assert hopeless(waiting("ImagePullBackOff"), 60, 60).state == "exited"
    assert hopeless(waiting("InvalidImageName"), 0, 60) == WorkerStatus(state="exited", reason="InvalidImageName")
    assert hopeless(waiting("ContainerCreating"), 999, 60).state == "running"
    assert is_waiting_for_image(waiting("ErrImagePull"))
    assert not is_waiting_for_image(waiting("ContainerCreating"))
