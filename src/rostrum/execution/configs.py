"""The config of a step out of the run config, as its function wants it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rostrum.definitions.location.live import Resolved
from rostrum.definitions.masking import cover_config
from rostrum.definitions.ops.op_config import has_config, judged, op_config_field
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.definitions.ops.signatures import MISSING, is_config
from rostrum.definitions.resources.lifecycle import declares
from rostrum.model.plans import FromConfig, Plan, Step
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.op_steps import node_path
from rostrum.planning.plan import build_plan


class ConfigSlot:
    """What an op takes as config; looked up once an op."""

    __slots__ = ("_default", "_field", "_op", "_what", "is_wanted")

    def __init__(self, op: OpDefinition) -> None:
        self._op = op
        self._what = f"{op.kind} {op.name!r}"
        self.is_wanted = op.signature.config is not None
        self._field = op_config_field(op)
        self._default = op.signature.defaults.get(op.signature.config or "", MISSING)

    def values(self, run_config: Mapping[str, Any], step_key: str) -> tuple[Any, Any]:
        """`context.op_config` of a step, and the argument of the `config` parameter (None without one).

        Raises ConfigError that tells all mistakes with their paths, and pydantic's ValidationError for what only the
        validators of a Config class can tell. An op that declares no config takes any.
        """
        if not run_config and self._field is None and self._op.preset is None:
            return None, None
        told, argument = self._values(run_config, step_key)
        cover_config(told if argument is None else argument)
        return told, argument

    def _values(self, run_config: Mapping[str, Any], step_key: str) -> tuple[Any, Any]:
        path = (*node_path(step_key), "config")
        raw = config_at(run_config, path)
        if self._op.preset is not None:
            raw = self._preset(raw, path)
        if not self.is_wanted:
            return self._plain(raw, path), None
        if raw is MISSING and self._default is not MISSING:
            given = self._default
            if hasattr(given, "revealed"):
                return given.to_run_config(), given.revealed()
            return given, given
        annotation = self._op.config_type
        if is_config(annotation):
            made = annotation.from_run_config(None if raw is MISSING else raw, *path).revealed()
            return made.to_run_config(), made
        value = judged(self._field, raw, self._what, path)
        return value, value

    def _plain(self, raw: Any, path: Sequence[str]) -> Any:
        schema = self._op.preset.base if self._op.preset is not None else self._field
        if schema is None:
            return None if raw is MISSING else raw
        return judged(schema, raw, self._what, path)

    def _preset(self, raw: Any, path: Sequence[str]) -> Any:
        """What `configured` makes of the given config."""
        preset = self._op.preset
        assert preset is not None
        if preset.config_schema is not None:
            raw = judged(preset.config_schema, raw, self._what, path)
        return preset.resolve({} if raw is MISSING else raw)


def config_at(config: Mapping[str, Any], path: Sequence[str]) -> Any:
    """What the run config has at a path, MISSING where it has nothing."""
    found: Any = config
    for part in path:
        if not isinstance(found, Mapping) or part not in found:
            return MISSING
        found = found[part]  # pyright: ignore[reportUnknownVariableType]
    return found  # pyright: ignore[reportUnknownVariableType]


def check_config(resolved: Resolved, run: Run, plan: Plan, bound: Mapping[str, Any]) -> None:
    """Judge the config of a run before its first step. Raises ConfigError that tells all mistakes."""
    wanted = bool(run.config) or any(declares(value, "config_field") for value in bound.values())
    if not wanted and not any(map(_asks, plan.steps)) and not any(map(has_config, _ops(resolved, plan))):
        return

    def names() -> set[str]:
        whole = build_plan(resolved.manifest, RunTarget(location="", job=run.target.job), resolved.graph)
        return {node_path(step.key)[1] for step in whole.steps}

    # Loaded here: a run without config does without schemas.
    module = importlib.import_module("rostrum.definitions.config.job_config")
    module.check_run_config(resolved, run.target.job, run.config, plan.steps, bound, names)


def _ops(resolved: Resolved, plan: Plan) -> Iterable[OpDefinition]:
    """Ops of the steps, each once."""
    return [resolved.ops[name] for name in {step.op for step in plan.steps}]


def _asks(step: Step) -> bool:
    """One of the step's inputs can come from nowhere but the config."""
    for item in step.inputs:
        sources = item.sources
        if sources and type(sources[0]) is FromConfig and all(type(source) is FromConfig for source in sources):
            return True
    return False
