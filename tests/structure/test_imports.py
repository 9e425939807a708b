"""Imports are honest: at the top, absolute, at run time, from modules whose names say what they hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.structure.source import Module, modules, parse

LAZY_IMPORTS_ALLOWED = ("rostrum.cli", "rostrum.config.registry")  # each command imports what it runs; plug-ins
FACADE_USERS = ("rostrum.compat", "rostrum.integrations", "rostrum.testing", "rostrum.cli")
TYPED_LATER = {
    "rostrum.definitions.automations.multi_asset_context",  # records of an instance
    "rostrum.definitions.automations.tick_contexts",  # the instance
    "rostrum.definitions.contexts.step",  # definitions of assets and checks, which scripts of ops do without
    "rostrum.definitions.instance.run_instance",  # records of the log
    "rostrum.definitions.location.definitions",  # what loads values; jobs, schedules, sensors
    "rostrum.definitions.ops.composition",  # jobs of a node
    "rostrum.definitions.ops.hooks",  # the op and the instance
    "rostrum.definitions.ops.jobs",  # what a run gives and takes
    "rostrum.definitions.partitions.definition",  # what sensors ask for
}
"""Modules whose methods answer with values of modules that they load late, and say so in their types."""
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "core", "base", "lib", "misc", "shared"}


def own_imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports of our own modules below a node."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import) and any(alias.name.split(".")[0] == "rostrum" for alias in child.names):
            yield child
        if isinstance(child, ast.ImportFrom) and (child.level or (child.module or "").split(".")[0] == "rostrum"):
            yield child


def hidden_imports(module: Module) -> Iterator[str]:
    """Own imports inside functions: they hide a cycle, they do not remove it."""
    if module.name.startswith(LAZY_IMPORTS_ALLOWED):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from (f"{module.at(found)}: import inside a function" for found in own_imports(node))


def typing_only_imports(module: Module) -> Iterator[str]:
    """Own imports under TYPE_CHECKING: if one is needed, the layer is wrong. Not so where a value for users comes from
    a module of the same package that is loaded only when it is asked for.
    """
    package = ".".join(module.name.split(".")[:2])
    for node in ast.walk(module.tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for found in own_imports(node):
                inside = isinstance(found, ast.ImportFrom) and (found.module or "").startswith(f"{package}.")
                if not (inside and module.name in TYPED_LATER):
                    yield f"{module.at(found)}: import for type checking only"


def facade_imports(module: Module) -> Iterator[str]:
    """`from rostrum import asset` inside the product: the façade is for users."""
    if module.name == "rostrum" or module.name.startswith(FACADE_USERS):
        return
    for node in own_imports(module.tree):
        if isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module == "rostrum" else []
        else:
            names = [alias.name for alias in node.names if alias.name == "rostrum"]
        yield from (f"{module.at(node)}: imports the façade" for _ in names)


def vague_name(module: Module) -> Iterator[str]:
    """Modules that are named after nothing collect everything."""
    if module.name.startswith("rostrum.compat."):
        return  # names that others gave
    if VAGUE_NAMES & {part.strip("_") for part in module.name.split(".")}:
        yield f"{module.name}: name it after what it holds"


RULES = [hidden_imports, typing_only_imports, facade_imports, vague_name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule) -> None:
    found = [finding for module in modules() for finding in rule(module)]
    assert not found, f"{rule.__doc__}\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "text", "name"),
    [
        (hidden_imports, "def f():\n    import rostrum.model.ids", "rostrum.daemon.loop"),
        (hidden_imports, "class A:\n    async def f(self):\n        from rostrum.model import ids", "rostrum.web.app"),
        (hidden_imports, "def f():\n    from . import ids", "rostrum.model.keys"),
        (typing_only_imports, "if TYPE_CHECKING:\n    from rostrum.web import app", "rostrum.model.ids"),
        (typing_only_imports, "if TYPE_CHECKING:\n    from rostrum.web import app", "rostrum.definitions.ops.hooks"),
        (typing_only_imports, "import typing\nif typing.TYPE_CHECKING:\n    import rostrum.cli", "rostrum.model.ids"),
        (facade_imports, "from rostrum import asset", "rostrum.execution.steps.runner"),
        (facade_imports, "import rostrum", "rostrum.execution.steps.runner"),
        (vague_name, "", "rostrum.web.utils"),
        (vague_name, "", "rostrum.core.runs"),
        (vague_name, "", "rostrum.web._helpers"),
    ],
)
def test_a_planted_violation_is_found(rule, text: str, name: str) -> None:
    assert list(rule(parse(text, name)))


@pytest.mark.parametrize(
    ("rule", "text", "name"),
    [
        (hidden_imports, "def f():\n    import json", "rostrum.daemon.loop"),
        (hidden_imports, "def f():\n    from rostrum.web import app", "rostrum.cli.main"),
        (typing_only_imports, "if TYPE_CHECKING:\n    import pandas", "rostrum.io_managers.filesystem"),
        (facade_imports, "from rostrum.model import ids", "rostrum.execution.steps.runner"),
        (vague_name, "", "rostrum.storage.sql.schema"),
    ],
)
def test_legal_code_passes(rule, text: str, name: str) -> None:
    assert not list(rule(parse(text, name)))


def test_package_files_are_empty() -> None:
    """A package is a name: what it holds is imported from its modules. A docstring may say what belongs in it."""
    full = [
        module.name
        for module in modules()
        if module.path.name == "__init__.py"
        and module.name != "rostrum"
        # Names that others write: of other products, and of a storage, which stands for its one class.
        and not module.name.startswith(("rostrum.compat", "rostrum.integrations", "rostrum.storage."))
        and any(not isinstance(node, ast.Expr) for node in module.tree.body)
    ]
    assert not full, full


def test_every_module_says_what_it_is_for() -> None:
    silent = [module.name for module in modules() if module.tree.body and not ast.get_docstring(module.tree)]
    assert not silent, silent
