/** Chips and facets: small edits of a filter that keep the rest of it as the user wrote it. */

import { type Filter, parseFilter, printFilter } from "./parse";

/** Whether a facet value is asked for, excluded, or not mentioned. */
export type FacetMark = "in" | "out" | "none";

function parts(text: string): Filter[] {
  const result = parseFilter(text);
  if (!result.ok) return [];
  return result.filter.kind === "all" ? result.filter.items : [result.filter];
}

function join(items: Filter[]): string {
  return printFilter({ kind: "all", items, at: 0 });
}

/** How `text` marks the value of a field at its top level. */
export function facetMark(text: string, key: string, value: string): FacetMark {
  for (const part of parts(text)) {
    if (part.kind === "field" && part.key === key && part.values.includes(value)) return "in";
    if (part.kind === "not" && part.item.kind === "field" && part.item.key === key && part.item.values.includes(value)) {
      return "out";
    }
  }
  return "none";
}

/** Set the mark of one value of a field; several values of one field are alternatives. */
export function setFacet(text: string, key: string, value: string, mark: FacetMark): string {
  const kept: Filter[] = [];
  let merged = false;
  for (const part of parts(text)) {
    const field = part.kind === "not" ? part.item : part;
    if (field.kind !== "field" || field.key !== key) {
      kept.push(part);
      continue;
    }
    const values = field.values.filter((item) => item !== value);
    if (part.kind === "field" && mark === "in" && !merged) {
      values.push(value);
      merged = true;
    }
    if (values.length === 0) continue;
    const next: Filter = { ...field, values };
    kept.push(part.kind === "not" ? { ...part, item: next } : next);
  }
  if (mark !== "none" && !merged) {
    const field: Filter = { kind: "field", key, values: [value], at: 0, end: 0 };
    kept.push(mark === "in" ? field : { kind: "not", item: field, at: 0 });
  }
  return join(kept);
}

/** A filter as chips: each top-level condition with the words shown on it. */
export interface Chip {
  label: string;
  value: string;
  text: string;
}

/** The chips of a filter; free text stays in the input and is not a chip. */
export function chips(text: string): Chip[] {
  return parts(text).flatMap((part): Chip[] => {
    if (part.kind === "field") return [{ label: part.key, value: part.values.join(", "), text: printFilter(part) }];
    if (part.kind === "not" && part.item.kind === "field") {
      return [{ label: `not ${part.item.key}`, value: part.item.values.join(", "), text: printFilter(part) }];
    }
    if (part.kind === "call") return [{ label: part.name, value: part.args.join(", "), text: printFilter(part) }];
    return [];
  });
}

/** The filter without one of its conditions (given as the chip's text). */
export function removePart(text: string, chip: string): string {
  return join(parts(text).filter((part) => printFilter(part) !== chip));
}

/** The free words and phrases of a filter, lower case. */
export function freeText(text: string): string[] {
  return parts(text).flatMap((part) => (part.kind === "text" ? [part.value.toLowerCase()] : []));
}
