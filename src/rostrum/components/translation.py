"""Translation of foreign objects (tables, jobs of a service) to asset specs, as YAML or a subclass says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from rostrum.components.attributes import AssetAttributesModel, resolve_asset_spec_update_kwargs_to_mapping, updated
from rostrum.components.resolution import ResolutionContext
from rostrum.components.resolvers import Resolver
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.model.errors import InvocationError

T = TypeVar("T")
C_co = TypeVar("C_co", covariant=True)
Translator = TypeVar("Translator")
TranslationFn = Callable[[AssetSpec, T], AssetSpec]
"""From the spec that a component would make, and the foreign object, to the spec that is wanted."""


@dataclass
class TranslatorResolvingInfo:
    """Attributes for specs as YAML gave them, resolved anew for each object."""

    asset_attributes: str | BaseModel
    resolution_context: ResolutionContext
    model_key: str = "asset_attributes"

    def get_asset_spec(self, base_spec: AssetSpec, context: Mapping[str, Any]) -> AssetSpec:
        """The spec with the attributes put on it; `context` holds names for their expressions, besides `spec`."""
        resolution = self.resolution_context.with_scope(**context, spec=base_spec)
        found: Any = (
            resolution.resolve_value(self.asset_attributes)
            if isinstance(self.asset_attributes, str)
            else resolve_asset_spec_update_kwargs_to_mapping(resolution, self.asset_attributes)
        )
        if isinstance(found, AssetSpec):
            return found
        if isinstance(found, BaseModel):
            found = resolve_asset_spec_update_kwargs_to_mapping(resolution, found)
        if not isinstance(found, Mapping):
            raise resolution.failed(f"{self.model_key} must give attributes or an AssetSpec, not {found!r}.")
        return updated(base_spec, cast("Mapping[str, Any]", found))


class TranslationFnResolver(Resolver):
    """Resolves `translation` to a function of a spec and a foreign object."""

    def __init__(
        self,
        template_vars_for_translation_fn: Callable[[Any], Mapping[str, Any]],
        model_field_type: type = AssetAttributesModel,
    ) -> None:
        def resolve(context: ResolutionContext, value: Any) -> TranslationFn[Any]:
            if isinstance(value, str):
                found = context.resolve_value(value)
                if callable(found):
                    return cast("TranslationFn[Any]", found)
            info = TranslatorResolvingInfo(value, context, "translation")
            return lambda spec, data: info.get_asset_spec(spec, template_vars_for_translation_fn(data))

        super().__init__(resolve, model_field_type=model_field_type, inject_before_resolve=False)


class ComponentTranslator(Generic[C_co]):
    """A translator that knows the component that it works for."""

    def __init__(self, component: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._component = component

    @property
    def component(self) -> Any:
        """The component."""
        return self._component


def create_component_translator_cls(
    base_component_cls: type, base_translator_cls: type[Translator]
) -> type[Translator]:
    """A translator class whose `get_asset_spec` asks that of the component, where a subclass has overridden it."""

    class Proxy(ComponentTranslator[Any], base_translator_cls):  # type: ignore[misc, valid-type]
        def get_asset_spec(self, data: Any) -> AssetSpec:
            """The component's, or that of the translator where the component has none of its own."""
            own = getattr(cast("type[Any]", type(self.component)), "get_asset_spec", None)
            if own is not None and own is not getattr(base_component_cls, "get_asset_spec", None):
                return self.component.get_asset_spec(data)
            inherited: Any = getattr(super(), "get_asset_spec", None)
            if inherited is None:
                raise InvocationError(f"{base_translator_cls.__name__} has no get_asset_spec.")
            return cast("Callable[[Any], AssetSpec]", inherited)(data)

    Proxy.__name__ = f"{base_component_cls.__name__}Translator"
    return cast("type[Translator]", Proxy)
