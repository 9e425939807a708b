from __future__ import annotations

import json

from rostrum.model.events import RunFailed
from rostrum.web.live import messages
from tests.control_plane import Plane


def test_a_run_that_another_one_repeats_has_changed() -> None:
    plane = Plane()
    run = plane.submit()
    starting = plane.starting(run)
    plane.begin(run.run_id)
    plane.work(run.run_id, starting.epoch, RunFailed(at=plane.clock.now(), reason="step_failure"))
    with plane.storage.begin() as session:
        before = session.events.last_id()
    again = plane.runs.retry(run.run_id, "all")
    with plane.storage.begin() as session:
        told = list(messages(session, session.events.tail(before, 100)))
    found = [json.loads(each.split(b"data: ")[1]) for each in told]
    assert {each["id"] for each in found if each["topic"] == "run"} == {run.run_id, again.run_id}
