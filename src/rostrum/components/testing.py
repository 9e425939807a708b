"""For tests of components: a project in a temporary folder, with a `defs` folder to write into."""

from __future__ import annotations

import importlib
import inspect
import random
import string
import sys
import tempfile
import textwrap
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from rostrum.components.component import Component
from rostrum.components.scaffold import scaffold_instance
from rostrum.components.tree import ComponentTree
from rostrum.definitions.location.definitions import Definitions


@dataclass
class DefsFolderSandbox:
    """A project in a temporary folder."""

    project_root: Path
    defs_folder_path: Path
    project_name: str

    @contextmanager
    def build_component_tree(self, code_location_name: str | None = None) -> Generator[ComponentTree, None, None]:
        """The tree of the project, which can be imported meanwhile."""
        with self._importable():
            tree = ComponentTree.for_project(self.project_root)
            tree.code_location_name = code_location_name
            yield tree

    @contextmanager
    def build_all_defs(self) -> Generator[Definitions, None, None]:
        """All definitions of the project."""
        with self.build_component_tree() as tree:
            yield tree.build_defs()

    @contextmanager
    def load_component_and_build_defs(self, defs_path: Path) -> Generator[tuple[Component, Definitions], None, None]:
        """One instance, by its path in the `defs` folder, and its definitions."""
        with self.build_component_tree() as tree:
            yield tree.load_component(defs_path), tree.build_defs(defs_path)

    def scaffold_component(
        self,
        component_cls: Any,
        defs_path: Path | str | None = None,
        scaffold_params: dict[str, Any] | None = None,
        scaffold_format: Literal["yaml", "python"] = "yaml",
        defs_yaml_contents: dict[str, Any] | None = None,
    ) -> Path:
        """Write an instance; returns its folder. `defs_yaml_contents` takes the place of the scaffolded file."""
        folder = self.defs_folder_path / (defs_path if defs_path is not None else random_importable_name())
        scaffold_instance(
            component_cls,
            f"{get_original_module_name(component_cls)}.{component_cls.__name__}",
            folder,
            params=scaffold_params,
            scaffold_format=scaffold_format,
            project_root=self.project_root,
        )
        if defs_yaml_contents is not None:
            (folder / "defs.yaml").write_text(yaml.safe_dump(defs_yaml_contents, sort_keys=False), encoding="utf-8")
        return folder

    @contextmanager
    def swap_defs_file(
        self, defs_path: Path, defs_yaml_contents: Mapping[str, Any] | None
    ) -> Generator[None, None, None]:
        """Another `defs.yaml` meanwhile; None: none."""
        file = self.defs_folder_path / defs_path
        file = file / "defs.yaml" if file.suffix != ".yaml" else file
        before = file.read_text(encoding="utf-8") if file.exists() else None
        try:
            if defs_yaml_contents is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(yaml.safe_dump(dict(defs_yaml_contents), sort_keys=False), encoding="utf-8")
            yield
        finally:
            if before is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(before, encoding="utf-8")

    @contextmanager
    def activate_venv_for_project(self) -> Generator[None, None, None]:
        """The project can be imported meanwhile; it shares the interpreter of the test."""
        with self._importable():
            yield

    @contextmanager
    def _importable(self) -> Generator[None, None, None]:
        source = str(self.project_root / "src")
        sys.path.insert(0, source)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(source)
            for name in [each for each in sys.modules if each.split(".", 1)[0] == self.project_name]:
                del sys.modules[name]


@contextmanager
def create_defs_folder_sandbox(*, project_name: str | None = None) -> Generator[DefsFolderSandbox, None, None]:
    """A project with an empty `defs` folder, gone at the end."""
    name = project_name or random_importable_name()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / name
        defs = root / "src" / name / "defs"
        defs.mkdir(parents=True)
        (root / "pyproject.toml").write_text(
            f'[tool.rostrum]\ndirectory_type = "project"\n\n[tool.rostrum.project]\nroot_module = "{name}"\n',
            encoding="utf-8",
        )
        (defs.parent / "__init__.py").touch()
        (defs / "__init__.py").touch()
        yield DefsFolderSandbox(root, defs, name)


def copy_code_to_file(fn: Callable[..., Any], file_path: Path) -> None:
    """Write the body of a function to a file, as the code of a module."""
    lines = inspect.getsource(fn).splitlines()
    start = next(index for index, line in enumerate(lines) if line.rstrip().endswith(":")) + 1
    file_path.write_text(textwrap.dedent("\n".join(lines[start:])) + "\n", encoding="utf-8")


def random_importable_name(length: int = 8) -> str:
    """A name that a package may have."""
    return "".join(random.choices(string.ascii_lowercase, k=length))


def get_original_module_name(cls: Any) -> str:
    """Name of the module that defines a class."""
    return cls.__module__


def get_module_path(defs_module_name: str, component_path: Path) -> str:
    """Name of the module at a path of the `defs` folder."""
    return ".".join([defs_module_name, *Path(component_path).parts])
