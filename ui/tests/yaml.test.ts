import { describe, expect, it } from "vitest";
import { ConfigFault, parseConfig, type Plain, printConfig } from "../src/format/yaml";

describe("run config text", () => {
  it.each<[string, Plain]>([
    ["", {}],
    ["{\"a\": 1}", { a: 1 }],
    ["ops:\n  core__delays:\n    config:\n      max_null_share: 0.15 # was 0.02\n      fill: hour median\n", { ops: { core__delays: { config: { max_null_share: 0.15, fill: "hour median" } } } }],
    ["a: [1, 2]\nb: {\"c\": true}", { a: [1, 2], b: { c: true } }],
    ["a:\n- 1\n- two\nb: ~", { a: [1, "two"], b: null }],
    ["a:\n  - x: 1\n    y: 2\n  - x: 3", { a: [{ x: 1, y: 2 }, { x: 3 }] }],
    ["when: \"09:00\"\nurl: 'http://x'", { when: "09:00", url: "http://x" }],
    ["n: 007x\nm: -3\nz: 1e3", { n: "007x", m: -3, z: 1000 }],
    ["s: it's # fine", { s: "it's # fine" }],
  ])("reads %j", (text, value) => expect(parseConfig(text)).toEqual(value));

  it.each<[string, number]>([
    ["a: 1\na: 2", 2],
    ["a: 1\n   b: 2", 2],
    ["a: \"open", 1],
    ["a: &x 1", 1],
    ["a:\n\tb: 1", 2],
    ["just text\nmore", 2],
  ])("points at the line of the fault in %j", (text, line) => {
    try {
      parseConfig(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigFault);
      expect((error as ConfigFault).line).toBe(line);
    }
  });

  it("prints what it reads back", () => {
    const value: Plain = { ops: { "a/b": { config: { n: 1, s: "true", t: "x: y", e: {}, l: [1, "a b", { q: null }], u: "ü" } } } };
    expect(parseConfig(printConfig(value))).toEqual(value);
  });
  it("takes odd keys without harm", () => {
    expect(Object.getPrototypeOf(parseConfig("__proto__: 1"))).toBe(Object.prototype);
  });
});
