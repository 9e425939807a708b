"""What a check is, without what evaluates it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rostrum.definitions.names import asset_key_of, check_name
from rostrum.definitions.ops import OpOutput
from rostrum.model.assets import AssetKey, CheckKey


class AssetCheckSpec:
    """A check of an asset: its name, and whether its failure blocks what is downstream."""

    __slots__ = ("additional_deps", "asset_key", "blocking", "description", "metadata", "name")

    def __init__(
        self,
        name: str,
        *,
        asset: Any,
        description: str | None = None,
        additional_deps: Iterable[Any] | None = None,
        blocking: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = check_name(name, "check")
        self.asset_key: AssetKey = asset_key_of(asset)
        self.description, self.blocking, self.metadata = description, blocking, metadata or {}
        self.additional_deps = [asset_key_of(each) for each in additional_deps or ()]

    @property
    def key(self) -> CheckKey:
        """Key of the check."""
        return CheckKey(self.asset_key, self.name)

    @property
    def output_name(self) -> str:
        """Name of the output that carries the verdict: `<asset>_<check>`."""
        return f"{self.asset_key.step_key}_{self.name}"


def check_output(spec: AssetCheckSpec) -> OpOutput:
    """Output of an op for a check: no value goes through an IO manager."""
    return OpOutput(spec.output_name, check_key=spec.key, nothing=True, required=True, metadata=spec.metadata)
