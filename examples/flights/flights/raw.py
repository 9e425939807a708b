"""Raw tables, as they were published."""

from __future__ import annotations

import pandas as pd

from flights.source import Nycflights
from rostrum import AssetExecutionContext, DailyPartitionsDefinition, asset

days = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2014-01-01", timezone="America/New_York")


@asset(key_prefix="raw", group_name="raw", kinds={"csv"}, owners=["team:ingest"])
def airlines(nycflights: Nycflights) -> pd.DataFrame:
    """Carrier codes and names."""
    return nycflights.table("airlines")


@asset(key_prefix="raw", group_name="raw", kinds={"csv"}, owners=["team:ingest"])
def airports(nycflights: Nycflights) -> pd.DataFrame:
    """Airports with position and time zone. Four destinations in the Caribbean are missing."""
    return nycflights.table("airports")


@asset(key_prefix="raw", group_name="raw", kinds={"csv"}, owners=["team:ingest"])
def planes(nycflights: Nycflights) -> pd.DataFrame:
    """Planes by tail number. About one flight in six has a tail number that is not here."""
    return nycflights.table("planes")


@asset(key_prefix="raw", group_name="raw", kinds={"csv"}, owners=["team:ingest"], partitions_def=days)
def flights(context: AssetExecutionContext, nycflights: Nycflights) -> pd.DataFrame:
    """Every departure from EWR, JFK and LGA on one day."""
    found = nycflights.day("flights", context.partition_key)
    context.log.info("%d flights left New York on %s", len(found), context.partition_key)
    return found


@asset(key_prefix="raw", group_name="raw", kinds={"csv"}, owners=["team:ingest"], partitions_def=days)
def weather(context: AssetExecutionContext, nycflights: Nycflights) -> pd.DataFrame:
    """Hourly weather at the three airports. Some hours of the year were never recorded."""
    return nycflights.day("weather", context.partition_key)
