"""Dagster's events that Rostrum has no class of its own for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rostrum.definitions.records import Record
from rostrum.model.metadata import metadata_values


class ExpectationResult(Record):
    """The result of an expectation: logged or yielded. (Deprecated: asset checks took its place.)"""

    __slots__ = ("description", "label", "metadata", "success")
    engine_message = "expectation"

    def __init__(
        self,
        success: bool,
        label: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.success, self.label, self.description = success, label, description
        self.metadata = metadata_values(metadata)

    def __repr__(self) -> str:
        return f"ExpectationResult(success={self.success}, label={self.label!r})"
