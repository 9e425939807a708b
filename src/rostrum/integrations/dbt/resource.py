"""`DbtCliResource`: runs dbt commands."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field, PrivateAttr

from rostrum.definitions.resources.resources import ConfigurableResource
from rostrum.integrations.dbt.errors import DbtCliTaskOptionsError, DbtManifestError
from rostrum.integrations.dbt.invocation import Command, DbtCliInvocation
from rostrum.integrations.dbt.manifest import Manifest, ManifestParam, Props, load_manifest, resource
from rostrum.integrations.dbt.messages import StepAssets
from rostrum.integrations.dbt.project import DbtProject, dbt_executable
from rostrum.integrations.dbt.selection import EVERYTHING
from rostrum.integrations.dbt.translator import validated_translator

_SELECTING = frozenset({"build", "clone", "compile", "docs", "list", "ls", "run", "seed", "snapshot", "source", "test"})
"""Commands that take `--select`."""
_OWN_SELECTION = ("--select", "-s", "--models", "-m", "--exclude", "--selector")


class DbtCliResource(ConfigurableResource[Any]):
    """Runs dbt commands in a project. `project_dir` is a folder or a DbtProject, which gives the other paths, too."""

    project_dir: str = Field(description="Folder of the dbt project, or a DbtProject.")
    global_config_flags: list[str] = Field(default=[], description="Flags of every command, before its name.")
    profiles_dir: str | None = Field(default=None, description="Folder of profiles.yml; default: where dbt looks.")
    profile: str | None = Field(default=None, description="Profile; default: that of the project.")
    target: str | None = Field(default=None, description="Target of the profile; default: that of the profile.")
    dbt_executable: str = Field(default="dbt", description="The dbt command.")
    state_path: str | None = Field(default=None, description="Folder of artifacts for `--state` and `--defer`.")
    _target_path: Path = PrivateAttr(default=Path("target"))

    def __init__(
        self,
        project_dir: str | Path | DbtProject | None = None,
        global_config_flags: Sequence[str] | None = None,
        profiles_dir: str | Path | None = None,
        profile: str | None = None,
        target: str | None = None,
        dbt_executable: str | Path | None = None,
        state_path: str | Path | None = None,
        **more: Any,
    ) -> None:
        given: dict[str, Any] = {
            "global_config_flags": global_config_flags,
            "profiles_dir": profiles_dir,
            "profile": profile,
            "target": target,
            "dbt_executable": dbt_executable,
            "state_path": state_path,
        }
        fields = {**more, **{name: value for name, value in given.items() if value is not None}}
        project = project_dir if isinstance(project_dir, DbtProject) else None
        if project is not None:
            fields = {**_known(project), **fields}
        folder = project.project_dir if project is not None else project_dir
        told = {name: str(each) if isinstance(each, Path) else each for name, each in fields.items()}
        told["project_dir"] = _project_folder(folder)
        super().__init__(**told)
        if project is not None:
            self._target_path = project.target_path
        _check_profiles(self.profiles_dir)

    def cli(
        self,
        args: Sequence[str],
        *,
        raise_on_error: bool = True,
        manifest: ManifestParam | None = None,
        dagster_dbt_translator: Any = None,
        context: Any = None,
        target_path: str | Path | None = None,
    ) -> DbtCliInvocation:
        """Start a command, such as `["build"]`. With the `context` of a step of `@dbt_assets` dbt is told which of
        the assets and checks are wanted. Artifacts go to a folder of the command's own below the project's target
        folder, or to `target_path`.
        """
        step = StepAssets.of(context)
        loaded = load_manifest(manifest) if manifest is not None else (step.info.manifest if step else None)
        translator = validated_translator(dagster_dbt_translator or (step.info.translator if step else None))
        arguments = [str(each) for each in args]
        selection, environment = self._selection(arguments, step)
        target = self._target(context, Path(target_path) if target_path else None)
        executable = dbt_executable(self.dbt_executable)
        command = Command(
            [executable, *self.global_config_flags, *arguments, *self._options(arguments), *selection],
            Path(self.project_dir),
            {**self._environment(target), **environment},
            target,
            [executable, *self.global_config_flags, "show", *self._options(())],
        )
        if context is not None:
            context.log.debug("Running `dbt %s` in %s.", " ".join(command.arguments[1:]), self.project_dir)
        return DbtCliInvocation(
            command,
            manifest=loaded,
            dagster_dbt_translator=translator,
            step=step,
            raise_on_error=raise_on_error,
            context=context,
        )

    def get_defer_args(self) -> Sequence[str]:
        """Arguments for `--defer` to the artifacts in `state_path`; none where there are no such."""
        return ["--defer", "--defer-state", self.state_path] if self.state_path and _exists(self.state_path) else []

    def get_state_args(self) -> Sequence[str]:
        """Arguments for `--state`; none where there is no state."""
        return ["--state", self.state_path] if self.state_path and _exists(self.state_path) else []

    # --- parts of the command

    def _options(self, arguments: Sequence[str]) -> list[str]:
        options: list[str] = []
        for flag, value in (("--profile", self.profile), ("--target", self.target)):
            if value and flag not in arguments:
                options += [flag, value]
        return options

    def _environment(self, target: Path) -> dict[str, str]:
        environment = {
            "PYTHONUNBUFFERED": "1",
            "DBT_LOG_FORMAT": "json",
            "DBT_USE_COLORS": "false",
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target),
        }
        if self.profiles_dir:
            environment["DBT_PROFILES_DIR"] = self.profiles_dir
        return environment

    def _selection(self, arguments: Sequence[str], step: StepAssets | None) -> tuple[list[str], dict[str, str]]:
        if step is None or not arguments or arguments[0] not in _SELECTING:
            return [], {}
        own = [each for each in arguments if each.partition("=")[0] in _OWN_SELECTION]
        info = step.info
        if not step.is_subset:
            if own:
                return [], {}
            if info.selector:
                return ["--selector", info.selector], {}
            return ["--select", info.select or EVERYTHING, *(["--exclude", info.exclude] if info.exclude else [])], {}
        if own:
            raise DbtCliTaskOptionsError(
                f"dbt.cli was given {own[0]}, and this run selects some of the assets, which dbt is told by --select: "
                "leave it out, and give `select` and `exclude` to @dbt_assets."
            )
        settings = info.translator.settings
        ids = [*step.selected_ids, *(step.selected_tests if settings.enable_asset_checks else ())]
        by_name = settings.enable_dbt_selection_by_name
        picked = _picked(info.manifest, ids, by_name)
        return ["--select", *picked], {"DBT_INDIRECT_SELECTION": "empty"} if settings.enable_asset_checks else {}

    def _target(self, context: Any, wanted: Path | None) -> Path:
        base = Path(self.project_dir) / self._target_path
        if wanted is not None:
            target = wanted if wanted.is_absolute() else Path(self.project_dir) / wanted
            target.mkdir(parents=True, exist_ok=True)
        else:
            base.mkdir(parents=True, exist_ok=True)
            label = f"{context.op_name}-{context.run_id[:7]}-" if context is not None else "dbt-"
            target = Path(tempfile.mkdtemp(prefix=label, dir=base.absolute()))
        kept = base / "partial_parse.msgpack"  # parsing anew takes longer the larger the project
        if kept.exists() and not (target / kept.name).exists():
            shutil.copy(kept, target / kept.name)
        return target


def _picked(manifest: Manifest, unique_ids: Sequence[str], by_name: bool) -> list[str]:
    """How resources are selected, and nothing else: a model may be called as a folder of models is."""
    found = [resource(manifest, unique_id) for unique_id in unique_ids]
    if by_name:
        return [str(props["name"]) for props in found]
    fqns = [tuple(props["fqn"]) for props in manifest["nodes"].values() if "fqn" in props]
    folders = {fqn[:end] for fqn in fqns for end in range(1, len(fqn))}
    return [_one_picked(props, tuple(props["fqn"]) in folders) for props in found]


def _one_picked(props: Props, is_folder: bool) -> str:
    text = f"fqn:{'.'.join(str(part) for part in props['fqn'])}"
    return f"{text},file:{PurePosixPath(props['original_file_path']).name}" if is_folder else text


def _project_folder(folder: Any) -> Any:
    """The folder as text. References to the environment are looked at when they are known."""
    if not isinstance(folder, (str, Path)) or type(folder) not in (str, type(Path())):
        return folder
    path = Path(folder).absolute()
    if not (path / "dbt_project.yml").exists():
        what = "has no dbt_project.yml" if path.exists() else "does not exist"
        raise DbtManifestError(f"DbtCliResource: project_dir {path} {what}: give the folder of a dbt project.")
    return str(path)


def _known(project: DbtProject) -> dict[str, Any]:
    """The fields that a project tells."""
    known: dict[str, Any] = {
        "profiles_dir": project.profiles_dir.absolute() if _has_profiles(project) else None,
        "profile": project.profile,
        "target": project.target,
        "state_path": project.state_path,
    }
    return {name: value for name, value in known.items() if value}


def _has_profiles(project: DbtProject) -> bool:
    return (project.profiles_dir / "profiles.yml").exists()


def _check_profiles(folder: str | None) -> None:
    if type(folder) is str and not (Path(folder) / "profiles.yml").exists():
        raise DbtManifestError(f"DbtCliResource: profiles_dir {folder} has no profiles.yml.")


def _exists(folder: str) -> bool:
    return os.path.isdir(folder)  # noqa: PTH112
