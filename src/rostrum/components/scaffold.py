"""Scaffolders: what writes the first files of a component instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast

import yaml
from pydantic import BaseModel

from rostrum.definitions.names import nearest
from rostrum.model.errors import InvocationError

P = TypeVar("P")
T = TypeVar("T")
_SCAFFOLDER = "__rostrum_scaffolder__"


class NoParams(BaseModel):
    """A scaffolder that asks nothing."""


@dataclass
class ScaffoldRequest(Generic[P]):
    """Where an instance is to be written, and how."""

    type_name: str
    target_path: Path
    scaffold_format: Literal["yaml", "python"]
    project_root: Path | None
    params: P
    append: bool = False
    """Add a document to the file that is there."""


class Scaffolder(Generic[P]):
    """Writes the first files of an instance. The default writes a `defs.yaml` with the type alone."""

    @classmethod
    def get_scaffold_params(cls) -> type[Any]:
        """Pydantic model of what it asks."""
        return NoParams

    def scaffold(self, request: ScaffoldRequest[P]) -> None:
        """Write the files."""
        scaffold_component(request)


def scaffold_with(scaffolder_cls: type[Any]) -> Callable[[T], T]:
    """Give a component class, or a function, a scaffolder of its own."""

    def mark(target: T) -> T:
        setattr(target, _SCAFFOLDER, scaffolder_cls)
        return target

    return mark


def scaffolder_of(target: Any) -> Scaffolder[Any]:
    """The scaffolder of a component class."""
    return cast("type[Scaffolder[Any]]", getattr(target, _SCAFFOLDER, Scaffolder))()


def scaffold_component(request: ScaffoldRequest[Any], yaml_attributes: Mapping[str, Any] | None = None) -> None:
    """Write a `defs.yaml` with type and attributes, or a `component.py` with an instance. Raises InvocationError where
    the file is there and `append` is False.
    """
    request.target_path.mkdir(parents=True, exist_ok=True)
    if request.scaffold_format == "python":
        if yaml_attributes is not None:
            raise InvocationError(f"{request.type_name} is scaffolded in YAML only: its attributes are YAML.")
        _write(request.target_path / "component.py", _python(request.type_name), append=False)
        return
    document: dict[str, Any] = {"type": request.type_name, "attributes": dict(yaml_attributes or {})}
    text = yaml.safe_dump(document, sort_keys=False)
    file = request.target_path / "defs.yaml"
    append = request.append and file.exists()
    _write(file, f"---\n{text}" if append else text, append=append)


def scaffold_instance(
    component_cls: Any,
    type_name: str,
    target_path: Path,
    *,
    params: Mapping[str, Any] | None = None,
    scaffold_format: Literal["yaml", "python"] = "yaml",
    project_root: Path | None = None,
    append: bool = False,
) -> None:
    """Write an instance of a class with its scaffolder, whose parameters are checked first."""
    scaffolder = scaffolder_of(component_cls)
    model = scaffolder.get_scaffold_params()
    unknown = [name for name in params or {} if name not in model.model_fields]
    if unknown:
        raise InvocationError(
            f"the scaffolder of {type_name} has no parameter {unknown[0]!r}.{nearest(unknown[0], model.model_fields)}"
        )
    made = model(**(params or {}))
    scaffolder.scaffold(ScaffoldRequest(type_name, target_path, scaffold_format, project_root, made, append))


def _write(file: Path, text: str, *, append: bool) -> None:
    if file.exists() and not append:
        raise InvocationError(f"{file.name} is there already; it is not overwritten.")
    with file.open("a" if append else "w", encoding="utf-8") as stream:
        stream.write(text)


def _python(type_name: str) -> str:
    module, _, name = type_name.rpartition(".")
    return (
        f"import rostrum as ro\nfrom {module} import {name}\n\n\n@ro.component_instance\n"
        f"def load(context: ro.ComponentLoadContext) -> {name}:\n    return {name}()\n"
    )
