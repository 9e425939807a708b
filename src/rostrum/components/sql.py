"""Components that run SQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from pydantic import ConfigDict, Field

from rostrum.components.context import ComponentLoadContext
from rostrum.components.executable import ExecutableComponent, OpSpec
from rostrum.components.resolvable import Model, Resolvable
from rostrum.components.resolvers import Resolver
from rostrum.definitions.events.outputs import MaterializeResult
from rostrum.model.errors import ResolutionError


@runtime_checkable
class SQLClient(Protocol):
    """Something that runs SQL."""

    def connect_and_execute(self, sql: str) -> None:
        """Run the statements of a text."""
        ...


class SqlComponent(ExecutableComponent, ABC):
    """Assets that SQL makes. Subclasses give the SQL in `get_sql_content`."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    connection: Annotated[
        SQLClient,
        Resolver(lambda _context, value: value, model_field_type=str),
        Field(description="Expression that gives the connection."),
    ]
    execution: OpSpec | None = None

    @property
    def op_spec(self) -> OpSpec:
        """Name, tags and pool of the step."""
        spec = self.execution or OpSpec()
        return spec.model_copy(update={"name": spec.name or self.get_unique_name()})

    def get_unique_name(self) -> str:
        """A name of the step: that of its first asset."""
        found = [spec.key.step_key for spec in self.assets or ()] or [check.name for check in self.checks or ()]
        return f"sql_{found[0]}" if found else "sql"

    @abstractmethod
    def get_sql_content(self, context: Any, component_load_context: ComponentLoadContext) -> str:
        """The SQL of a run."""

    def execute(self, context: Any, component_load_context: ComponentLoadContext) -> None:
        """Run the SQL."""
        self.connection.connect_and_execute(self.get_sql_content(context, component_load_context))

    def invoke_execute_fn(self, context: Any, component_load_context: ComponentLoadContext) -> Iterable[Any]:
        """Run the SQL; one result for each asset."""
        self.execute(context, component_load_context)
        return [MaterializeResult(asset_key=spec.key) for spec in self.assets or ()]


class SqlFile(Model, Resolvable):
    """A file with SQL, relative to the component's folder."""

    path: str


class TemplatedSqlComponent(SqlComponent):
    """Assets that a SQL template makes. `{{ name }}` in it stands for one of `sql_template_vars`, or for `context`, the
    context of the run.
    """

    sql_template: Annotated[
        str | SqlFile,
        Resolver(
            lambda _context, value: SqlFile(path=value.path) if hasattr(value, "path") else value,
            model_field_type=str | SqlFile,
            inject_before_resolve=False,
        ),
    ]
    sql_template_vars: Mapping[str, Any] | None = None

    def get_sql_content(self, context: Any, component_load_context: ComponentLoadContext) -> str:
        """The template with its variables replaced. Raises ResolutionError for an unknown one."""
        template = self.sql_template
        if isinstance(template, SqlFile):
            folder = component_load_context.path
            template = ((folder if folder.is_dir() else folder.parent) / Path(template.path)).read_text(
                encoding="utf-8"
            )
        return _rendered(template, {"context": context, **(self.sql_template_vars or {})})


def _rendered(template: str, values: Mapping[str, Any]) -> str:
    try:
        # SQL is no HTML: nothing is to be escaped.
        return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False).from_string(template).render(values)
    except TemplateError as error:
        raise ResolutionError(f"the SQL template cannot be rendered: {error}.") from error
