"""`{{ expression }}` in YAML values: jinja2 in its sandbox. A value that is one expression keeps the expression's type;
text around it makes a text.

jinja2's own native environment is not used for the latter: it reads texts as Python literals, so that a port `"5432"`
from the environment would become a number.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError, nodes
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import SandboxedEnvironment

from rostrum.definitions.names import nearest
from rostrum.model.errors import ResolutionError


class Lazily:
    """A value of the scope that is made when an expression first names it."""

    __slots__ = ("_made", "_make", "_value")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._made, self._value = make, False, None

    def value(self) -> Any:
        """The value, made once."""
        if not self._made:
            self._value, self._made = self._make(), True
        return self._value


class _Context(Context):
    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        return found.value() if isinstance(found, Lazily) else found


class _Environment(SandboxedEnvironment):
    context_class = _Context


class Environ:
    """`env` in expressions: `env.NAME`, `env["NAME"]`, `env("NAME", "default")`. A variable that is not set is an
    error, unless `| default(...)` follows.
    """

    unsafe_callable = alters_data = False
    """The sandbox asks these of what is called; they are no variables."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Any:
        found = os.environ.get(name)
        if found is not None:
            return found
        return StrictUndefined(f"the environment variable {name} is not set")

    def __call__(self, name: str, default: Any = None) -> Any:
        """The variable, or the default where one is given."""
        return os.environ.get(name, default) if default is not None else self[name]


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    return _Environment(undefined=StrictUndefined, autoescape=False)


@lru_cache(maxsize=4096)
def _compiled(text: str) -> tuple[Callable[..., Any], bool]:
    """A function of the scope for a text, and whether it gives a value of any type."""
    environment = _environment()
    body = environment.parse(text).body
    parts = body[0].nodes if len(body) == 1 and isinstance(body[0], nodes.Output) else []
    spaceless = [part for part in parts if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
    if len(spaceless) == 1 and not isinstance(spaceless[0], nodes.TemplateData):
        # A sign at the braces is jinja2's for blanks around them; one further in is a minus.
        inner = text.strip()[2:-2].removeprefix("-").removesuffix("-").strip()
        return environment.compile_expression(inner, undefined_to_none=False), True
    return environment.from_string(text).render, False


def is_template(value: Any) -> bool:
    """True for a text that holds an expression."""
    return isinstance(value, str) and "{{" in value


def render(text: str, scope: Mapping[str, Any]) -> Any:
    """Value of a text. Raises ResolutionError that says what is wrong with it, without its place."""
    if "{{" not in text and "{%" not in text:
        return text
    try:
        function, native = _compiled(text)
        value = function(**scope)
    except TemplateSyntaxError as error:
        raise ResolutionError(f"`{text}` cannot be read: {error.message}.") from error
    except UndefinedError as error:
        raise ResolutionError(f"`{text}`: {_undefined(error, scope)}") from error
    except TemplateError as error:
        raise ResolutionError(f"`{text}`: {error.message}.") from error
    except ResolutionError:
        raise
    except Exception as error:
        # Expressions call functions of the user.
        raise ResolutionError(f"`{text}` failed: {type(error).__name__}: {error}") from error
    if native and isinstance(value, Undefined):
        try:
            _fail(value)
        except UndefinedError as error:
            raise ResolutionError(f"`{text}`: {_undefined(error, scope)}") from error
        except TemplateError as error:  # what the sandbox forbids
            raise ResolutionError(f"`{text}`: {error.message}") from error
    return value


def _fail(value: Undefined) -> NoReturn:
    str(value)
    raise UndefinedError("undefined")


def _undefined(error: UndefinedError, scope: Iterable[str]) -> str:
    message = str(error.message)
    name = message.split("'")[1] if message.startswith("'") and message.endswith("' is undefined") else None
    if name is None:
        return f"{message}."
    known = ", ".join(sorted(scope))
    return f"{name!r} is not defined.{nearest(name, scope)} There are: {known}."
