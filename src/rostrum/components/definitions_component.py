"""`DefinitionsComponent`: a Python file or folder elsewhere in the project as a component."""

from __future__ import annotations

from rostrum.components.component import Component
from rostrum.components.context import ComponentLoadContext
from rostrum.components.folders import module_definitions
from rostrum.components.resolvable import Model, Resolvable
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.sources import relative
from rostrum.model.errors import ComponentTreeError


class DefinitionsComponent(Component, Model, Resolvable):
    """The definitions of a Python file, or of all files of a folder. `path` is relative to the component's folder;
    without it those of the folder itself.
    """

    path: str | None = None

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """The definitions of the file or folder. Raises ComponentTreeError where there is none."""
        folder = context.path if context.path.is_dir() else context.path.parent
        target = (folder / self.path).resolve() if self.path is not None else folder
        if not target.exists():
            raise ComponentTreeError(f"{relative(str(folder))}: there is no file or folder {self.path!r}.")
        files = [target] if target.is_file() else sorted(target.rglob("*.py"))
        modules = [context.load_defs_relative_python_module(each) for each in files]
        return Definitions.merge(*(module_definitions(each, context) for each in modules))
