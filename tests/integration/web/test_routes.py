"""Routes: who may, what is cached, what is refused."""

from __future__ import annotations

import pytest
from graphql import GraphQLObjectType
from starlette.routing import Mount, Route

from rostrum.model.principals import Permission
from rostrum.web.mutations import PERMISSIONS
from rostrum.web.schema import schema
from tests.integration.web.conftest import Site

OPEN = {"/login", "/health", "/{path:path}"}
"""Routes that need no login: logging in, liveness, the UI's own files."""


def log_in(site: Site, name: str) -> None:
    answer = site.client.post("/login", json={"name": name, "password": f"password of {name}"})
    assert answer.status_code == 204, answer.text


def routes(site: Site) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for route in site.client.app.routes:  # type: ignore[attr-defined]
        assert isinstance(route, (Route, Mount)), "a new kind of route needs its place in this walk"
        if isinstance(route, Route):
            found += [(method, route.path) for method in route.methods or () if method != "HEAD"]
        else:
            found.append(("POST", f"{route.path}/runs/x/events"))
    return found


def test_every_route_but_three_refuses_a_stranger(guarded: Site) -> None:
    walked = 0
    for method, path in routes(guarded):
        if path in OPEN or path == "/logout":
            continue
        body = {"query": "{ deployment { name } }"} if path == "/graphql" else {}
        answer = guarded.client.request(method, path.replace("{", "").replace("}", ""), json=body)
        assert answer.status_code == 401, (method, path, answer.status_code)
        walked += 1
    assert walked >= 6


def test_every_mutation_names_a_permission_and_a_viewer_has_none_of_them(guarded: Site) -> None:
    mutation = schema().mutation_type
    assert isinstance(mutation, GraphQLObjectType)
    assert set(mutation.fields) == set(PERMISSIONS)
    log_in(guarded, "viewer")
    calls = {
        "launch": 'launch(input: {target: {job: "daily"}}) { runs { id } }',
        "cancelRun": 'cancelRun(id: "x") { id }',
        "cancelBackfill": 'cancelBackfill(id: "x") { id }',
        "retryRun": 'retryRun(id: "x") { id }',
        "reloadLocation": 'reloadLocation(name: "shop.py") { name }',
        "setAutomation": 'setAutomation(location: "shop.py", name: "mornings", running: true) { name }',
        "setPoolLimit": 'setPoolLimit(name: "db", limit: 1) { name }',
        "unsetPoolLimit": 'unsetPoolLimit(name: "db") { name }',
        "freeSlots": 'freeSlots(runId: "x")',
        "setQueueHold": "setQueueHold(hold: true) { queued }",
    }
    assert set(calls) == set(PERMISSIONS)
    for name, call in calls.items():
        (error,) = guarded.errors(f"mutation {{ {call} }}")
        assert error["extensions"]["code"] == "denied", name


@pytest.mark.parametrize(
    ("role", "launches", "switches"),
    [("viewer", False, False), ("launcher", True, False), ("editor", True, True), ("admin", True, True)],
)
def test_roles_grant_what_they_say(guarded: Site, role: str, launches: bool, switches: bool) -> None:
    log_in(guarded, role)
    granted = guarded.ask("{ deployment { user { name permissions } } }")["deployment"]["user"]
    assert granted["name"] == role
    assert (Permission.LAUNCH.value in granted["permissions"]) is launches
    launched = guarded.client.post(
        "/graphql",
        json={"query": 'mutation { launch(input: {target: {job: "daily"}, partitionKeys: ["d1"]}) { runs { id } } }'},
    ).json()
    assert ("errors" not in launched) is launches
    switched = guarded.client.post(
        "/graphql",
        json={"query": 'mutation { setAutomation(location: "shop.py", name: "mornings", running: true) { name } }'},
    ).json()
    assert ("errors" not in switched) is switches


def test_log_in_log_out(guarded: Site) -> None:
    assert guarded.client.post("/login", json={"name": "admin", "password": "wrong password"}).status_code == 401
    assert guarded.client.post("/login", json={"name": "nobody", "password": "wrong password"}).status_code == 401
    log_in(guarded, "admin")
    cookie = guarded.client.cookies["rostrum_session"]
    assert guarded.client.get("/api/graph").status_code == 200
    guarded.client.post("/logout", json={})
    guarded.client.cookies.set("rostrum_session", cookie)
    assert guarded.client.get("/api/graph").status_code == 401, (
        "the session ended on the server, not only in the browser"
    )


def test_requests_that_a_foreign_page_could_cause_are_refused(site: Site) -> None:
    query = {"query": "{ deployment { name } }"}
    assert site.client.post("/graphql", json=query, headers={"origin": "https://evil.example"}).status_code == 403
    assert site.client.post("/graphql", json=query, headers={"host": "rebound.example:3000"}).status_code == 403
    assert (
        site.client.post(
            "/graphql", content='{"query": "{ deployment { name } }"}', headers={"content-type": "text/plain"}
        ).status_code
        == 400
    )
    assert site.client.post("/graphql", json=query, headers={"origin": "http://127.0.0.1"}).status_code == 200


def test_tables_are_cached_by_etag_and_change_with_the_state(site: Site) -> None:
    first = site.client.get("/api/assets")
    assert first.json()["keys"] == ["core/orders", "raw/orders"]
    assert first.json()["deps"] == [[1], []]
    assert first.headers["content-encoding"] == "gzip"
    etag = first.headers["etag"]
    assert site.client.get("/api/assets", headers={"if-none-match": etag}).status_code == 304
    site.ask('mutation { launch(input: {target: {job: "daily"}, partitionKeys: ["d1"]}) { runs { id } } }')
    after = site.client.get("/api/assets", headers={"if-none-match": etag})
    assert after.status_code == 200
    assert after.json()["status"] == [3, 3]


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/assets/../../app.py", "/%2e%2e/%2e%2e/etc/passwd", "/static//etc/passwd", "/app.py%00.js"],
)
def test_a_request_never_becomes_a_path(site: Site, path: str) -> None:
    answer = site.client.get(path)
    assert answer.status_code in (200, 404, 503)
    assert b"[project]" not in answer.content
    assert b"root:" not in answer.content


@pytest.mark.parametrize(
    "path", ["/api/runs/%2e%2e/logs/x/out", "/api/runs/x/logs/..%2f..%2fetc%2fpasswd/out", "/api/runs/0/logs/a/passwd"]
)
def test_logs_are_addressed_by_ids_only(site: Site, path: str) -> None:
    assert site.client.get(path).status_code in (404, 503)


def test_answers_carry_the_security_headers(site: Site) -> None:
    headers = site.client.get("/health").headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
