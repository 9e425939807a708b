"""Components that run a script as a child process, with pipes to what it reports."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rostrum.components.context import ComponentLoadContext
from rostrum.components.executable import ExecutableComponent, OpSpec
from rostrum.pipes.clients import PipesSubprocessClient


class ScriptSpec(OpSpec):
    """The step, with the script that it runs."""

    path: str
    """Relative to the component's folder."""
    args: list[str] | str | None = None

    def arguments(self) -> list[str]:
        """Arguments of the script; a text is split as a shell does."""
        return shlex.split(self.args) if isinstance(self.args, str) else list(self.args or ())

    def file(self, context: ComponentLoadContext) -> Path:
        """The script."""
        folder = context.path if context.path.is_dir() else context.path.parent
        return (folder / self.path).resolve()

    def named(self) -> OpSpec:
        """The step; named as the script where no name is given."""
        stem = "".join(each if each.isalnum() else "_" for each in Path(self.path).stem)
        return self.model_copy(update={"name": self.name or stem})


class _ScriptComponent(ExecutableComponent):
    execution: ScriptSpec

    @property
    def op_spec(self) -> OpSpec:
        """Name, tags and pool of the step."""
        return self.execution.named()

    def command(self, file: Path) -> Sequence[str]:
        """The command line before the script's arguments."""
        raise NotImplementedError

    def invoke_execute_fn(self, context: Any, component_load_context: ComponentLoadContext) -> Iterable[Any]:
        """Run the script. Raises SubprocessError when it fails."""
        command = [*self.command(self.execution.file(component_load_context)), *self.execution.arguments()]
        return PipesSubprocessClient().run(context=context, command=command).get_results()


class PythonScriptComponent(_ScriptComponent):
    """Assets and checks that a Python script makes. It runs with the interpreter of the project."""

    def command(self, file: Path) -> Sequence[str]:
        """The interpreter and the script."""
        return [sys.executable, str(file)]


class UvRunComponent(_ScriptComponent):
    """Assets and checks that a Python script makes, run by `uv run`: its dependencies stand at its top."""

    def command(self, file: Path) -> Sequence[str]:
        """Uv and the script."""
        return ["uv", "run", str(file)]
