"""Executes GraphQL requests: parsed once a text, resolved by name, denied by default, encoded by msgspec.

A field `lastRun` is the attribute or method `last_run` of the view object; a method gets the field's arguments by
keyword.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    OperationType,
    execution,
    parse,
    validate,
)

from rostrum.model.errors import RostrumError
from rostrum.model.principals import Permission
from rostrum.web.context import RequestContext
from rostrum.web.mutations import PERMISSIONS, Mutation
from rostrum.web.queries import Query
from rostrum.web.schema import schema

MAX_QUERY_LENGTH = 20_000
MAX_DEPTH = 20


@dataclass(frozen=True)
class Root:
    """Root value: both entry points; the default resolver picks by the operation."""

    query: Query
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
        source = source.query
    if isinstance(source, Mapping):
        return cast("Mapping[str, Any]", source).get(name)
    value = getattr(source, _snake(name))
    return value(**{_snake(key): item for key, item in arguments.items()}) if callable(value) else value


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
    if max(_depth(part, fragments) for part in document.definitions) > MAX_DEPTH:
        return [GraphQLError(f"the query is nested deeper than {MAX_DEPTH} levels")]
    return document


def _depth(node: Any, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    if isinstance(node, FragmentSpreadNode):
        return _depth(fragments[node.name.value], fragments)
    selections = getattr(node, "selection_set", None)
    return max((1 + _depth(child, fragments) for child in selections.selections), default=0) if selections else 0


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
    result = execution.execute_sync(
        schema(),
        document,
        Root(Query(context), Mutation(context)),
        context,
        variables,
        operation_name,
        field_resolver=_resolve,
    )
    return _encode(result)


def is_mutation(query: str) -> bool:
    """Whether a request text holds a mutation."""
    document = _document(query)
    return not isinstance(document, list) and any(
        isinstance(part, OperationDefinitionNode) and part.operation is OperationType.MUTATION
        for part in document.definitions
    )


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
        told["message"] = (
            f"the server failed in {'.'.join(str(part) for part in error.path or ())}: {type(cause).__name__}"
        )
        told["extensions"] = {"code": "internal", "retryable": False}
    else:
        told["extensions"] = {"code": "bad_request", "retryable": False}
    return told
