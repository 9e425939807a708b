"""Signatures of user functions, read once from the code object, with annotations resolved where they can be.

`inspect.signature` costs 10 µs and more a call and is used only for callables that are not plain functions.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import Annotated, Any, ForwardRef, get_args, get_origin

from rostrum.model.errors import DefinitionError


class _Missing:
    """No value: distinguishes an absent annotation or default from None."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing()
RESOURCE_PARAM = "rostrum.resource"
"""Marker in the metadata of `Annotated` that `ResourceParam[T]` makes."""

_VAR_POSITIONAL, _VAR_KEYWORD = 0x04, 0x08
_compiled: dict[str, CodeType | None] = {}


CONTEXT_NAMES = frozenset({"context", "_context", "context_", "_"})
"""What the first parameter is called that takes the context."""


class Signature:
    """What the parameters of a user's function are for.

    `context` and `config` are parameter names or None; `resources` are parameters bound by resource key; `inputs`
    are all others,
    in order. `defaults` has the Python defaults of inputs.
    """

    __slots__ = (
        "_annotations",
        "config",
        "context",
        "defaults",
        "has_kwargs",
        "inputs",
        "names",
        "positional",
        "resources",
    )

    def __init__(self, function: Any) -> None:
        target = _unwrapped(function)
        code = getattr(target, "__code__", None)
        if code is not None and getattr(target, "__self__", None) is None:
            self._from_code(target, code)
        else:
            self._from_inspect(target)
        raw = self._annotations
        if raw and any(isinstance(value, (str, ForwardRef)) for value in raw.values()):
            self._annotations = _resolved(raw, getattr(target, "__globals__", {}))
        self._classify()

    def _from_code(self, function: Any, code: CodeType) -> None:
        if code.co_flags & _VAR_POSITIONAL:
            raise DefinitionError(f"{function.__name__}: *args cannot be bound to inputs; name the parameters.")
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        self.names = names
        self.positional = code.co_argcount
        self.has_kwargs = bool(code.co_flags & _VAR_KEYWORD)
        self._annotations: dict[str, Any] = function.__annotations__
        given = function.__defaults__
        self.defaults: dict[str, Any] = (
            dict(zip(names[code.co_argcount - len(given) : code.co_argcount], given, strict=True)) if given else {}
        )
        if function.__kwdefaults__:
            self.defaults.update(function.__kwdefaults__)

    def _from_inspect(self, function: Any) -> None:
        import inspect  # slow to load and seldom needed

        signature = inspect.signature(function)
        kinds = {p.kind for p in signature.parameters.values()}
        if inspect.Parameter.VAR_POSITIONAL in kinds:
            raise DefinitionError(f"{function!r}: *args cannot be bound to inputs; name the parameters.")
        named = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        self.names = tuple(p.name for p in named)
        self.positional = sum(p.kind is not inspect.Parameter.KEYWORD_ONLY for p in named)
        self.has_kwargs = inspect.Parameter.VAR_KEYWORD in kinds
        self._annotations = {p.name: p.annotation for p in named if p.annotation is not inspect.Parameter.empty}
        if signature.return_annotation is not inspect.Signature.empty:
            self._annotations["return"] = signature.return_annotation
        self.defaults = {p.name: p.default for p in named if p.default is not inspect.Parameter.empty}

    def _classify(self) -> None:
        names = self.names
        self.context: str | None = names[0] if names and names[0] in CONTEXT_NAMES else None
        self.config: str | None = None
        self.resources: dict[str, Any] = {}
        inputs: list[str] = []
        for position, name in enumerate(names):
            if position == 0 and self.context:
                continue
            if name == "context":
                raise DefinitionError("the parameter `context` must be the first one.")
            if name == "config":
                self.config = name
            elif name in self._annotations and is_resource(annotation := self._annotations[name]):
                self.resources[name] = annotation
            else:
                if name in self._annotations:
                    _refuse_context(name, self._annotations[name])
                inputs.append(name)
        self.inputs: tuple[str, ...] = tuple(inputs)

    def annotation(self, name: str) -> Any:
        """Resolved annotation of a parameter (or `return`); MISSING where there is none or a name in it cannot be
        resolved.
        """
        return self._annotations.get(name, MISSING)

    @property
    def returns_none(self) -> bool:
        """True for the annotation `-> None`."""
        return self._annotations.get("return", MISSING) is None


