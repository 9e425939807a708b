"""`DbtProjectComponent`: a dbt project's assets from YAML."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from rostrum.components.component import Component
from rostrum.components.context import ComponentLoadContext
from rostrum.components.executable import OpSpec
from rostrum.components.resolution import ResolutionContext
from rostrum.components.resolvable import Model, Resolvable
from rostrum.components.resolvers import Resolver
from rostrum.components.translation import TranslationFn, TranslationFnResolver
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.contexts.step import AssetExecutionContext
from rostrum.definitions.location.definitions import Definitions
from rostrum.integrations.dbt.assets import dbt_assets
from rostrum.integrations.dbt.manifest import Manifest, resource
from rostrum.integrations.dbt.project import DbtProject
from rostrum.integrations.dbt.resource import DbtCliResource
from rostrum.integrations.dbt.selection import EVERYTHING
from rostrum.integrations.dbt.translator import DbtTranslator, DbtTranslatorSettings
from rostrum.model.errors import InvocationError
from rostrum.planning.time_windows import TimeWindow

_resolving: contextvars.ContextVar[ResolutionContext | None] = contextvars.ContextVar("_resolving", default=None)


class DbtProjectModel(Model):
    """A dbt project in YAML. Paths are relative to the component's folder."""

    project_dir: str
    target_path: str = "target"
    profiles_dir: str | None = None
    profile: str | None = None
    target: str | None = None
    packaged_project_dir: str | None = None
    state_path: str | None = None


def _project(context: ResolutionContext, value: Any) -> DbtProject:
    if isinstance(value, DbtProject):
        return value
    options: dict[str, Any] = {"project_dir": value} if isinstance(value, (str, Path)) else _options(context, value)
    load = ComponentLoadContext.from_resolution_context(context)
    folder = load.path if load.path.is_dir() else load.path.parent
    for name in ("project_dir", "profiles_dir", "packaged_project_dir"):
        if options.get(name):
            options[name] = folder / str(options[name])
    return DbtProject(**options)


def _options(context: ResolutionContext, model: Any) -> dict[str, Any]:
    return {name: context.resolve_value(value) for name, value in model.model_dump(exclude_unset=True).items()}


def _settings(context: ResolutionContext, value: Any) -> DbtTranslatorSettings:
    return value if isinstance(value, DbtTranslatorSettings) else DbtTranslatorSettings(**context.resolve_value(value))


@dataclass
class DbtProjectComponent(Component, Resolvable):
    """The models, seeds and snapshots of a dbt project as assets.

    `translation` changes the assets' specs (`node` holds what the manifest says of one); `cli_args` is the command,
    in which expressions may use `partition_key`, `partition_key_range` and `partition_time_window` of the run.
    """

    project: Annotated[DbtProject, Resolver(_project, model_field_type=str | DbtProjectModel)]
    op: OpSpec | None = None
    select: str = EVERYTHING
    exclude: str | None = None
    selector: str | None = None
    cli_args: Annotated[list[Any], Resolver.passthrough()] = field(default_factory=lambda: ["build"])
    include_metadata: list[Literal["row_count", "column_metadata"]] = field(
        default_factory=list[Literal["row_count", "column_metadata"]]
    )
    translation: Annotated[
        TranslationFn[Mapping[str, Any]] | None,
        TranslationFnResolver(lambda node: {"node": node}),
    ] = None
    translation_settings: Annotated[
        DbtTranslatorSettings | None, Resolver(_settings, model_field_type=dict[str, bool])
    ] = None
    prepare_if_dev: bool = True

    def get_asset_spec(self, manifest: Manifest, unique_id: str, project: DbtProject | None) -> AssetSpec:
        """The asset of a model, seed, snapshot or source. Override to have it otherwise."""
        base = self.translator.base_spec(manifest, unique_id, project)
        return self.translation(base, resource(manifest, unique_id)) if self.translation is not None else base

    @cached_property
    def translator(self) -> ComponentDbtTranslator:
        """The translator that asks `get_asset_spec`."""
        return ComponentDbtTranslator(self)

    def get_cli_args(self, context: AssetExecutionContext) -> list[str]:
        """The command of a run, with expressions replaced. A mapping, as `--vars` takes it, is written as JSON."""
        scope: dict[str, Any] = {"partition_key": None, "partition_key_range": None, "partition_time_window": None}
        if context.has_partition_key:
            scope["partition_key"] = context.partition_key
        if context.has_partitions:
            scope["partition_key_range"] = context.partition_key_range
            scope["partition_time_window"] = _window(context)
        return _texts(
            (_resolving.get() or ResolutionContext.default()).with_scope(**scope).resolve_value(self.cli_args)
        )

    def execute(self, context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        """Run dbt. Override to do more."""
        events = dbt.cli(self.get_cli_args(context), context=context).stream()
        if "row_count" in self.include_metadata:
            events = events.fetch_row_counts()
        if "column_metadata" in self.include_metadata:
            events = events.fetch_column_metadata()
        yield from events

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """The assets and checks."""
        if self.prepare_if_dev:
            self.project.prepare_if_dev()
        op, resolution = self.op or OpSpec(), context.resolution_context

        def run(context: AssetExecutionContext) -> Any:
            with _resolved_in(resolution):
                yield from self.execute(context, DbtCliResource(self.project))

        run.__annotations__["context"] = AssetExecutionContext
        decorate = dbt_assets(
            manifest=self.project.manifest_path,
            project=self.project,
            name=op.name or self.project.name,
            op_tags=op.tags,
            pool=op.pool,
            backfill_policy=op.backfill_policy,
            select=self.select,
            exclude=self.exclude,
            selector=self.selector,
            dagster_dbt_translator=self.translator,
        )
        return Definitions(assets=[decorate(run)])


class ComponentDbtTranslator(DbtTranslator):
    """A translator that asks a component, also for keys of what is upstream."""

    def __init__(self, component: DbtProjectComponent) -> None:
        super().__init__(component.translation_settings)
        self._component = component

    def get_asset_spec(self, manifest: Manifest, unique_id: str, project: DbtProject | None) -> AssetSpec:
        """The component's."""
        return self._component.get_asset_spec(manifest, unique_id, project)

    def base_spec(self, manifest: Manifest, unique_id: str, project: DbtProject | None) -> AssetSpec:
        """As it is without the component's translation."""
        return super().get_asset_spec(manifest, unique_id, project)


@contextmanager
def _resolved_in(context: ResolutionContext) -> Generator[None]:
    token = _resolving.set(context)
    try:
        yield
    finally:
        _resolving.reset(token)


def _window(context: AssetExecutionContext) -> TimeWindow | None:
    try:
        return context.partition_time_window
    except InvocationError:
        return None  # partitions that are not of time


def _texts(arguments: Any) -> list[str]:
    return [text for each in arguments for text in _text(each)]


def _text(argument: Any) -> list[str]:
    """A flag with its value, a value of several parts, or a plain argument."""
    if isinstance(argument, Mapping) and len(options := cast("Mapping[str, Any]", argument)) == 1:
        ((flag, value),) = options.items()
        return [str(flag), value if isinstance(value, str) else json.dumps(value)]
    plain = cast("Any", argument)
    return [json.dumps(plain) if isinstance(plain, (dict, list)) else str(plain)]
