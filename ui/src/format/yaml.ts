/**
 * The part of YAML that run config needs: nested maps, lists, scalars, quoted text, comments, and JSON inline.
 * Anchors, tags and multi-line text are refused with the line they stand on, never guessed at.
 */

export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** What is wrong and on which line (from 1). */
export class ConfigFault extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(`Line ${line}: ${message}`);
  }
}

interface Line {
  number: number;
  indent: number;
  text: string;
}

function stripComment(text: string): string {
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (quote !== "") {
      if (char === "\\" && quote === '"') at += 1;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "#" && (at === 0 || /\s/.test(text[at - 1] ?? ""))) return text.slice(0, at);
  }
  return text;
}

function linesOf(text: string): Line[] {
  return text.split("\n").flatMap((raw, index) => {
    if (/^\s*\t/.test(raw)) throw new ConfigFault("indent with spaces, not tabs.", index + 1);
    const cut = stripComment(raw).trimEnd();
    if (cut.trim() === "" || cut.trim() === "---") return [];
    return [{ number: index + 1, indent: cut.length - cut.trimStart().length, text: cut.trim() }];
  });
}

function scalar(text: string, line: number): Plain {
  if (text === "" || text === "~" || text === "null") return null;
  if (text === "true" || text === "false") return text === "true";
  if (/^[-+]?(\d+|\d*\.\d+|\d+\.\d*)([eE][-+]?\d+)?$/.test(text)) return Number(text);
  if (text.startsWith('"') || text.startsWith("{") || text.startsWith("[")) {
    try {
      return JSON.parse(text) as Plain;
    } catch {
      throw new ConfigFault(`${text} is not closed or not valid.`, line);
    }
  }
  if (text.startsWith("'")) {
    if (text.length < 2 || !text.endsWith("'")) throw new ConfigFault("this quotation is not closed.", line);
    return text.slice(1, -1).replaceAll("''", "'");
  }
  if (/^[&*!|>%@`]/.test(text)) throw new ConfigFault(`"${text[0]}" has a meaning in YAML that is not understood here; put the text in quotes.`, line);
  return text;
}

const ENTRY = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s:#][^:#]*?)\s*:(?:\s+(.*))?$/;

class Reader {
  private at = 0;
  constructor(private readonly lines: readonly Line[]) {}

  whole(): Plain {
    const first = this.lines[0];
    if (!first) return {};
    const value = this.block(first.indent);
    const rest = this.lines[this.at];
    if (rest) throw new ConfigFault("this is indented less or more than the lines around it.", rest.number);
    return value;
  }

  private block(indent: number): Plain {
    const line = this.lines[this.at];
    if (!line) return null;
    if (line.text.startsWith("- ") || line.text === "-") return this.list(indent);
    if (ENTRY.test(line.text)) return this.map(indent);
    this.at += 1;
    return scalar(line.text, line.number);
  }

  private map(indent: number): Plain {
    const made: { [key: string]: Plain } = {};
    for (let line = this.lines[this.at]; line && line.indent === indent; line = this.lines[this.at]) {
      const entry = ENTRY.exec(line.text);
      if (!entry) throw new ConfigFault(`"${line.text}" is not "key: value".`, line.number);
      const key = String(scalar(entry[1] ?? "", line.number));
      if (Object.hasOwn(made, key)) throw new ConfigFault(`"${key}" stands here twice.`, line.number);
      this.at += 1;
      const rest = entry[2]?.trim() ?? "";
      const next = this.lines[this.at];
      const deeper = next && (next.indent > indent || (next.indent === indent && next.text.startsWith("-")));
      Object.defineProperty(made, key, { value: rest === "" && deeper ? this.block(next.indent) : scalar(rest, line.number), enumerable: true, configurable: true, writable: true });
    }
    return made;
  }

  private list(indent: number): Plain {
    const made: Plain[] = [];
    for (let line = this.lines[this.at]; line && line.indent === indent && line.text.startsWith("-"); line = this.lines[this.at]) {
      const rest = line.text.slice(1).trim();
      if (rest !== "" && ENTRY.test(rest) && !/^["'{[]/.test(rest)) {
        // `- key: value` opens a map whose indent is where the key stands.
        const inner = line.indent + line.text.indexOf(rest);
        (this.lines as Line[])[this.at] = { number: line.number, indent: inner, text: rest };
        made.push(this.map(inner));
        continue;
      }
      this.at += 1;
      const next = this.lines[this.at];
      made.push(rest === "" && next && next.indent > indent ? this.block(next.indent) : scalar(rest, line.number));
    }
    return made;
  }
}

/** Read config written as JSON or YAML. Throws `ConfigFault`. */
export function parseConfig(text: string): Plain {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) {
    try {
      return JSON.parse(trimmed) as Plain;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const place = Number(/line (\d+)/.exec(message)?.[1] ?? trimmed.slice(0, Number(/position (\d+)/.exec(message)?.[1] ?? 0)).split("\n").length);
      throw new ConfigFault("this is not valid JSON.", place);
    }
  }
  return new Reader(linesOf(text)).whole();
}

function printScalar(value: Plain): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const plain = /^[A-Za-z_/][\w ./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value) && value.trim() === value;
  return plain ? value : JSON.stringify(value);
}

/** Write config as YAML that `parseConfig` reads back. */
export function printConfig(value: Plain, indent = 0): string {
  const pad = " ".repeat(indent);
  if (Array.isArray(value)) return value.map((item) => `${pad}- ${item !== null && typeof item === "object" ? JSON.stringify(item) : printScalar(item)}`).join("\n");
  if (value === null || typeof value !== "object") return pad + printScalar(value);
  return Object.entries(value).map(([key, item]) => {
    const name = printScalar(key);
    if (item === null || typeof item !== "object" || Object.keys(item).length === 0) return `${pad}${name}: ${item !== null && typeof item === "object" ? JSON.stringify(item) : printScalar(item)}`;
    return `${pad}${name}:\n${printConfig(item, indent + 2)}`;
  }).join("\n");
}
