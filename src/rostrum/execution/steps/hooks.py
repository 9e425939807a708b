"""Running hooks when a step has ended. Whatever a hook does, the step's end stands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.definitions.coroutines import Coroutines
from rostrum.definitions.ops.hooks import HookContext, HookDefinition, HookExecutionResult
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.execution.steps.hook_records import HookRecord
from rostrum.execution.user_code import Raised, guard
from rostrum.interfaces.clock import Clock
from rostrum.model.events import Event, HookCompleted
from rostrum.model.plans import Step


class Hooks:
    """The hooks of a run's steps in this process."""

    def __init__(
        self,
        by_name: Mapping[str, HookDefinition],
        clock: Clock,
        logger: logging.Logger,
        resource: Callable[[str], Any],
        coroutines: Coroutines,
        interrupted: Callable[[Raised], None],
    ) -> None:
        self._by_name, self._clock, self._logger, self._resource = by_name, clock, logger, resource
        self._coroutines, self._interrupted = coroutines, interrupted

    def resource_keys(self, step: Step) -> list[str]:
        """Keys of the resources that the hooks of a step ask for."""
        return sorted({key for name in step.hooks for key in self._by_name[name].required_resource_keys})

    def run(
        self,
        step: Step,
        op: OpDefinition,
        record: HookRecord,
        exception: BaseException | None,
        emit: Callable[[Event], None],
        common: Mapping[str, Any],
    ) -> None:
        """Run all hooks of a step that has succeeded, or failed for good with `exception`."""
        ended = "success" if exception is None else "failure"
        scope = record.scope
        for name in step.hooks:
            hook = self._by_name[name]
            if hook.on not in ("", ended):
                emit(HookCompleted(at=self._clock.now(), step_key=step.key, hook=name, outcome="skipped"))
                continue
            state = {
                **common,
                "op": op,
                "step_key": step.key,
                "op_config": scope.config if scope is not None else None,
                "op_exception": exception,
                "op_output_values": record.values,
                "op_output_metadata": _with_added(record.metadata, scope),
                "log": self._logger,
            }
            answers: list[Any] = []
            raised = guard(self._call, hook, state, answers)
            outcome, error = "completed", None
            if raised is not None:
                outcome, error = "failed", raised.info()
                if raised.is_interrupt:
                    self._interrupted(raised)
            elif answers and isinstance(answers[0], HookExecutionResult) and answers[0].is_skipped:
                outcome = "skipped"
            emit(HookCompleted(at=self._clock.now(), step_key=step.key, hook=name, outcome=outcome, error=error))

    def _call(self, hook: HookDefinition, state: dict[str, Any], answers: list[Any]) -> None:
        state["resources"] = {key: self._resource(key) for key in hook.required_resource_keys}
        answers.append(self._coroutines.settled(hook.hook_fn(HookContext(state, hook), ())))


def _with_added(metadata: Mapping[str, Any], scope: StepScope | None) -> dict[str, Any]:
    """Metadata of the outputs, with what the function has added through its context."""
    result = {name: dict(each) for name, each in metadata.items()}
    for (name, key), added in (scope.output_metadata if scope is not None else {}).items():
        place = result.setdefault(name, {})
        if key is None:
            place.update(added)
        else:
            place.setdefault(key, {}).update(added)
    return result
