import { describe, expect, it } from "vitest";
import { chips, facetMark, removePart, setFacet } from "../src/filter/edit";
import { matches } from "../src/filter/match";
import { type Filter, parseFilter, plainTree, printFilter } from "../src/filter/parse";
import corpus from "./filter_corpus.json";

function tree(text: string): Filter {
  const result = parseFilter(text);
  if (!result.ok) throw new Error(result.error.message);
  return result.filter;
}

describe("filter grammar", () => {
  it.each(corpus.valid)("reads $text", ({ text, tree: expected }) => {
    expect(plainTree(tree(text))).toEqual(expected);
  });

  it.each(corpus.valid)("prints $text so that it reads the same", ({ text }) => {
    expect(plainTree(tree(printFilter(tree(text))))).toEqual(plainTree(tree(text)));
  });

  it.each(corpus.invalid)("points at the fault in $text", (fault) => {
    const result = parseFilter(fault.text, "keys" in fault ? fault.keys : undefined);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect([result.error.at, result.error.end]).toEqual(fault.error);
    if ("suggestion" in fault) expect(result.error.suggestion).toBe(fault.suggestion);
  });
});

describe("facets and chips", () => {
  it("adds a value as an alternative, keeps the rest", () => {
    expect(setFacet("state:failed noisy", "state", "running", "in")).toBe("state:failed,running noisy");
  });
  it("excludes and forgets", () => {
    const excluded = setFacet("since:24h", "job", "noisy", "out");
    expect(excluded).toBe("since:24h -job:noisy");
    expect(facetMark(excluded, "job", "noisy")).toBe("out");
    expect(setFacet(excluded, "job", "noisy", "none")).toBe("since:24h");
  });
  it("turns an exclusion into a wish", () => {
    expect(setFacet("-job:noisy", "job", "noisy", "in")).toBe("job:noisy");
  });
  it("shows conditions as chips and removes one", () => {
    expect(chips('since:24h -job:noisy "gust"').map((chip) => `${chip.label}=${chip.value}`)).toEqual([
      "since=24h",
      "not job=noisy",
    ]);
    expect(removePart('since:24h -job:noisy "gust"', "-job:noisy")).toBe("since:24h gust");
  });
});

describe("matching", () => {
  const facts = { fields: { state: ["failed"], key: ["core/delays"], owner: [] }, text: "core/delays by hour" };
  it.each([
    ["state:failed", true],
    ["state:failed,running key:core/*", true],
    ["-state:failed", false],
    ["key:raw/* | delays", true],
    ["HOUR", true],
    ["owner:me", false],
    ["up(core/x)", false],
  ])("%s is %s", (text, expected) => {
    expect(matches(tree(text as string), facts)).toBe(expected);
  });
});
