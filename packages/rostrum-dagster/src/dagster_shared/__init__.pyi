# What editors and type checkers see of `dagster_shared`. Written by `./task generate`; do not edit.
from typing import Any

def __getattr__(name: str) -> Any: ...
