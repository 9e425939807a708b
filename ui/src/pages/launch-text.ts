/** What people type in the sheet that launches: run config and tags. */

import { type Plain, parseConfig } from "../format/yaml";

export type PlainMap = { [key: string]: Plain };

/** Whether a value is a map. */
export function isMap(value: Plain | undefined): value is PlainMap {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** A key under which a launch may be repeated. */
export function newKey(): string {
  // randomUUID exists only on secure origins; the numbers do on all.
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16).padStart(8, "0")).join("");
}

/** Run config as typed, or what is wrong with it. */
export function readConfig(text: string): { value: PlainMap | undefined; problem?: string } {
  try {
    const value = parseConfig(text);
    return isMap(value) ? { value } : { value: undefined, problem: "Run config is a map: ops, resources, execution." };
  } catch (error) {
    return { value: undefined, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Tags as typed, or what is wrong with them. */
export function readTags(text: string): { value: Record<string, string>; problem?: string } {
  const value: Record<string, string> = {};
  for (const part of text.split(",")) {
    if (part.trim() === "") continue;
    const tag = /^\s*([^:=]+?)\s*[:=]\s*(.*?)\s*$/.exec(part);
    if (!tag) return { value, problem: `"${part.trim()}" is not "name: value".` };
    value[tag[1] ?? ""] = tag[2] ?? "";
  }
  return { value };
}
