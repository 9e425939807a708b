"""What people want to read: over all days that have been materialised."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rostrum import AssetExecutionContext, AssetIn, ChartSeries, MetadataValue, asset

_HOURS = {"delays_by_hour": AssetIn(key=["core", "delays_by_hour"])}
_COMMON = {"key_prefix": "marts", "group_name": "marts", "owners": ["analytics@example.com"]}


@asset(
    **_COMMON,
    kinds={"pandas"},
    ins={"carrier_day": AssetIn(key=["core", "carrier_day"]), "airlines": AssetIn(key=["raw", "airlines"])},
)
def carrier_punctuality(
    context: AssetExecutionContext, carrier_day: pd.DataFrame, airlines: pd.DataFrame
) -> pd.DataFrame:
    """Carriers by mean delay at departure, weighted by flights."""
    total = carrier_day.assign(minutes=carrier_day["delay_mean"] * carrier_day["flights"])
    found = total.groupby("carrier", as_index=False).agg(
        flights=("flights", "sum"), cancelled=("cancelled", "sum"), minutes=("minutes", "sum")
    )
    found["delay_mean"] = (found["minutes"] / found["flights"]).round(2)
    found["cancelled_pct"] = (100 * found["cancelled"] / found["flights"]).round(2)
    found = found.merge(airlines, on="carrier", how="left").drop(columns="minutes").sort_values("delay_mean")
    context.add_output_metadata(
        {
            "carriers": MetadataValue.table(
                found[["name", "flights", "delay_mean", "cancelled_pct"]].to_dict("records")
            ),
            "mean delay": MetadataValue.chart(
                "bar",
                x=found["carrier"].tolist(),
                series=[ChartSeries("minutes", tuple(found["delay_mean"]))],
                y_label="minutes",
            ),
        }
    )
    return found


@asset(**_COMMON, kinds={"pandas"}, ins=_HOURS)
def weather_impact(context: AssetExecutionContext, delays_by_hour: pd.DataFrame) -> pd.DataFrame:
    """Mean delay by visibility, rain and wind: what bad weather costs."""
    hours = delays_by_hour[delays_by_hour["recorded"].fillna(False).astype(bool)]
    bins = {"visib": [0, 1, 3, 6, 9, 10.1], "precip": [-0.01, 0, 0.05, 0.2, 5], "wind_speed": [-0.1, 5, 10, 15, 20, 60]}
    parts = []
    for column, edges in bins.items():
        band = pd.cut(hours[column], edges).astype(str)
        minutes = (hours["delay_mean"] * hours["flights"]).groupby(band).sum()
        flights = hours["flights"].groupby(band).sum()
        parts.append(
            pd.DataFrame(
                {
                    "measure": column,
                    "band": minutes.index,
                    "flights": flights.values,
                    "delay_mean": (minutes / flights).round(2).values,
                }
            )
        )
    found = pd.concat(parts, ignore_index=True)
    found = found[found["band"] != "nan"]
    context.add_output_metadata(
        {"impact": MetadataValue.table(found.to_dict("records")), "days": int(delays_by_hour["day"].nunique())}
    )
    return found


@asset(**_COMMON, kinds={"numpy"}, ins=_HOURS)
def delay_model(context: AssetExecutionContext, delays_by_hour: pd.DataFrame) -> pd.DataFrame:
    """Ridge regression of the hourly mean delay on hour and weather; trained on all but the last fifth of days, tested
    on those."""
    hours = delays_by_hour.dropna(subset=["delay_mean", "wind_speed", "precip", "visib", "temp"]).sort_values("day")
    features = ["sched_hour", "wind_speed", "precip", "visib", "temp"]
    x = hours[features].to_numpy(float)
    x = np.column_stack([np.ones(len(x)), x, hours["sched_hour"].to_numpy(float) ** 2])
    y = hours["delay_mean"].to_numpy(float).clip(-30, 180)
    cut = max(int(len(x) * 0.8), 1)
    scale = np.where(x[:cut].std(axis=0) == 0, 1, x[:cut].std(axis=0))
    scaled = x / scale
    weights = np.linalg.solve(scaled[:cut].T @ scaled[:cut] + 1e-3 * cut * np.eye(x.shape[1]), scaled[:cut].T @ y[:cut])
    predicted = scaled[cut:] @ weights
    residual, total = ((y[cut:] - predicted) ** 2).sum(), ((y[cut:] - y[cut:].mean()) ** 2).sum()
    score = float(1 - residual / total) if total else float("nan")
    context.add_output_metadata(
        {
            "R² (held out)": score,
            "mean absolute error (min)": float(np.abs(y[cut:] - predicted).mean()),
            "rows": len(hours),
        }
    )
    return pd.DataFrame({"feature": ["intercept", *features, "sched_hour²"], "weight": weights / scale})


@asset(
    **_COMMON,
    kinds={"markdown"},
    ins={
        "carrier_punctuality": AssetIn(key=["marts", "carrier_punctuality"]),
        "weather_impact": AssetIn(key=["marts", "weather_impact"]),
        "delay_model": AssetIn(key=["marts", "delay_model"]),
    },
)
def punctuality_report(
    context: AssetExecutionContext,
    carrier_punctuality: pd.DataFrame,
    weather_impact: pd.DataFrame,
    delay_model: pd.DataFrame,
) -> pd.DataFrame:
    """The report: best and worst carrier, what weather costs, what the model has learned."""
    best, worst = carrier_punctuality.iloc[0], carrier_punctuality.iloc[-1]
    fog = weather_impact[weather_impact["measure"] == "visib"].sort_values("band")
    weights = delay_model.set_index("feature")["weight"]
    lines = [
        "# Punctuality of departures from New York, 2013",
        "",
        f"{int(carrier_punctuality['flights'].sum())} flights of {len(carrier_punctuality)} carriers.",
        "",
        (
            f"- Most punctual: **{best['name']}**, {best['delay_mean']:.1f} min at departure; "
            f"least: **{worst['name']}**, {worst['delay_mean']:.1f} min."
        ),
        (
            f"- An inch of rain in an hour moves the mean delay by {weights['precip']:+.0f} min, "
            f"a mile of visibility by {weights['visib']:+.1f} min."
        ),
        "",
        "| visibility (miles) | flights | mean delay (min) |",
        "|---|---|---|",
        *(f"| {row.band} | {row.flights} | {row.delay_mean} |" for row in fog.itertuples()),
    ]
    context.add_output_metadata({"report": MetadataValue.md("\n".join(lines))})
    return pd.DataFrame({"line": lines})
