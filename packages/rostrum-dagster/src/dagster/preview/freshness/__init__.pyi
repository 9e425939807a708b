# What editors and type checkers see of `dagster.preview.freshness`. Written by `./task generate`; do not edit.
from typing import Any

from dagster import FreshnessPolicy as FreshnessPolicy
from dagster import apply_freshness_policy as apply_freshness_policy

__all__ = [
    "FreshnessPolicy",
    "apply_freshness_policy",
]
