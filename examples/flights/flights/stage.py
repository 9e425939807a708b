"""Cleaned tables: one row means one thing, gaps are told."""

from __future__ import annotations

import pandas as pd

from flights.raw import days
from rostrum import AssetExecutionContext, AssetIn, asset

ORIGINS = ("EWR", "JFK", "LGA")


@asset(
    key_prefix="stage",
    group_name="stage",
    kinds={"pandas"},
    owners=["analytics@example.com"],
    partitions_def=days,
    ins={"flights": AssetIn(key=["raw", "flights"]), "planes": AssetIn(key=["raw", "planes"])},
)
def flights_clean(context: AssetExecutionContext, flights: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    """Flights with what is needed further on: scheduled hour, whether cancelled, age of the plane where it is known."""
    clean = flights.merge(planes[["tailnum", "year"]].rename(columns={"year": "built"}), on="tailnum", how="left")
    clean["cancelled"] = clean["dep_time"].isna()
    clean["plane_age"] = clean["year"] - clean["built"]
    clean = clean.rename(columns={"hour": "sched_hour"})
    kept = [
        "carrier",
        "flight",
        "tailnum",
        "origin",
        "dest",
        "sched_hour",
        "dep_delay",
        "arr_delay",
        "air_time",
        "distance",
        "cancelled",
        "plane_age",
    ]
    cancelled, unknown = int(clean["cancelled"].sum()), int(clean["built"].isna().sum())
    context.log.info("%d of %d flights were cancelled, %d planes are unknown", cancelled, len(clean), unknown)
    return clean[kept]


@asset(
    key_prefix="stage",
    group_name="stage",
    kinds={"pandas"},
    owners=["analytics@example.com"],
    partitions_def=days,
    ins={"weather": AssetIn(key=["raw", "weather"])},
)
def weather_hourly(weather: pd.DataFrame) -> pd.DataFrame:
    """One row for each airport and hour of the day; hours that were never recorded are rows with `recorded` false."""
    grid = pd.MultiIndex.from_product([ORIGINS, range(24)], names=["origin", "hour"]).to_frame(index=False)
    columns = ["origin", "hour", "temp", "wind_speed", "wind_gust", "precip", "visib", "pressure"]
    hourly = grid.merge(weather[columns].drop_duplicates(["origin", "hour"]), on=["origin", "hour"], how="left")
    hourly["recorded"] = hourly["temp"].notna()
    return hourly
