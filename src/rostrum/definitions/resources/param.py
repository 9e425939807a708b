"""`ResourceParam[T]`: a parameter that is a resource of a plain Python type."""

from __future__ import annotations

from typing import Annotated, TypeVar

from rostrum.definitions.ops.signatures import RESOURCE_PARAM

T = TypeVar("T")

ResourceParam = Annotated[T, RESOURCE_PARAM]
"""Annotates a parameter as a resource: `def orders(db: ResourceParam[Connection])`. The parameter's name is the
resource's key.
"""
