// A made-up project about the flights that left New York in 2013: definitions only. Used by the mock server.

/** A small seeded generator, so that every start shows the same data. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

// name: dependencies. Order matters: dependencies first.
const FLIGHTS = {
  "raw/flights": [], "raw/weather": [], "raw/planes": [], "raw/airports": [], "raw/airlines": [], "raw/holidays": [], "raw/runways": [],
  "raw/faa_notices": [], "raw/metar": [], "raw/bts_codes": [],
  "stage/flights_clean": ["raw/flights"], "stage/weather_hourly": ["raw/weather"], "stage/tail_numbers": ["raw/planes"],
  "stage/airport_geo": ["raw/airports"], "stage/airline_names": ["raw/airlines"], "stage/calendar": ["raw/holidays"],
  "stage/runway_use": ["raw/runways"], "stage/notices_clean": ["raw/faa_notices", "raw/bts_codes"], "stage/metar_parsed": ["raw/metar"],
  "core/airport_day": ["stage/flights_clean", "stage/airport_geo"], "core/cancellations": ["stage/flights_clean"],
  "core/delays_by_hour": ["stage/flights_clean", "stage/weather_hourly"], "core/route_day": ["stage/flights_clean"],
  "core/carrier_day": ["stage/flights_clean", "stage/airline_names"], "core/fleet_age": ["stage/tail_numbers"],
  "core/taxi_times": ["stage/flights_clean", "stage/runway_use"], "core/ground_stops": ["stage/notices_clean"],
  "core/wind_rose": ["stage/metar_parsed"], "core/otp_daily": ["core/airport_day"], "core/delay_causes": ["core/cancellations"],
  "core/knock_on": ["core/delays_by_hour"], "core/late_arrivals": ["core/delays_by_hour"], "core/route_month": ["core/route_day"],
  "core/carrier_month": ["core/carrier_day"], "core/seat_miles": ["core/fleet_age", "stage/airport_geo"], "core/turnaround": ["core/taxi_times"],
  "core/gate_hours": ["core/ground_stops"], "core/storm_days": ["core/wind_rose", "stage/calendar"],
  "marts/airport_league": ["core/otp_daily"], "marts/public_summary": ["core/delay_causes"], "marts/weather_impact": ["core/knock_on"],
  "marts/punctuality_report": ["core/late_arrivals", "core/knock_on"], "marts/route_scorecard": ["core/route_month"],
  "marts/carrier_league": ["core/carrier_month", "raw/airlines"], "marts/gate_turnaround": ["core/turnaround"],
  "ml/labels": ["core/late_arrivals"], "ml/features_route": ["core/seat_miles", "core/route_month"],
  "ml/features_daily": ["core/storm_days", "core/gate_hours"], "ml/model_card": ["ml/labels"], "ml/eval": ["ml/labels"],
  "ml/delay_model": ["ml/features_route", "ml/features_daily", "ml/labels"], "ml/delay_forecast": ["ml/features_route"], "ml/drift": ["ml/features_daily"],
  "export/feed_json": ["marts/airport_league"], "export/report_pdf": ["marts/punctuality_report"], "export/csv_bts": ["marts/public_summary"],
  "export/parquet_public": ["marts/route_scorecard"], "ops/status_page": ["marts/public_summary"], "ops/notify_delays": ["marts/punctuality_report"],
};
const UNPARTITIONED = new Set(["raw/planes", "raw/airports", "raw/airlines", "raw/holidays", "raw/bts_codes", "stage/airport_geo", "stage/airline_names"]);
const OWNERS = { raw: "data-platform", stage: "data-platform", core: "analytics", marts: "analytics", ml: "ml-team", export: "publishing", ops: "on-call" };

function flights() {
  return Object.entries(FLIGHTS).map(([key, deps], index) => {
    const group = key.split("/")[0];
    return {
      key, deps, group, location: group === "ml" ? "ml" : "flights", owner: OWNERS[group],
      kinds: group === "export" ? ["file"] : key === "marts/punctuality_report" ? ["report"] : group === "ml" && key.includes("model") ? ["model"] : ["pandas", "parquet"],
      partitioned: !UNPARTITIONED.has(key), description: describe(key), file: `flights/${group}.py:${20 + ((index * 17) % 180)}`,
    };
  });
}

function describe(key) {
  const known = {
    "raw/flights": "All flights that left New York in 2013, as the **Bureau** published them.",
    "raw/weather": "Hourly weather at the three airports, with known gaps in wind gust.",
    "core/delays_by_hour": "Delays by scheduled hour and airport, with weather.",
    "marts/punctuality_report": "How late, where and why: one page a day.",
  };
  return known[key] ?? `${key.split("/")[1].replaceAll("_", " ")} of the flights that left New York.`;
}

/** A layered project of any size, for looking at big graphs. */
function synthetic(count) {
  const next = seeded(11);
  const assets = [];
  for (let index = 0; index < count; index += 1) {
    const group = `team_${String(Math.floor((index / count) * 120)).padStart(3, "0")}`;
    const deps = new Set();
    for (let edge = 0; edge < 2 && index > 0; edge += 1) {
      const reach = next() < 0.92 ? count / 40 : count / 8;
      deps.add(`${assets[Math.max(0, Math.floor(index - 1 - next() * reach))].key}`);
    }
    assets.push({ key: `${group}/table_${index}`, deps: [...deps], group, location: "flights", owner: "analytics", kinds: ["table"], partitioned: true, description: "", file: `big/${group}.py:${index}` });
  }
  return assets;
}

/** The assets of the project; `size` of 0 means the flights. */
export const assetsOf = (size) => (size > 0 ? synthetic(size) : flights());

/** Every day of 2013. */
export const DAYS = Array.from({ length: 365 }, (_, day) => new Date(Date.UTC(2013, 0, 1 + day)).toISOString().slice(0, 10));
