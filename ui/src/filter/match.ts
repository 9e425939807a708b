/** Deciding whether a record fits a filter, for lists small enough to be in the browser whole. */

import type { Filter } from "./parse";

/** How a record answers: the values of a field, and the text free words are sought in. */
export interface Facts {
  fields: Record<string, readonly string[]>;
  text: string;
  /** Answers `up(core/orders, 2)` and the like; absent means no call matches. */
  call?: (name: string, args: readonly string[]) => boolean;
}

function matchesValue(actual: string, wanted: string): boolean {
  const have = actual.toLowerCase();
  const want = wanted.toLowerCase();
  if (!want.includes("*")) return have === want;
  const pattern = want.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  return new RegExp(`^${pattern}$`).test(have);
}

/** Whether the record behind `facts` fits. */
export function matches(filter: Filter, facts: Facts): boolean {
  switch (filter.kind) {
    case "all":
      return filter.items.every((item) => matches(item, facts));
    case "any":
      return filter.items.some((item) => matches(item, facts));
    case "not":
      return !matches(filter.item, facts);
    case "field":
      return filter.values.some((value) => (facts.fields[filter.key] ?? []).some((actual) => matchesValue(actual, value)));
    case "call":
      return facts.call?.(filter.name, filter.args) ?? false;
    case "text":
      return facts.text.toLowerCase().includes(filter.value.toLowerCase());
  }
}
