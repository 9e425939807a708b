"""Checks that find the data's known gaps."""

from __future__ import annotations

import pandas as pd

from rostrum import AssetCheckResult, AssetCheckSeverity, AssetIn, asset_check

WARN = AssetCheckSeverity.WARN


@asset_check(asset=["raw", "weather"])
def hours_complete(weather: pd.DataFrame) -> AssetCheckResult:
    """Each airport has 24 hours a day. The source lacks 165 hours of the year."""
    have = weather.groupby("origin")["hour"].nunique().reindex(["EWR", "JFK", "LGA"], fill_value=0)
    missing = {origin: int(24 - hours) for origin, hours in have.items() if hours < 24}
    told = "; ".join(f"{origin} lacks {count} h" for origin, count in missing.items())
    return AssetCheckResult(
        passed=not missing,
        severity=WARN,
        description=told or "all 72 hours are there",
        metadata={"missing hours": sum(missing.values())},
    )


@asset_check(asset=["raw", "flights"])
def tail_numbers_known(flights: pd.DataFrame) -> AssetCheckResult:
    """Every flight tells which plane flew; the source leaves it out for cancelled ones."""
    unknown = int(flights["tailnum"].isna().sum())
    share = unknown / len(flights)
    return AssetCheckResult(
        passed=share < 0.02,
        severity=WARN,
        description=f"{unknown} of {len(flights)} flights have no tail number",
        metadata={"unknown (%)": round(100 * share, 2)},
    )


@asset_check(asset=["raw", "flights"], additional_ins={"airports": AssetIn(key=["raw", "airports"])})
def destinations_known(flights: pd.DataFrame, airports: pd.DataFrame) -> AssetCheckResult:
    """Every destination is in the table of airports. San Juan, Aguadilla, Ponce and St Thomas are not."""
    unknown = flights.loc[~flights["dest"].isin(airports["faa"]), "dest"]
    names = ", ".join(sorted(unknown.unique()))
    return AssetCheckResult(
        passed=unknown.empty,
        severity=WARN,
        description=f"not in airports: {names}" if names else "all known",
        metadata={"flights": len(unknown)},
    )


@asset_check(asset=["stage", "flights_clean"], blocking=True)
def one_row_a_flight(flights_clean: pd.DataFrame) -> AssetCheckResult:
    """A carrier's flight number leaves an airport once an hour at most: a duplicate would count twice in every
    figure."""
    twice = int(flights_clean.duplicated(["carrier", "flight", "origin", "dest", "sched_hour"]).sum())
    return AssetCheckResult(
        passed=twice == 0,
        description=f"{twice} rows are there twice" if twice else "no duplicates",
        metadata={"duplicates": twice},
    )


@asset_check(asset=["core", "delays_by_hour"])
def weather_joined(delays_by_hour: pd.DataFrame) -> AssetCheckResult:
    """Nine of ten hours with flights have weather."""
    share = float(delays_by_hour["recorded"].fillna(False).astype(bool).mean())
    return AssetCheckResult(
        passed=share >= 0.9,
        severity=WARN,
        description=f"{share:.0%} of rows have weather",
        metadata={"joined (%)": round(100 * share, 1)},
    )


ALL = [hours_complete, tail_numbers_known, destinations_known, one_row_a_flight, weather_joined]
