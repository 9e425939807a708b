"""Downloads of captured output: what comes is text, whatever a step has printed; what is asked for is a name."""

from __future__ import annotations

import pytest

from rostrum.control.requests import SubmitRequest
from rostrum.model.runs import RunTarget
from tests.integration.web.conftest import Site

HTML = b"<script>alert(1)</script>"


@pytest.fixture
def run_id(site: Site) -> str:
    target = RunTarget(location="shop.py", job="daily", partition_key="d1")
    run = site.deployment.runs.submit(SubmitRequest(target=target))
    site.deployment.log_store.append(run.run_id, "say", "out", 0, HTML)
    return run.run_id


@pytest.mark.parametrize("form", ["/api/runs/{}/logs/say/out", "/logs/{}/compute_logs/say/out"])
def test_what_a_step_printed_is_never_a_page(site: Site, run_id: str, form: str) -> None:
    answer = site.client.get(form.format(run_id))
    assert answer.content == HTML
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["a%0d%0aX-Evil:%201", '%22;x="', "%2e%2e", "a%00b", "x" * 300])
def test_what_is_no_name_is_refused_and_in_no_header(site: Site, run_id: str, name: str) -> None:
    answer = site.client.get(f"/api/runs/{run_id}/logs/{name}/out")
    assert answer.status_code in (400, 404)
    assert "x-evil" not in answer.headers
    assert "content-disposition" not in answer.headers
