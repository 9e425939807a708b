"""Executing a job against an instance, in processes of its own where its executor says so, and executing parts of a run
again.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from rostrum.definitions.config.run_config import plain_config
from rostrum.definitions.events.outcome import ExecutionResult
from rostrum.definitions.instance.local_run import local_runner
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.loading import CodeTarget
from rostrum.definitions.location.made_jobs import definitions_of_job, made_job, written
from rostrum.definitions.names import asset_key_of, string_tags
from rostrum.definitions.ops.graphs import GraphSpec
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.model.errors import ArgumentError, InvariantError, RunNotFound
from rostrum.model.reserved_names import PARTITION_TAG


class ReconstructableJob:
    """A job that another process can make again: what to import, and what to call there."""

    __slots__ = ("_args", "_kwargs", "_made", "file", "module_name", "name", "working_directory")

    def __init__(
        self,
        module_name: str,
        name: str,
        *,
        file: str | None = None,
        working_directory: str | None = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        made: Any = None,
    ) -> None:
        self.module_name, self.name, self.file = module_name, name, file
        self.working_directory = working_directory
        self._args, self._kwargs, self._made = tuple(args), dict(kwargs or {}), made

    def __repr__(self) -> str:
        return f"<reconstructable {self.module_name}:{self.name}>"

    @property
    def job_name(self) -> str:
        """Name of the job."""
        return self.get_definition().name

    def get_definition(self) -> Any:
        """The job."""
        if self._made is None:
            if self.working_directory is not None and self.working_directory not in sys.path:
                sys.path.insert(0, self.working_directory)
            found = getattr(importlib.import_module(self.module_name), self.name, None)
            self._made = made_job(found, repr(self), self._args, self._kwargs)
        return self._made

    @property
    def target(self) -> CodeTarget | None:
        """What a fresh interpreter has to load; None where it could not: arguments that are no plain values make the
        job, or its module lies in no file.
        """
        arguments = written(self._args, self._kwargs)
        if arguments is None:
            return None
        name = self.module_name
        if name == "__main__":  # started as `python -m name`, else as a file
            spec = getattr(sys.modules.get(name), "__spec__", None)
            name = spec.name if spec is not None else ""
        if name and (self.file is None or _is_importable(name)):
            folder = self.working_directory
            return CodeTarget(module_name=name, working_directory=folder, job=self.name, arguments=arguments)
        if self.file is None or not Path(self.file).is_file():
            return None
        return CodeTarget(python_file=self.file, job=self.name, arguments=arguments)


def reconstructable(target: Any) -> ReconstructableJob:
    """A job that another process can make again: a job, or a function that makes one, at the top level of a module.

    Raises InvariantError for a lambda, and for what is not found under its name in its module.
    """
    definition = target if isinstance(target, (JobSpec, GraphSpec)) else None
    function = target if definition is None else _function_of(definition)
    name = getattr(function, "__name__", None) or getattr(definition, "name", None)
    module_name = getattr(function, "__module__", None)
    if definition is None and not callable(target):
        raise InvariantError(f"reconstructable: {target!r} is neither a job nor a function that makes one.")
    if name == "<lambda>":
        raise InvariantError("reconstructable: a lambda cannot be found again by its name; use a function of a module.")
    module = sys.modules.get(module_name or "")
    found = _name_in(module, target, str(name)) if module is not None else None
    if found is None:
        raise InvariantError(
            f"reconstructable: {name!r} is not at the top level of a module, so that no other process can import it. "
            "Move it there."
        )
    made = definition if isinstance(definition, JobSpec) else None
    return ReconstructableJob(str(module_name), found, file=getattr(module, "__file__", None), made=made)


def build_reconstructable_job(
    reconstructor_module_name: str,
    reconstructor_function_name: str,
    reconstructable_args: Sequence[Any] | None = None,
    reconstructable_kwargs: Mapping[str, Any] | None = None,
    reconstructor_working_directory: str | None = None,
) -> ReconstructableJob:
    """A job that a function of a module makes of these arguments."""
    return ReconstructableJob(
        reconstructor_module_name,
        reconstructor_function_name,
        working_directory=reconstructor_working_directory,
        args=tuple(reconstructable_args or ()),
        kwargs=reconstructable_kwargs,
    )


class ReexecutionOptions(NamedTuple):
    """Which run is executed again, and which of its steps (keys or clauses); empty: all."""

    parent_run_id: str
    step_selection: Sequence[str] = []

    @staticmethod
    def from_failure(run_id: str, instance: Any) -> ReexecutionOptions:
        """The steps of a run that failed or have not run. Raises RunNotFound."""
        if instance.store.run(run_id) is None:
            raise RunNotFound(f"there is no run {run_id!r} in this instance.")
        return ReexecutionOptions(run_id, list(instance.store.unfinished_steps(run_id)))


def execute_job(
    job: ReconstructableJob,
    instance: Any,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    raise_on_error: bool = False,
    op_selection: Sequence[str] | None = None,
    reexecution_options: ReexecutionOptions | None = None,
    asset_selection: Sequence[Any] | None = None,
) -> ExecutionResult:
    """Execute a job with its own executor (processes, unless it says otherwise); run and events are kept in `instance`.
    Returns an `ExecutionResult`, which is a context manager too; its values are loaded through their IO managers.

    `reexecution_options`: execute steps of an earlier run again, with the values that the others have stored. The
    partition is that of the tag of partitions, where the job is partitioned.
    """
    if not hasattr(job, "get_definition"):
        raise ArgumentError(f"execute_job takes reconstructable(job), not {job!r}.")
    if isinstance(op_selection, str):
        raise ArgumentError(f"op_selection is the text {op_selection!r}; give a list of clauses: [{op_selection!r}].")
    definition = job.get_definition()
    definitions = definitions_of_job(definition)
    options = reexecution_options
    if options is not None and instance.store.run(options.parent_run_id) is None:
        raise RunNotFound(f"there is no run {options.parent_run_id!r} in this instance.")
    return local_runner().execute(
        definitions,
        job=definition.name,
        run_config=plain_config(run_config),
        partition_key=_tagged_partition(definitions, definition.name, tags),
        tags=string_tags(tags),
        raise_on_error=raise_on_error,
        op_selection=tuple(op_selection or ()),
        asset_selection=tuple(asset_key_of(key) for key in asset_selection or ()),
        step_selection=tuple(options.step_selection) if options is not None else (),
        parent_run_id=options.parent_run_id if options is not None else None,
        instance=instance,
        executor=None,
        stored_values=True,
        target=job.target,
    )


def _tagged_partition(definitions: Definitions, job: str, tags: Mapping[str, Any] | None) -> str | None:
    key = (tags or {}).get(PARTITION_TAG)
    if key is None:
        return None
    partitioned = any(node.name == job and node.partitions for node in definitions.manifest().jobs)
    return str(key) if partitioned else None


def _function_of(definition: Any) -> Any:
    graph = definition.graph if isinstance(definition, JobSpec) else definition
    return getattr(graph, "composition_fn", None)


def _name_in(module: Any, target: Any, name: str) -> str | None:
    """Name under which the module has the target: its own, or another."""
    if getattr(module, name, None) is target:
        return name
    names = cast("dict[str, Any]", vars(module))
    return next((each for each, value in names.items() if value is target), None)


def _is_importable(name: str) -> bool:
    """Whether another interpreter finds the module, or its package: that it is imported here does not say so."""
    top = name.partition(".")[0]
    return any(finder.find_spec(top, None) is not None for finder in sys.meta_path if hasattr(finder, "find_spec"))
