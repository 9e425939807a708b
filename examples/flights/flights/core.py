"""One day's figures."""

from __future__ import annotations

import pandas as pd

from flights.raw import days
from rostrum import AssetExecutionContext, AssetIn, ChartSeries, Config, MetadataValue, asset

_CLEAN = {"flights_clean": AssetIn(key=["stage", "flights_clean"])}
_COMMON = {
    "key_prefix": "core",
    "group_name": "core",
    "kinds": {"pandas"},
    "owners": ["analytics@example.com"],
    "partitions_def": days,
}


class DelayConfig(Config):
    """From how many minutes on a flight counts as late."""

    late_after: int = 15


@asset(**_COMMON, ins=_CLEAN | {"weather_hourly": AssetIn(key=["stage", "weather_hourly"])})
def delays_by_hour(
    context: AssetExecutionContext, config: DelayConfig, flights_clean: pd.DataFrame, weather_hourly: pd.DataFrame
) -> pd.DataFrame:
    """Delays by carrier, airport and scheduled hour, joined with the weather of that hour."""
    flown = flights_clean[~flights_clean["cancelled"]]
    delays = (
        flown.assign(late=flown["dep_delay"] > config.late_after)
        .groupby(["carrier", "origin", "sched_hour"], as_index=False)
        .agg(
            flights=("dep_delay", "size"),
            delay_mean=("dep_delay", "mean"),
            delay_p95=("dep_delay", lambda d: d.quantile(0.95)),
            late=("late", "sum"),
        )
    )
    joined = delays.merge(
        weather_hourly, left_on=["origin", "sched_hour"], right_on=["origin", "hour"], how="left"
    ).drop(columns="hour")
    by_hour = flown.groupby("sched_hour")["dep_delay"].mean().round(1)
    context.add_output_metadata(
        {
            "median delay (min)": float(flown["dep_delay"].median()),
            "late (%)": round(100 * float((flown["dep_delay"] > config.late_after).mean()), 1),
            "hours without weather": int((~joined["recorded"].fillna(False).astype(bool)).sum()),
            "delay by hour": MetadataValue.chart(
                "bar",
                x=[int(hour) for hour in by_hour.index],
                series=[ChartSeries("mean delay", tuple(float(value) for value in by_hour))],
                x_label="scheduled hour",
                y_label="minutes",
            ),
        }
    )
    return joined


@asset(**_COMMON, ins=_CLEAN)
def carrier_day(context: AssetExecutionContext, flights_clean: pd.DataFrame) -> pd.DataFrame:
    """Flights, cancellations and delays of each carrier."""
    found = (
        flights_clean.groupby("carrier", as_index=False)
        .agg(
            flights=("flight", "size"),
            cancelled=("cancelled", "sum"),
            delay_mean=("dep_delay", "mean"),
            arr_delay_mean=("arr_delay", "mean"),
        )
        .round(2)
        .sort_values("flights", ascending=False)
    )
    context.add_output_metadata({"carriers": MetadataValue.table(found.head(10).to_dict("records"))})
    return found


@asset(**_COMMON, ins=_CLEAN)
def route_day(flights_clean: pd.DataFrame) -> pd.DataFrame:
    """Flights and mean delay of each route."""
    return (
        flights_clean.groupby(["origin", "dest"], as_index=False)
        .agg(
            flights=("flight", "size"),
            distance=("distance", "first"),
            delay_mean=("dep_delay", "mean"),
            cancelled=("cancelled", "sum"),
        )
        .sort_values("flights", ascending=False)
    )


@asset(**_COMMON, ins=_CLEAN)
def knock_on(context: AssetExecutionContext, flights_clean: pd.DataFrame) -> pd.DataFrame:
    """How much of a plane's delay its next departure from New York on the same day inherits."""
    flown = flights_clean[~flights_clean["cancelled"] & flights_clean["tailnum"].notna()].sort_values(
        ["tailnum", "sched_hour"]
    )
    following = flown.groupby("tailnum")["dep_delay"].shift(-1)
    pairs = flown.assign(next_delay=following).dropna(subset=["next_delay"])[
        ["tailnum", "sched_hour", "dep_delay", "next_delay"]
    ]
    inherited = pairs["dep_delay"].corr(pairs["next_delay"]) if len(pairs) > 2 else float("nan")
    context.add_output_metadata({"pairs": len(pairs), "inherited (r)": float(inherited)})
    return pairs
