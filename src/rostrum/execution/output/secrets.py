"""Which secrets a run uses, as far as names tell before its first step: in its config and in the fields of its
resources. What is found in config later, when defaults have been filled in: `definitions.masking.cover_config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rostrum.definitions.masking import cover_config
from rostrum.model.runs import Run


def note_secrets(run: Run, resources: Mapping[str, Any]) -> None:
    """Have the secrets of a run's config, and of the resources that are bound for it, covered from now on."""
    cover_config(run.config)
    for resource in resources.values():
        if not isinstance(resource, (dict, list, tuple)):  # data that somebody bound, of whatever size
            cover_config(resource)
