import { describe, expect, it } from "vitest";
import { calendarCells, cellStates, parseChoice, printChoice, wrappedCells, yearsOf } from "../src/parts/partitions";

const days = Array.from({ length: 365 }, (_, day) => new Date(Date.UTC(2013, 0, 1 + day)).toISOString().slice(0, 10));

describe("partition cells", () => {
  it("spreads ranges of states over keys", () => {
    const states = cellStates({ kind: "time", total: 5, counts: {}, keys: ["a", "b", "c", "d", "e"], ranges: [[1, 2, "materialized"], [4, 9, "failed"]] });
    expect([...states]).toEqual([0, 1, 1, 0, 2]);
  });
  it("puts days on a calendar, Monday on top", () => {
    const drawn = calendarCells(days, "2013");
    expect(drawn.cells[0]).toEqual({ index: 0, column: 0, row: 1 });
    expect(drawn.cells[6]).toEqual({ index: 6, column: 1, row: 0 });
    expect(drawn.columns).toBe(53);
    expect(drawn.heads.map((head) => head.text)).toHaveLength(12);
    expect(new Set(drawn.cells.map((cell) => `${cell.column}/${cell.row}`)).size).toBe(365);
  });
  it("wraps other keys", () => {
    const drawn = wrappedCells(["a", "b", "c"], 0, 3, 2);
    expect(drawn.cells.at(-1)).toEqual({ index: 2, column: 0, row: 1 });
    expect(drawn.rows).toBe(2);
  });
  it("knows the years", () => expect(yearsOf([...days, "2014-01-01"])).toEqual(["2013", "2014"]));
});

describe("choices of partitions", () => {
  it.each([
    ["2013-01-01", 1],
    ["2013-01-01 ... 2013-01-31", 31],
    ["2013-01-31..2013-01-01", 31],
    ["2013-02*", 28],
    ["*", 365],
    ["2013-01-01, 2013-01-01, 2013-03-05", 2],
    ["", 0],
  ])("%s means %i", (text, size) => expect(parseChoice(text as string, days).keys).toHaveLength(size as number));
  it("names what does not exist", () => {
    expect(parseChoice("2014-01-01", days).problem).toContain("2014-01-01");
    expect(parseChoice("x*", days).problem).toContain("x");
  });
  it("prints ranges, and reads them back", () => {
    const chosen = parseChoice("2013-01-01 ... 2013-01-05, 2013-02-01, 2013-02-02, 2013-12-31", days).keys;
    expect(printChoice(chosen, days)).toBe("2013-01-01 ... 2013-01-05, 2013-02-01, 2013-02-02, 2013-12-31");
    expect(parseChoice(printChoice(chosen, days), days).keys).toEqual(chosen);
  });
});
