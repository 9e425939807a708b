"""Components that make assets or checks and one function behind them."""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from rostrum.components.attributes import ResolvedAssetCheckSpec, ResolvedAssetSpec
from rostrum.components.component import Component
from rostrum.components.context import ComponentLoadContext
from rostrum.components.resolution import ResolutionContext
from rostrum.components.resolvable import Model, Resolvable
from rostrum.components.resolvers import Resolver
from rostrum.definitions.assets.multi import multi_asset
from rostrum.definitions.checks.definition import multi_asset_check
from rostrum.definitions.contexts.step import AssetExecutionContext
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.names import nearest
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.model.errors import DefinitionError


class SingleRunBackfillPolicyModel(Model):
    """All partitions of a backfill in one run."""

    type: Literal["single_run"]


class MultiRunBackfillPolicyModel(Model):
    """Runs of some partitions each."""

    type: Literal["multi_run"]
    max_partitions_per_run: int = 1


def _policy(context: ResolutionContext, model: Any) -> BackfillPolicy:
    if isinstance(model, SingleRunBackfillPolicyModel):
        return BackfillPolicy.single_run()
    if isinstance(model, MultiRunBackfillPolicyModel):
        return BackfillPolicy.multi_run(model.max_partitions_per_run)
    return context.resolve_value(model)


class OpSpec(Model, Resolvable):
    """The step behind the assets."""

    name: str | None = None
    tags: dict[str, Any] | None = None
    description: str | None = None
    pool: str | None = None
    backfill_policy: (
        Annotated[
            BackfillPolicy,
            Resolver(_policy, model_field_type=SingleRunBackfillPolicyModel | MultiRunBackfillPolicyModel),
        ]
        | None
    ) = None


def imported_callable(context: ResolutionContext, value: Any) -> Callable[..., Any]:
    """A function from `package.module.name`, `.module.name` beside the file, or an expression."""
    if callable(value):
        return value
    if not isinstance(value, str) or "." not in value:
        raise context.failed(f"{value!r} is not a function: write `package.module.function`.")
    module_name, _, name = value.rpartition(".")
    if value.startswith("."):
        load = ComponentLoadContext.from_resolution_context(context)
        module_name = load.normalize_component_type_str(value).rpartition(".")[0]
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise context.failed(f"{value!r} cannot be imported: there is no module {error.name!r}.") from error
    found = getattr(module, name, None)
    if not callable(found):
        raise context.failed(f"the module {module_name} has no function {name!r}.{nearest(name, dir(module))}")
    return found


class FunctionSpec(OpSpec):
    """The step, with the function that it calls."""

    fn: Annotated[Callable[..., Any], Resolver(imported_callable, model_field_type=str)]


class ExecutableComponent(Component, Resolvable, Model):
    """Assets and checks, made by one step. Subclasses say what the step does in `invoke_execute_fn`."""

    assets: list[ResolvedAssetSpec] | None = None
    checks: list[ResolvedAssetCheckSpec] | None = None

    @property
    @abstractmethod
    def op_spec(self) -> OpSpec:
        """Name, tags and pool of the step."""

    @property
    def config_fields(self) -> Mapping[str, Any] | None:
        """Config of the step."""
        return None

    @property
    def resource_keys(self) -> set[str]:
        """Resources of the step."""
        return set()

    @abstractmethod
    def invoke_execute_fn(self, context: Any, component_load_context: ComponentLoadContext) -> Iterable[Any]:
        """Do the work; results of assets and checks."""

    def step_function(self, component_load_context: ComponentLoadContext) -> Callable[..., Any]:
        """The function that the step calls."""

        def execute(context: AssetExecutionContext) -> Any:
            yield from self.invoke_execute_fn(context, component_load_context)

        execute.__annotations__["context"] = AssetExecutionContext
        return execute

    def build_underlying_assets_def(self, component_load_context: ComponentLoadContext) -> Any:
        """The assets, or the checks where there are no assets."""
        function, spec = self.step_function(component_load_context), self.op_spec
        name = spec.name or getattr(function, "__name__", "execute")
        if self.assets:
            decorate = multi_asset(
                name=name,
                specs=self.assets,
                check_specs=self.checks,
                description=spec.description,
                op_tags=spec.tags,
                pool=spec.pool,
                required_resource_keys=self.resource_keys or None,
                backfill_policy=spec.backfill_policy,
                can_subset=False,
            )
        elif self.checks:
            decorate = multi_asset_check(name=name, specs=self.checks, description=spec.description, pool=spec.pool)
        else:
            raise DefinitionError(f"{type(self).__name__} {name!r} has neither assets nor checks: give one of them.")
        return decorate(function)

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """The assets and checks."""
        made = self.build_underlying_assets_def(context)
        return Definitions(assets=[made]) if self.assets else Definitions(asset_checks=[made])


class FunctionComponent(ExecutableComponent):
    """Assets and checks that a Python function makes."""

    execution: FunctionSpec | Annotated[Callable[..., Any], Resolver(imported_callable, model_field_type=str)] = Field(
        description="The function, or `name`, `fn`, `tags`, `pool` of the step."
    )

    @property
    def op_spec(self) -> OpSpec:
        """Name, tags and pool of the step: the function's name where none is given."""
        if isinstance(self.execution, FunctionSpec):
            name = self.execution.name or self.execution.fn.__name__
            return self.execution.model_copy(update={"name": name})
        return OpSpec(name=self.execution.__name__)

    def step_function(self, component_load_context: ComponentLoadContext) -> Callable[..., Any]:
        """The function itself: its parameters are config and resources, as in code."""
        return self.execution.fn if isinstance(self.execution, FunctionSpec) else self.execution

    def invoke_execute_fn(self, context: Any, component_load_context: ComponentLoadContext) -> Iterable[Any]:
        """Call the function."""
        found: Any = self.step_function(component_load_context)(context)
        return cast("Iterable[Any]", found) if isinstance(found, Iterable) else [found]
