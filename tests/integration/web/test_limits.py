"""What one request may cost, each limit with its name in the answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from rostrum.web import budget, graphql
from tests.integration.web.conftest import Site
from tests.integration.web.test_graphql import launch, play


def message(site: Site, query: str, **variables: Any) -> str:
    answer = site.client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert answer["data"] is None
    (error,) = answer["errors"]
    return str(error["message"])


def aliases(count: int, field: str) -> str:
    return " ".join(f"a{n}: {field}" for n in range(count))


def test_fields_at_the_root_are_limited_whatever_they_are_called(site: Site) -> None:
    few = site.ask(f"{{ {aliases(graphql.MAX_ROOT_FIELDS, 'daemons { loop }')} }}")
    assert len(few) == graphql.MAX_ROOT_FIELDS
    too_many = graphql.MAX_ROOT_FIELDS + 1
    assert "at its root" in message(site, f"{{ {aliases(too_many, 'daemons { loop }')} }}")
    spread = f"fragment F on Query {{ {aliases(too_many - 1, 'daemons { loop }')} }}"
    assert "at its root" in message(site, "query { ...F deployment { name } } " + spread)
    assert "at its root" in message(site, f"{{ ... on Query {{ {aliases(too_many, 'daemons { loop }')} }} }}")


def test_fragments_that_use_each_other_twice_are_counted_without_being_walked(site: Site) -> None:
    def fragments(count: int) -> Iterable[str]:
        for n in range(count):
            yield f"fragment F{n} on Run {{ a{n}: retries {{ ...F{n + 1} }} b{n}: retries {{ ...F{n + 1} }} }}"
        yield f"fragment F{count} on Run {{ id }}"

    text = message(site, 'query { run(id: "x") { ...F0 } } ' + " ".join(fragments(15)))
    assert f"more than {graphql.MAX_FIELDS} fields" in text


def test_events_are_limited_over_the_whole_request(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = launch(site, target={"job": "daily"}, partitionKeys=["d1"])["runs"][0]["id"]
    play(site, run_id, fail=True)
    monkeypatch.setattr(budget, "MAX_EVENTS", 15)
    one = "events(runId: $id, limit: 100000) { events }"
    assert site.ask(f"query($id: String!) {{ {one} }}", id=run_id)["events"]["events"]
    text = message(site, f"query($id: String!) {{ {aliases(3, one)} }}", id=run_id)
    assert "more than 15 events" in text
    histories = aliases(20, "history(limit: 500)")
    assert "more than 15 events" in message(site, f'{{ asset(key: "raw/orders") {{ {histories} }} }}')


def test_list_items_are_limited_over_the_whole_request(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_ROWS", 20)
    assert site.ask("{ jobs { assetKeys } }")["jobs"]
    assert "more than 20 list items" in message(site, f"{{ {aliases(10, 'jobs { assetKeys }')} }}")


def test_an_answer_has_a_greatest_length(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = launch(site, target={"job": "daily"}, partitionKeys=["d1"])["runs"][0]["id"]
    site.deployment.log_store.append(run_id, "k", "out", 0, b"x" * 1000)
    monkeypatch.setattr(budget, "MAX_BYTES", 4500)
    log = f'log(runId: "{run_id}", fileKey: "k", stream: "out") {{ text }}'
    assert site.ask(f"{{ {aliases(4, log)} }}")
    assert "longer than 4500 bytes" in message(site, f"{{ {aliases(5, log)} }}")
    assert "longer than 4500 bytes" in message(site, f"{{ {aliases(30, 'assets')} }}")
    monkeypatch.setattr(graphql, "MAX_BYTES", 300)
    assert "longer than 300 bytes" in message(site, "{ assets }")


def test_several_requests_in_one_are_refused(site: Site) -> None:
    answer = site.client.post("/graphql", json=[{"query": "{ deployment { name } }"}] * 2)
    assert answer.status_code == 400
