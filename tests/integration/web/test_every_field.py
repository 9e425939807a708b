"""Every field of the schema has a resolver: one query asks for all of them, over a state in which nothing is empty."""

from __future__ import annotations

from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType, get_named_type, is_object_type

from rostrum.web.schema import schema
from tests.integration.web.conftest import Site
from tests.integration.web.test_graphql import launch, play

ARGUMENTS = {
    "asset": '(key: "core/orders")',
    "partitions": '(assetKey: "core/orders")',
    "run": "(id: $run)",
    "events": "(runId: $run)",
    "log": '(runId: $run, fileKey: "k", stream: "out")',
    "automation": '(location: "shop.py", name: "mornings")',
    "job": '(location: "shop.py", name: "daily")',
    "backfill": "(id: $backfill)",
    "pool": '(name: "db")',
    "search": '(text: "daily")',
    "planPreview": '(target: {job: "daily"}, partitionKeys: ["d1"])',
}
DEPTH = 4


def selection(kind: GraphQLNamedType, depth: int, asked: set[tuple[str, str]]) -> str:
    """All fields of a type, and of theirs, down to a depth."""
    if not isinstance(kind, GraphQLObjectType):
        return ""
    parts: list[str] = []
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if is_object_type(inner) and depth == 0:
            continue
        asked.add((kind.name, name))
        parts.append(name + arguments(kind, name, field) + selection(inner, depth - 1, asked))
    return "{ " + " ".join(parts) + " }"


def arguments(kind: GraphQLObjectType, name: str, field: GraphQLField) -> str:
    return ARGUMENTS.get(name, "") if kind.name == "Query" and field.args else ""


def test_every_field_has_a_resolver(site: Site) -> None:
    backfill = launch(site, target={"job": "daily"}, partitionKeys=["d1", "d2"])["backfill"]
    failed = launch(site, target={"job": "daily"}, partitionKeys=["d3"])["runs"][0]["id"]
    play(site, failed, fail=True)
    play(site, launch(site, target={"job": "daily"}, partitionKeys=["d1"])["runs"][0]["id"], fail=False)
    site.ask("mutation($id: String!) { retryRun(id: $id) { id } }", id=failed)
    site.deployment.pools.set_limit("db", 1, "ann")
    site.deployment.log_store.append(failed, "k", "out", 0, b"said\n")
    query = schema().query_type
    assert query is not None
    asked: set[tuple[str, str]] = set()
    data = site.ask(
        "query($run: String!, $backfill: String!) " + selection(query, DEPTH, asked),
        run=failed,
        backfill=backfill["id"],
    )
    assert data["log"]["text"] == "said\n"
    assert data["run"]["retries"]
    assert data["now"]["attention"]
    objects = {
        name: kind
        for name, kind in schema().type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
    }
    everything = {
        (name, field)
        for name, kind in objects.items()
        for field in kind.fields
        if name not in ("Mutation", "LaunchResult")
    }
    assert everything - asked == set()
