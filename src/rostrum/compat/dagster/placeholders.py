"""What stands for names that Rostrum does not have yet: importing one is silent, using it raises one clear error.

The list of all names, with what is known of each, is `symbols.json`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from rostrum.model.errors import RostrumError

PAGE = "docs/compatibility.md"


_PIPES = "a step that runs elsewhere is started through Pipes: PipesSubprocessClient, or a client of your own"
_INSTEAD = {
    "dagster.StepLauncher": _PIPES,
    "dagster.StepRunRef": _PIPES,
    "dagster.external_instance_from_step_run_ref": _PIPES,
    "dagster.run_step_from_ref": _PIPES,
    "dagster.step_context_to_step_run_ref": _PIPES,
    "dagster.step_run_ref_to_step_context": _PIPES,
    "dagster.UPathDefsStateStorage": "components with state keep it in the project, in `.local_defs_state`",
    "dagster.resources": "nothing that is published says what it does",
    "dagster.components.testing.scaffold_defs_sandbox": (
        "use create_defs_folder_sandbox and its scaffold_component and load_component_and_build_defs"
    ),
}
"""What to do instead, by full name."""


def instead_of(path: str) -> str | None:
    """What to do instead of using a placeholder, by its full name."""
    return _INSTEAD.get(path)


class NotPartOfRostrum(RostrumError, NotImplementedError):
    """This name of Dagster's is not part of Rostrum yet."""

    code = "not_part"


class MissingAttribute(NotPartOfRostrum, AttributeError):
    """An attribute of something that is not part of Rostrum yet. (An AttributeError, so that `hasattr` works.)"""


@lru_cache(maxsize=1)
def symbols() -> dict[str, dict[str, dict[str, Any]]]:
    """Module -> public name -> what is known of it."""
    return json.loads(Path(__file__).with_name("symbols.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def private_names() -> dict[str, tuple[str, ...]]:
    """Private module -> names that programs import from it."""
    raw = json.loads(Path(__file__).with_name("private_names.json").read_text(encoding="utf-8"))
    return {module: tuple(names.split()) for module, names in raw.items()}


class _Missing(type):
    """Class of placeholders: whatever is done with one is refused."""

    __rostrum_placeholder__: str

    def __call__(cls, *given: Any, **named: Any) -> NoReturn:
        raise NotPartOfRostrum(_message(cls.__rostrum_placeholder__))

    def __getattr__(cls, name: str) -> NoReturn:
        if name.startswith("_"):  # what tools ask of any object
            raise AttributeError(name)
        raise MissingAttribute(_message(cls.__rostrum_placeholder__))

    def __instancecheck__(cls, instance: object) -> bool:
        return False

    def __repr__(cls) -> str:
        return f"<{cls.__rostrum_placeholder__}: not part of Rostrum yet>"


def _message(path: str) -> str:
    instead = _INSTEAD.get(path)
    return f"{path} is not part of Rostrum yet{f': {instead}' if instead else ''}; see {PAGE}."


def _refuse_subclass(cls: type, **named: Any) -> NoReturn:
    bases = [base for base in cls.__mro__ if "__rostrum_placeholder__" in vars(base)]
    raise NotPartOfRostrum(_message(vars(bases[0])["__rostrum_placeholder__"]))


def _itself(cls: type, item: object) -> type:
    return cls


def placeholder(module: str, name: str, kind: str = "class") -> Any:
    """What stands for a name of a module. An exception can be caught (and is never raised)."""
    path = f"{module}.{name}"
    told = f"Not part of Rostrum yet: {path}."
    if kind == "exception" or (not kind and name.endswith("Error")):
        return type(name, (RostrumError,), {"__module__": module, "__doc__": told, "__rostrum_placeholder__": path})
    return _Missing(
        name,
        (),
        {
            "__module__": module,
            "__doc__": told,
            "__rostrum_placeholder__": path,
            "__init_subclass__": classmethod(_refuse_subclass),
            "__class_getitem__": classmethod(_itself),
        },
    )


def is_placeholder(value: object) -> bool:
    """Whether a value stands for something that is not there."""
    return isinstance(value, type) and "__rostrum_placeholder__" in vars(value)
