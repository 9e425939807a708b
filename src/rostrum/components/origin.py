"""What the definitions of a component tell of where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from rostrum.components.nodes import PYTHON_INSTANCES, Node
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.location.definitions import Definitions
from rostrum.model.metadata import CodeReferencesMetadata, LocalFileCodeReference
from rostrum.model.reserved_names import CODE_REFERENCES_METADATA, COMPONENT_ORIGIN_METADATA


def stamped(definitions: Definitions, component: Any, node: Node, project_root: Path) -> Definitions:
    """Definitions whose assets name the component, and the file and line that declares it."""
    if node.document is not None:
        position = node.document.positions.at(())
        file, line = Path(position.file), position.line
    else:
        file, line = node.path / PYTHON_INSTANCES, node.function.__wrapped__.__code__.co_firstlineno
    label = str(file.relative_to(project_root)) if file.is_relative_to(project_root) else file.name
    kind = cast("type[Any]", type(component))
    reference = LocalFileCodeReference(file_path=str(file), line_number=line, label=label)
    added = {
        COMPONENT_ORIGIN_METADATA: f"{kind.__module__}.{kind.__qualname__}",
        CODE_REFERENCES_METADATA: CodeReferencesMetadata([reference]),
    }

    def stamp(spec: AssetSpec) -> AssetSpec:
        if COMPONENT_ORIGIN_METADATA in spec.metadata:
            return spec
        return spec.replace_attributes(metadata={**spec.metadata, **added})

    return definitions.map_asset_specs(func=stamp)
