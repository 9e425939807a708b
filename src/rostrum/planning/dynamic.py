"""Steps that stand for others: one step for each item of a dynamic output, known when that output has been produced.

In a plan such a step has `mapped_over`: the dynamic outputs whose items it is for, outermost first. When the step that
yields the items has succeeded, `Templates.expand` makes the steps, `f[k0]`, `f[k1]`, and `settled` puts them where
others wait for all of them. Until then others wait for a placeholder: `f`, or `f[k0]` where items have items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from rostrum.model.plans import FromStep, InputSource, Step, StepInput

Items = Mapping[str, Sequence[str]]
"""Dynamic output -> keys of its items, in order."""


class Expanded(NamedTuple):
    """What the items of a step bring."""

    steps: list[Step]
    """One an item, and placeholders where items of these steps are still to come."""
    instead: dict[str, tuple[str, ...]]
    """Placeholder -> keys of what is there in its place."""


def base_of(key: str) -> str:
    """Key of the step as the graph has it: `f` for `f[k0]`."""
    return key.partition("[")[0]


def instance_key(base: str, keys: Sequence[str]) -> str:
    """Key of the step for these items."""
    return base + "".join(f"[{key}]" for key in keys) if keys else base


class Templates:
    """The steps of a plan that stand for others."""

    __slots__ = ("_waiting_for", "by_key")

    def __init__(self, steps: Iterable[Step]) -> None:
        self.by_key: dict[str, Step] = {base_of(step.key): step for step in steps if step.mapped_over}
        self._waiting_for: dict[tuple[str, str], list[Step]] = {}
        for step in self.by_key.values():
            for place in step.mapped_over:
                self._waiting_for.setdefault(place, []).append(step)

    def placeholders(self) -> list[Step]:
        """What stands in the plan for each of them before anything is known."""
        return [self._placeholder(step, ()) for step in self.by_key.values()]

    def expand(self, source: Step, items: Items) -> Expanded:
        """Steps for the items that `source` has yielded."""
        base, path = base_of(source.key), source.mapping_keys
        steps: list[Step] = []
        instead: dict[str, tuple[str, ...]] = {}
        for output, keys in items.items():
            for template in self._waiting_for.get((base, output), ()):
                depth = len(path) + 1
                if template.mapped_over[depth - 1] != (base, output):
                    continue
                made = [self._at(template, (*path, key)) for key in keys]
                steps.extend(made)
                instead[instance_key(base_of(template.key), path)] = tuple(step.key for step in made)
        return Expanded(steps, instead)

    def _at(self, template: Step, path: tuple[str, ...]) -> Step:
        """The step for these items, or a placeholder where more items are to come."""
        if len(path) < len(template.mapped_over):
            return self._placeholder(template, path)
        return replace(
            template,
            key=instance_key(base_of(template.key), path),
            mapped_over=(),
            mapping_keys=path,
            inputs=tuple(
                replace(item, sources=tuple(self._source(source, path) for source in item.sources))
                for item in template.inputs
            ),
            upstream=tuple(dict.fromkeys(self._cut(key, path) for key in template.upstream)),
        )

    def _placeholder(self, template: Step, path: tuple[str, ...]) -> Step:
        above, output = template.mapped_over[len(path)]
        source = FromStep(self._cut(above, path), output)
        return replace(
            template,
            key=instance_key(base_of(template.key), path),
            inputs=(StepInput("", (source,)),),
            upstream=(source.step_key,),
        )

    def _cut(self, key: str, path: tuple[str, ...], less: int = 0) -> str:
        """Key of the step above for these items (as many of them as it is for, or `less`)."""
        above = self.by_key.get(key)
        if above is None:
            return key
        return instance_key(key, path[: len(above.mapped_over) - less])

    def _source(self, source: InputSource, path: tuple[str, ...]) -> InputSource:
        if not isinstance(source, FromStep):
            return source
        if source.over == "steps":
            return replace(source, step_key=self._cut(source.step_key, path, less=1))
        key = self._cut(source.step_key, path)
        if source.over == "item":
            above = self.by_key.get(source.step_key)
            depth = len(above.mapped_over) if above is not None else 0
            return FromStep(key, source.output, path[depth])
        return replace(source, step_key=key)


def settled(step: Step, instead: Mapping[str, tuple[str, ...]], source: str, items: Items) -> Step:
    """The step with what is now known: steps in place of placeholders, items of the step `source`."""
    changed = False
    inputs: list[StepInput] = []
    for item in step.inputs:
        sources: list[InputSource] = []
        for each in item.sources:
            if isinstance(each, FromStep) and each.over == "steps" and each.step_key in instead:
                sources.extend(FromStep(key, each.output) for key in instead[each.step_key])
            elif isinstance(each, FromStep) and each.over == "items" and each.step_key == source:
                sources.extend(FromStep(source, each.output, key) for key in items.get(each.output, ()))
            else:
                sources.append(each)
                continue
            changed = True
        inputs.append(replace(item, sources=tuple(sources)) if changed else item)
    upstream = tuple(dict.fromkeys(key for above in step.upstream for key in instead.get(above, (above,))))
    if not changed and upstream == step.upstream:
        return step
    return replace(step, inputs=tuple(inputs), upstream=upstream)


def with_known_items(steps: Sequence[Step], known: Mapping[str, Items]) -> list[Step]:
    """The plan's steps where the items of some steps are known before: `known` by step key."""
    templates = Templates(steps)
    found = [step for step in steps if not step.mapped_over]
    keys_left = set(templates.by_key)
    for key, items in sorted(known.items(), key=_depth):
        source = next((step for step in found if step.key == key), None)
        if source is None:
            continue
        expanded = templates.expand(source, items)
        found.extend(step for step in expanded.steps if not step.mapped_over)
        found = [settled(step, expanded.instead, key, items) for step in found]
        keys_left.difference_update(base_of(name) for name in expanded.instead)
    return [*found, *(templates.by_key[key] for key in templates.by_key if key in keys_left)]


ABSENT = ""
"""Stands in `Run.output_origins` for an optional output that was not produced by a step that ended well."""


def absent_outputs(origins: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(step, output) of what is `ABSENT`: as `Plan.absent`."""
    found = (name.rpartition(":") for name, origin in origins.items() if origin == ABSENT)
    return tuple((step, output) for step, _, output in found)


def known_items(origins: Mapping[str, str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Items that `Run.output_origins` names (`<step>:<output>[<item>]`), by step and output, in their order."""
    known: dict[str, dict[str, list[str]]] = {}
    for name in origins:
        step, _, rest = name.rpartition(":")
        output, bracket, item = rest.partition("[")
        if bracket:
            items = known.setdefault(step, {}).setdefault(output, [])
            if item != "]":
                items.append(item[:-1])
    return {step: {output: tuple(items) for output, items in outputs.items()} for step, outputs in known.items()}


def origin_name(source: FromStep) -> str:
    """Name of a value in `Run.output_origins`."""
    if source.mapping_key is None:
        return f"{source.step_key}:{source.output}"
    return f"{source.step_key}:{source.output}[{source.mapping_key}]"


def _depth(known: tuple[str, Items]) -> int:
    return known[0].count("[")
