"""`dagster_k8s`, as Rostrum's. Not affiliated with Dagster Labs."""

from __future__ import annotations

from rostrum.compat.aliases import take_over

take_over("dagster_k8s")
