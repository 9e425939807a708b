/** Numbers in words: thin, tabular, unit after a space. */

const plain = new Intl.NumberFormat("en-US");
const WORDS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"];

/** `336,776` */
export function count(value: number): string {
  return plain.format(value);
}

/** `3 runs`, `1 run`; the plural is given when it is irregular. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A number at the head of a sentence: `Three`, `17`. */
export function spelled(value: number): string {
  return WORDS[value] ?? count(value);
}

/** `48 KB`, `1.2 GB` (powers of 1000, as storage is sold). */
export function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let rest = value;
  let unit = 0;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : Number(rest.toPrecision(2))} ${units[unit]}`;
}

/** A measure: whole and large numbers with separators, others with three significant digits. */
export function measure(value: number): string {
  if (Number.isInteger(value)) return count(value).replace("-", "−");
  const size = Math.abs(value);
  const text = size >= 1000 ? count(Math.round(value)) : size >= 100 ? value.toFixed(1) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}