_CONTEXTS = {
    "asset": ("AssetExecutionContext", "OpExecutionContext"),
    "check": ("AssetCheckExecutionContext", "OpExecutionContext"),
    "op": ("OpExecutionContext",),
}
"""Kind of a function -> contexts that it may be annotated with: by name, so that their module need not be loaded."""


def _refuse_context(name: str, annotation: Any) -> None:
    """Raise DefinitionError for an input that is annotated with a context: it would become one that is loaded."""
    if isinstance(annotation, type) and any(each.__name__ == "OpExecutionContext" for each in annotation.__mro__):
        raise DefinitionError(
            f"the parameter {name!r} is annotated with {annotation.__name__}, but the context is passed to the first "
            f"parameter when that is called `context`: rename {name!r} to `context` and put it first."
        )


def check_context(signature: Signature, kind: str) -> None:
    """Raise DefinitionError where the context is annotated with a class that a function of this kind does not get."""
    annotation = signature.annotation(signature.context or "")
    if annotation is MISSING or annotation is Any or not isinstance(annotation, type):
        return
    allowed = _CONTEXTS[kind]
    if not any(each.__name__ in allowed for each in annotation.__mro__) or (
        kind == "op" and annotation.__name__ in ("AssetExecutionContext", "AssetCheckExecutionContext")
    ):
        raise DefinitionError(
            f"Cannot annotate the parameter {signature.context!r} with {annotation.__name__}: use "
            f"{' or '.join(allowed)}, or no annotation."
        )


def _resolved(raw: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    resolved: dict[str, Any] = {}
    local_names: dict[str, Any] | None = None
    for name, value in raw.items():
        if not isinstance(value, (str, ForwardRef)):
            resolved[name] = value
            continue
        code = _annotation_code(value if isinstance(value, str) else value.__forward_arg__)
        if code is None:
            continue
        try:
            resolved[name] = eval(code, names)  # noqa: S307 - the user's own annotation
        except (NameError, AttributeError, TypeError):
            if local_names is None:
                local_names = _user_locals()
            try:
                resolved[name] = eval(code, names, local_names)  # noqa: S307 - as above
            except (NameError, AttributeError, TypeError):
                continue  # a name for type checkers only: the parameter counts as not annotated
    return resolved


def _unwrapped(function: Any) -> Any:
    """The function below decorators that tell what they wrap."""
    for _ in range(100):
        inner = getattr(function, "__wrapped__", None)
        if inner is None:
            break
        function = inner
    return function


def _annotation_code(text: str) -> CodeType | None:
    if text not in _compiled:
        try:
            _compiled[text] = compile(text, "<annotation>", "eval")
        except SyntaxError:
            _compiled[text] = None
    return _compiled[text]


def is_config(annotation: Any) -> bool:
    """True for a `Config` class, told by a mark so that pydantic need not be loaded."""
    return isinstance(annotation, type) and getattr(annotation, "__rostrum_config__", False)


def is_resource(annotation: Any) -> bool:
    """True for a `ConfigurableResource` class or `ResourceParam[T]`."""
    if isinstance(annotation, type):
        return getattr(annotation, "__rostrum_resource__", False)
    return get_origin(annotation) is Annotated and RESOURCE_PARAM in get_args(annotation)[1:]


def _user_locals() -> dict[str, Any]:
    """Local names at the place of the definition, so that annotations may name classes of an enclosing function."""
    frame = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - where the definition is
    while frame is not None and frame.f_globals.get("__name__", "").startswith("rostrum.definitions"):
        frame = frame.f_back
    names: dict[str, Any] = {}
    while frame is not None and frame.f_locals is not frame.f_globals:
        names = {**frame.f_locals, **names}
        caller = frame.f_back
        frame = caller if caller is not None and caller.f_globals is frame.f_globals else None
    return names
