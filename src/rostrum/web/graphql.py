"""Executes GraphQL requests: parsed once a text, resolved by name, denied by default, encoded by msgspec.

A field `lastRun` is the attribute or method `last_run` of the view object; a method gets the field's arguments by
keyword.
"""

from __future__ import annotations

import functools
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    execution,
    parse,
    validate,
)

from rostrum.model.errors import RostrumError
from rostrum.model.principals import Permission
from rostrum.web.budget import MAX_BYTES, OverBudget, encoded
from rostrum.web.context import RequestContext
from rostrum.web.mutations import PERMISSIONS, Mutation
from rostrum.web.queries import Query
from rostrum.web.schema import schema
from rostrum.web.system_queries import SystemQuery

MAX_QUERY_LENGTH = 20_000
MAX_DEPTH = 20
MAX_ROOT_FIELDS = 30
"""Fields at the root, each alias for itself."""
MAX_FIELDS = 10_000
"""Fields in all, a fragment's counted wherever it is used."""

_log = logging.getLogger("rostrum.web")


@dataclass(frozen=True)
class Root:
    """Root value: the entry points; the default resolver picks by the operation, then by the name of the field."""

    query: Query
    system: SystemQuery
    mutation: Mutation


@functools.lru_cache(maxsize=4096)
def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _resolve(source: Any, info: GraphQLResolveInfo[RequestContext], **arguments: Any) -> Any:
    name = info.field_name
    parent = info.parent_type.name
    if parent == "Mutation":
        info.context.require(PERMISSIONS[name])
        source = source.mutation
    elif parent == "Query":
        source = source.system if hasattr(source.system, name) else source.query
    if isinstance(source, Mapping):
        return cast("Mapping[str, Any]", source).get(name)
    value = getattr(source, _snake(name))
    return value(**{_snake(key): item for key, item in arguments.items()}) if callable(value) else value


def _counted(source: Any, info: GraphQLResolveInfo[RequestContext], **arguments: Any) -> Any:
    """A field's value, counted against the request's budget."""
    value = _resolve(source, info, **arguments)
    if value is None or isinstance(value, (int, float)):
        return value
    budget = info.context.budget
    budget.value(value)
    if (info.parent_type.name, info.field_name) in _json_fields():
        value = encoded(value)
        budget.value(value)
    return value


@functools.cache
def _json_fields() -> frozenset[tuple[str, str]]:
    types = [kind for kind in schema().type_map.values() if isinstance(kind, GraphQLObjectType)]
    fields = ((kind.name, name, str(field.type)) for kind in types for name, field in kind.fields.items())
    return frozenset((kind, name) for kind, name, answers in fields if answers in ("JSON", "JSON!"))


@functools.lru_cache(maxsize=512)
def _document(query: str) -> DocumentNode | list[GraphQLError]:
    try:
        document = parse(query, max_tokens=4000)
    except GraphQLError as error:
        return [error]
    problems = validate(schema(), document)  # refuses fragment cycles: the walk below ends
    if problems:
        return problems
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    sizes = _Sizes(fragments)
    for part in document.definitions:
        if not isinstance(part, OperationDefinitionNode):
            continue
        depth, fields, roots = sizes.of(part)
        if depth > MAX_DEPTH:
            return [GraphQLError(f"the query is nested deeper than {MAX_DEPTH} levels")]
        if roots > MAX_ROOT_FIELDS:
            return [
                GraphQLError(
                    f"the query has {roots} fields at its root, aliases counted; {MAX_ROOT_FIELDS} is the most"
                )
            ]
        if fields > MAX_FIELDS:
            return [
                GraphQLError(f"the query has more than {MAX_FIELDS} fields, those of fragments counted at each use")
            ]
    return document


class _Sizes:
    """Measures selections. Each fragment once: fragments that use fragments twice are many fields in few words."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, tuple[int, int, int]] = {}

    def of(self, node: Any) -> tuple[int, int, int]:
        """Depth, fields in all and fields at the top of what a node selects."""
        depth = fields = roots = 0
        for child in node.selection_set.selections if node.selection_set else ():
            if isinstance(child, FieldNode):
                below, inner, _ = self.of(child)
                size = (1 + below, 1 + inner, 1)
            elif isinstance(child, FragmentSpreadNode):
                size = self._fragment(child.name.value)
            else:
                size = self.of(child)
            depth, fields, roots = max(depth, size[0]), fields + size[1], roots + size[2]
        return depth, fields, roots

    def _fragment(self, name: str) -> tuple[int, int, int]:
        if name not in self._known:
            self._known[name] = self.of(self._fragments[name])
        return self._known[name]


def execute(context: RequestContext, query: str, variables: dict[str, Any] | None, operation_name: str | None) -> bytes:
    """Execute one request; returns the JSON answer. The caller has authenticated; VIEW is required here, mutations
    require more.
    """
    if len(query) > MAX_QUERY_LENGTH:
        return _encode(ExecutionResult(None, [GraphQLError(f"the query is longer than {MAX_QUERY_LENGTH} characters")]))
    context.require(Permission.VIEW)
    document = _document(query)
    if isinstance(document, list):
        return _encode(ExecutionResult(None, document))
    try:
        result = execution.execute_sync(
            schema(),
            document,
            Root(Query(context), SystemQuery(context), Mutation(context)),
            context,
            variables,
            operation_name,
            field_resolver=_counted,
        )
    except OverBudget as over:
        return _encode(ExecutionResult(None, [GraphQLError(str(over))]))
    body = _encode(result)
    if len(body) > MAX_BYTES:
        too_long = f"the answer is longer than {MAX_BYTES} bytes; ask for less at a time"
        return _encode(ExecutionResult(None, [GraphQLError(too_long)]))
    return body


def may_write(query: str) -> bool:
    """Whether a request text could hold a mutation. Does not parse: this is asked on the server's one loop."""
    return "mutation" in query


def _encode(result: ExecutionResult) -> bytes:
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [_error(error) for error in result.errors]
    return msgspec.json.encode(answer)


def _error(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    told: dict[str, Any] = {"message": error.message, "path": error.path}
    if isinstance(cause, RostrumError):
        told["message"] = str(cause)
        told["extensions"] = {"code": cause.code, "retryable": cause.retryable}
    elif cause is not None and not isinstance(cause, GraphQLError):
        request_id = secrets.token_hex(8)
        where = ".".join(str(part) for part in error.path or ())
        _log.error("request %s: %s failed", request_id, where, exc_info=cause)
        told["message"] = f"the server failed in {where}: {type(cause).__name__}; its log says why"
        told["extensions"] = {"code": "internal", "retryable": False, "requestId": request_id}
    else:
        told["extensions"] = {"code": "bad_request", "retryable": False}
    return told
