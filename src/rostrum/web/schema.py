"""The GraphQL schema. `schema.graphql` is its one source: resolvers are plain methods and attributes found by name.

Built from SDL with graphql-core: importing it costs half of what a code-first library over it costs (adr/0007).
"""

from __future__ import annotations

import functools
from datetime import datetime
from pathlib import Path
from typing import Any

from graphql import GraphQLScalarType, GraphQLSchema, build_schema

from rostrum.model.errors import ConfigError


def sdl() -> str:
    """The schema as text: what `ui/schema.graphql` holds a copy of."""
    return (Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8")


def _datetime_in(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ConfigError(f"{value!r} is not a date and time; write e.g. 2013-01-31T09:00:00Z") from None
    if moment.tzinfo is None:
        raise ConfigError(f"{value!r} has no offset; add Z for UTC")
    return moment


@functools.cache
def schema() -> GraphQLSchema:
    """The executable schema."""
    built = build_schema(sdl())
    moment = built.type_map["DateTime"]
    if isinstance(moment, GraphQLScalarType):
        moment.parse_value = _datetime_in
    return built
