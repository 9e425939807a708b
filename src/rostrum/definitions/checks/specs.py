"""What a check is, without what evaluates it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rostrum.definitions.assets.specs import AssetDep, DepLike
from rostrum.definitions.broken import noting_init
from rostrum.definitions.names import AssetLike, asset_key_of, check_name
from rostrum.definitions.ops.ops import OpOutput
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import DefinitionError


class AssetCheckSpec:
    """A check of an asset: its name, and whether its failure blocks what is downstream.

    `additional_deps` are evaluated, or made, before it; `partitions_def` is given where a verdict is of one partition.
    """

    __slots__ = (
        "additional_deps",
        "asset_key",
        "automation_condition",
        "blocking",
        "description",
        "metadata",
        "name",
        "partitions_def",
    )

    @noting_init
    def __init__(
        self,
        name: str,
        *,
        asset: AssetLike,
        description: str | None = None,
        additional_deps: Iterable[DepLike] | None = None,
        blocking: bool = False,
        metadata: Mapping[str, Any] | None = None,
        automation_condition: Any = None,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        self.name = check_name(name, "check")
        self.asset_key: AssetKey = asset_key_of(asset)
        self.description, self.blocking, self.metadata = description, bool(blocking), metadata or {}
        self.additional_deps = [AssetDep.from_coercible(each) for each in additional_deps or ()]
        if any(dep.asset_key == self.asset_key for dep in self.additional_deps):
            raise DefinitionError(
                f"check {self.asset_key}:{name}: {self.asset_key} is the asset under check: leave it out of "
                "additional_deps."
            )
        self.automation_condition, self.partitions_def = automation_condition, partitions_def

    @property
    def key(self) -> CheckKey:
        """Key of the check."""
        return CheckKey(self.asset_key, self.name)

    @property
    def output_name(self) -> str:
        """Name of the output that carries the verdict: `<asset>_<check>`."""
        return f"{self.asset_key.step_key}_{self.name}"

    def get_python_identifier(self) -> str:
        """The same."""
        return self.output_name

    def replace_key(self, key: CheckKey) -> AssetCheckSpec:
        """The spec of another key."""
        return self._replaced(name=key.name, asset=key.asset_key)

    def with_metadata(self, metadata: Mapping[str, Any]) -> AssetCheckSpec:
        """The spec with other metadata."""
        return self._replaced(metadata=metadata)

    def _replaced(self, **changes: Any) -> AssetCheckSpec:
        return AssetCheckSpec(**{**self._fields(), **changes})

    def _fields(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "asset": self.asset_key,
            "description": self.description,
            "additional_deps": self.additional_deps,
            "blocking": self.blocking,
            "metadata": self.metadata,
            "automation_condition": self.automation_condition,
            "partitions_def": self.partitions_def,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetCheckSpec) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"AssetCheckSpec({self.name!r}, asset={self.asset_key!r}, blocking={self.blocking})"


def check_output(spec: AssetCheckSpec) -> OpOutput:
    """Output of an op for a check: no value goes through an IO manager."""
    return OpOutput(
        spec.output_name,
        check_key=spec.key,
        nothing=True,
        required=True,
        metadata=spec.metadata,
        description=spec.description,
        partitions=spec.partitions_def.spec if spec.partitions_def is not None else None,
    )
