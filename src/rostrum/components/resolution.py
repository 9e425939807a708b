"""`ResolutionContext`: what expressions in YAML see, and where in the file we are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from rostrum.components.templates import Environ, is_template, render
from rostrum.components.yaml_files import PathPart, Position, Positions
from rostrum.model.errors import ResolutionError, kind_of, one_of


@dataclass(frozen=True)
class ResolutionContext:
    """Scope of expressions, path within the document, and places of its values."""

    scope: Mapping[str, Any] = field(default_factory=dict[str, Any])
    path: Sequence[PathPart] = ()
    source_position_tree: Positions | None = None
    stash: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @staticmethod
    def default(source_position_tree: Positions | None = None) -> ResolutionContext:
        """A context that knows `env` alone."""
        return ResolutionContext({"env": Environ()}, (), source_position_tree)

    def at_path(self, path_part: PathPart) -> ResolutionContext:
        """The context one step further down."""
        return replace(self, path=(*self.path, path_part))

    def with_scope(self, **additional_scope: Any) -> ResolutionContext:
        """The context with more names for expressions."""
        return replace(self, scope={**self.scope, **additional_scope})

    def with_source_position_tree(self, source_position_tree: Positions) -> ResolutionContext:
        """The context for a document with these places."""
        return replace(self, source_position_tree=source_position_tree)

    def with_stashed_value(self, key: str, value: Any) -> ResolutionContext:
        """The context with a value for resolvers further down, which expressions do not see."""
        return replace(self, stash={**self.stash, key: value})

    @property
    def position(self) -> Position | None:
        """Where the present value stands."""
        return self.source_position_tree.at(self.path) if self.source_position_tree is not None else None

    @property
    def place(self) -> str:
        """`attributes.x at file:line: `, as much of it as is known."""
        path = told_path(self.path)
        if self.position is None:
            return f"{path}: " if path else ""
        return f"{path} at {self.position}: " if path else f"{self.position}: "

    def failed(self, message: str) -> ResolutionError:
        """An error about the present value."""
        return ResolutionError(f"{self.place}{message}")

    def build_resolve_fn_exc(self, fmt_exc: list[str], field_name: str, model: BaseModel) -> ResolutionError:
        """An error for a resolver that raised; `fmt_exc` is its traceback."""
        said = fmt_exc[-1].strip() if fmt_exc else ""
        return self.at_path(field_name).failed(f"the resolver of {type(model).__name__}.{field_name} failed: {said}")

    def resolve_source_relative_path(self, value: str) -> Path:
        """A path relative to the file that is being read."""
        if self.source_position_tree is None:
            raise self.failed(f"the path {value!r} is relative to a file, and there is none.")
        return (Path(self.source_position_tree.file).parent / value).absolute()

    def resolve_value(self, val: Any, as_type: Any = None) -> Any:
        """The value with all expressions in it replaced. `as_type`: what it must be. Raises ResolutionError."""
        value = self.replaced(val)
        return self.checked(value, as_type) if as_type is not None else value

    def checked(self, value: Any, annotation: Any) -> Any:
        """The value as an annotation wants it. Raises ResolutionError."""
        adapter = _adapter(annotation)
        if adapter is None:
            if isinstance(annotation, type) and not isinstance(value, annotation):
                raise self.failed(f"this is {kind_of(value)}, not {one_of(annotation)}.")
            return value
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            raise self.failed(f"{error.errors()[0]['msg']} (got {value!r}).") from error

    def replaced(self, value: Any) -> Any:
        """The value with its expressions replaced."""
        if isinstance(value, str):
            try:
                return render(value, self.scope)
            except ResolutionError as error:
                raise self.failed(str(error)) from error.__cause__ or error
        if isinstance(value, BaseModel):
            return {name: self.at_path(name).replaced(getattr(value, name)) for name in value.model_fields_set}
        if isinstance(value, Mapping):
            found = cast("Mapping[Any, Any]", value)
            return {self.replaced(key): self.at_path(str(key)).replaced(each) for key, each in found.items()}
        if isinstance(value, (list, tuple)):
            items = [self.at_path(index).replaced(each) for index, each in enumerate(cast("Sequence[Any]", value))]
            return items if isinstance(value, list) else tuple(items)
        return value


def told_path(path: Sequence[PathPart]) -> str:
    """`attributes.steps[0].name`."""
    told = ""
    for part in path:
        told += f"[{part}]" if isinstance(part, int) else (f".{part}" if told else part)
    return told


def gathered(steps: Sequence[Callable[[], Any]]) -> list[Any]:
    """Results of all steps; the ResolutionErrors of all that fail in one."""
    results: list[Any] = []
    errors: list[ResolutionError] = []
    for step in steps:
        try:
            results.append(step())
        except ResolutionError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ResolutionError("\n".join(str(error) for error in errors)) from errors[0]
    return results


def holds_template(value: Any) -> bool:
    """True for a value with an expression anywhere in it."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, Mapping):
        return any(map(holds_template, cast("Mapping[Any, Any]", value).values()))
    if isinstance(value, (list, tuple)):
        return any(map(holds_template, cast("Sequence[Any]", value)))
    return False


@lru_cache(maxsize=512)
def _adapter(annotation: Any) -> TypeAdapter[Any] | None:
    """Pydantic's check of an annotation, None where it has none (classes of other libraries)."""
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

    try:
        return TypeAdapter(annotation)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return None
