"""Schemas that IO managers declare for the config of single outputs and inputs."""

from __future__ import annotations

from typing import Any

from rostrum.definitions.resources.lifecycle import declares

_NAMES = {"outputs": "output_config_schema", "inputs": "input_config_schema"}


def port_schema(manager: Any, side: str) -> Any:
    """Schema of the config of one output (`side` is "outputs") or input ("inputs") that the bound IO manager declares;
    None for none.
    """
    declared = getattr(manager, _NAMES[side]) if declares(manager, _NAMES[side]) else None
    return declared() if callable(declared) and not isinstance(declared, type) else declared
