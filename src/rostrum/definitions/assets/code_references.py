"""Metadata that leads from an asset to its source: a file and line, or an address in a repository of git."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from rostrum.definitions.assets.specs import AssetSpec, Mapped, map_asset_specs
from rostrum.model.errors import ArgumentError
from rostrum.model.metadata import CodeReferencesMetadata, LocalFileCodeReference, UrlCodeReference
from rostrum.model.reserved_names import CODE_REFERENCES_METADATA

Reference = LocalFileCodeReference | UrlCodeReference


class FilePathMapping(ABC):
    """Tells where a file of this machine is in a repository of git."""

    @abstractmethod
    def convert_to_source_control_path(self, local_path: Path) -> str:
        """Path in the repository of a file here."""


class AnchorBasedFilePathMapping(FilePathMapping):
    """A mapping by one known file: where it is here (`local_file_anchor`), and where it is in the repository."""

    def __init__(self, local_file_anchor: Path, file_anchor_path_in_repository: str) -> None:
        self.local_file_anchor = local_file_anchor
        self.file_anchor_path_in_repository = file_anchor_path_in_repository

    def convert_to_source_control_path(self, local_path: Path) -> str:
        """Path in the repository, found by the way from the anchor to the file."""
        way = os.path.relpath(local_path, self.local_file_anchor)
        return os.path.normpath(os.path.join(self.file_anchor_path_in_repository, way))  # noqa: PTH118 - no path of here


def with_source_code_references(assets_defs: Sequence[Mapped]) -> Sequence[Mapped]:
    """The same assets and specs, each with the file and line that it was written in as metadata."""

    def change(spec: AssetSpec) -> AssetSpec:
        if spec.source is None:
            return spec
        here = LocalFileCodeReference(file_path=str(Path(spec.source.file).absolute()), line_number=spec.source.line)
        return _with(spec, [*_references(spec), here])

    return map_asset_specs(change, assets_defs)


def link_code_references_to_git(
    assets_defs: Sequence[Mapped],
    git_url: str,
    git_branch: str,
    file_path_mapping: FilePathMapping,
    platform: Literal["github", "gitlab"] | None = None,
) -> Sequence[Mapped]:
    """The same assets and specs, files in their references replaced by addresses in a repository.

    Raises ArgumentError where `platform` is not given and the address does not tell it.
    """
    told = platform or next((name for name in ("github", "gitlab") if name in git_url), None)
    if told is None:
        raise ArgumentError(f"{git_url!r} is neither GitHub nor GitLab by its name: say platform='github' or 'gitlab'.")
    tree = f"{git_url.rstrip('/')}/{'-/' if told == 'gitlab' else ''}tree/{git_branch}"

    def change(spec: AssetSpec) -> AssetSpec:
        found = _references(spec)
        return _with(spec, [_linked(each, tree, file_path_mapping.convert_to_source_control_path) for each in found])

    return map_asset_specs(change, assets_defs)


def _linked(reference: Reference, tree: str, place_of: Callable[[Path], str]) -> Reference:
    if isinstance(reference, UrlCodeReference):
        return reference
    line = f"#L{reference.line_number}" if reference.line_number is not None else ""
    path = place_of(Path(reference.file_path))
    return UrlCodeReference(url=f"{tree}/{path}{line}", label=reference.label)


def _references(spec: AssetSpec) -> list[Reference]:
    found = spec.metadata.get(CODE_REFERENCES_METADATA)
    return list(found.code_references) if isinstance(found, CodeReferencesMetadata) else []


def _with(spec: AssetSpec, references: list[Reference]) -> AssetSpec:
    if not references:
        return spec
    return spec.replace_attributes(
        metadata={**spec.metadata, CODE_REFERENCES_METADATA: CodeReferencesMetadata(references)}
    )
