"""Limits on how many steps of a tag run at once, as an executor's config tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.model.errors import ConfigError
from rostrum.model.plans import Step

_Place = tuple[int, str | None]


class TagLimits:
    """Counts what runs. `rules`: `{key, limit}`, with `value` a text, or `{applyLimitPerUniqueValue: True}`."""

    def __init__(self, rules: Sequence[Mapping[str, Any]]) -> None:
        self._rules = list(rules)
        self._running: Counter[_Place] = Counter()
        for rule in self._rules:
            if not isinstance(rule.get("key"), str) or not isinstance(rule.get("limit"), int):
                raise ConfigError(f"tag_concurrency_limits: {rule!r} needs a key (text) and a limit (a number).")

    def take(self, step: Step) -> tuple[str, int] | None:
        """Take a place for the step under each rule that concerns it. Where one is full nothing is taken: returns that
        tag, `key` or `key=value`, and its limit.
        """
        if not self._rules:
            return None
        places = self._places(step)
        for number, value in places:
            rule = self._rules[number]
            if self._running[number, value] >= rule["limit"]:
                wanted = value or (rule["value"] if isinstance(rule.get("value"), str) else None)
                return f"{rule['key']}={wanted}" if wanted is not None else rule["key"], rule["limit"]
        self._running.update(places)
        return None

    def release(self, step: Step) -> None:
        """Give the step's places back."""
        if self._rules:
            self._running.subtract(self._places(step))

    def _places(self, step: Step) -> list[_Place]:
        places: list[_Place] = []
        for number, rule in enumerate(self._rules):
            value, wanted = step.tags.get(rule["key"]), rule.get("value")
            if value is None:
                continue
            if isinstance(wanted, Mapping) and wanted.get("applyLimitPerUniqueValue"):
                places.append((number, value))
            elif wanted is None or isinstance(wanted, Mapping) or wanted == value:
                places.append((number, None))
        return places
