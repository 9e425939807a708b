# What editors and type checkers see of `dagster.deprecated`. Written by `./task generate`; do not edit.
from typing import Any

__all__ = [
    "FreshnessPolicy",
]

class FreshnessPolicy:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
