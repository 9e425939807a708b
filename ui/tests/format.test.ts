import { describe, expect, it } from "vitest";
import { cronInWords } from "../src/format/cron";
import { bytes, measure, plural, spelled } from "../src/format/number";
import { beginning, errorWords } from "../src/format/run";
import { age, ago, clock, clockMillis, currentZone, dayKey, dayMonth, duration, setZone, shortWhen, subscribeZone, upcoming, zoneLabel } from "../src/format/time";

const at = Date.UTC(2013, 10, 19, 14, 12, 4, 117);

describe("time in five zones", () => {
  it.each([
    ["America/New_York", "09:12", "2013-11-19", "New York, UTC−5"],
    ["UTC", "14:12", "2013-11-19", "UTC"],
    ["Europe/Berlin", "15:12", "2013-11-19", "Berlin, UTC+1"],
    ["Asia/Kolkata", "19:42", "2013-11-19", "Kolkata, UTC+5:30"],
    ["Pacific/Auckland", "03:12", "2013-11-20", "Auckland, UTC+13"],
  ])("%s", (zone, time, day, label) => {
    expect(clock(at, zone)).toBe(time);
    expect(dayKey(at, zone)).toBe(day);
    expect(zoneLabel(at, zone)).toBe(label);
  });

  it("keeps milliseconds", () => expect(clockMillis(at, "UTC")).toBe("14:12:04.117"));
  it("names the year only when it differs", () => {
    expect(dayMonth(at, at, "UTC")).toBe("19 Nov");
    expect(dayMonth(at, at + 400 * 86_400_000, "UTC")).toBe("19 Nov 2013");
  });
  it("shortens by day", () => {
    expect(shortWhen(at, at + 3_600_000, "UTC")).toBe("14:12");
    expect(shortWhen(at, at + 86_400_000, "UTC")).toBe("19 Nov");
  });
  it("names what comes", () => {
    expect(upcoming(at + 60_000, at, "UTC")).toBe("14:13");
    expect(upcoming(at + 86_400_000, at, "UTC")).toBe("tomorrow 14:12");
    expect(upcoming(at + 3 * 86_400_000, at, "UTC")).toBe("Fri 14:12");
    expect(upcoming(at + 9 * 86_400_000, at, "UTC")).toBe("Thu 28 Nov 14:12");
  });
  it("handles the hour that happens twice", () => {
    const first = Date.UTC(2013, 10, 3, 5, 30);
    expect(clock(first, "America/New_York")).toBe("01:30");
    expect(clock(first + 3_600_000, "America/New_York")).toBe("01:30");
    expect(zoneLabel(first, "America/New_York")).toBe("New York, UTC−4");
    expect(zoneLabel(first + 3_600_000, "America/New_York")).toBe("New York, UTC−5");
  });
});

describe("durations", () => {
  it.each([
    [0, "0 ms"],
    [0.22, "220 ms"],
    [0.9999, "1.0 s"],
    [9.44, "9.4 s"],
    [9.97, "10 s"],
    [59.6, "1 m 00 s"],
    [134, "2 m 14 s"],
    [3900, "1 h 05 m"],
    [187_200, "2 d 04 h"],
    [Number.NaN, ""],
  ])("%s s is %s", (seconds, text) => expect(duration(seconds as number)).toBe(text));
  it("ages", () => {
    expect(age(42)).toBe("42 s");
    expect(age(1800)).toBe("30 min");
    expect(ago(at, at + 3000)).toBe("just now");
    expect(ago(at, at + 4 * 3_600_000)).toBe("4 h ago");
  });
});

describe("cron in words", () => {
  it.each([
    ["0 5 * * *", "05:00 every day"],
    ["40 * * * *", "every hour at :40"],
    ["45 8 * * 1-5", "08:45 on weekdays"],
    ["0 6 * * 1", "Mondays 06:00"],
    ["* * * * *", "every minute"],
    ["*/5 * * * *", "every 5 min"],
    ["0 */6 * * *", "every 6 h at :00"],
    ["0 6,18 * * *", "06:00, 18:00 every day"],
    ["0 3 1 * *", "03:00 on the 1st of the month"],
    ["@daily", "00:00 every day"],
    ["0 0 1 1 *", "0 0 1 1 *"],
    ["nonsense", "nonsense"],
  ])("%s", (cron, words) => expect(cronInWords(cron)).toBe(words));
});

describe("numbers", () => {
  it("reads well", () => {
    expect(plural(1, "run")).toBe("1 run");
    expect(plural(336_776, "flight")).toBe("336,776 flights");
    expect(spelled(3)).toBe("Three");
    expect(bytes(48_200)).toBe("48 KB");
    expect(bytes(1_234_000_000)).toBe("1.2 GB");
    expect(measure(-1)).toBe("−1");
    expect(measure(12.4321)).toBe("12.4");
  });
});

it("draws nothing anew for another name of the same zone", () => {
  const before = currentZone();
  setZone("UTC");
  const changes: string[] = [];
  const stop = subscribeZone(() => changes.push(currentZone()));
  expect([setZone("Etc/UTC"), setZone("Zulu"), setZone("Nowhere/At_All"), setZone("Europe/Berlin")]).toEqual([true, true, false, true]);
  expect(changes).toEqual(["Europe/Berlin"]);
  stop();
  setZone(before);
});

describe("runs in words", () => {
  const parent = "01a1ffe5-c67e-733c-96d9-d75a08c88e13";
  it.each([
    ["manual", "ada", null, "started by ada"],
    ["schedule", "daily", null, "started by daily"],
    ["retry", "", parent, "retry of c88e13"],
    ["retry", "ada", parent, "retry of c88e13 by ada"],
    ["backfill", "01a1ffe5-c67e-733c-96d9-d75a08aaaaaa", parent, "started by backfill aaaaaa"],
    ["retry", "", null, "started by retry"],
  ])("%s by %s of %s", (triggerKind, triggerName, parentRunId, words) => expect(beginning({ triggerKind, triggerName, parentRunId })).toBe(words));
  it("names an error that says nothing", () => {
    expect(errorWords({ class_name: "MemoryError", message: "" })).toBe("MemoryError");
    expect(errorWords({ class_name: "ValueError", message: "no gust" })).toBe("ValueError: no gust");
  });
});
