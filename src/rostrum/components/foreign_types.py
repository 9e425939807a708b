"""Modules that component files written for Dagster name."""

from __future__ import annotations

FOREIGN_MODULES = {
    "dagster": "rostrum",
    "dagster.components": "rostrum",
    "dagster_dbt": "rostrum.integrations.dbt.component",
}
"""Module in the `type` of such a file -> the module here that has its components. Used where no module of the former
name can be imported, as in a process without `rostrum.compat`.
"""
