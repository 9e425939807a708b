/**
 * The filter language of every list and of the graph:
 * `state:failed group:core -job:noisy (a | b) up(core/orders, 2) since:7d "text"`.
 *
 * expression := alternative ( '|' alternative )*        alternatives
 * alternative := term+                                   all must hold
 * term := '-' term | '(' expression ')' | call | key ':' values | word
 * values := value ( ',' value )*                         any may match
 *
 * The same grammar is read by server and CLI; `tests/filter_corpus.json` is the shared test.
 */

/** A node of the syntax tree. `at` is the offset of its first character in the text. */
export type Filter =
  | { kind: "all"; items: Filter[]; at: number }
  | { kind: "any"; items: Filter[]; at: number }
  | { kind: "not"; item: Filter; at: number }
  | { kind: "field"; key: string; values: string[]; at: number; end: number }
  | { kind: "call"; name: string; args: string[]; at: number; end: number }
  | { kind: "text"; value: string; at: number; end: number };

/** What is wrong, where (offsets into the text), and what would mend it. */
export interface FilterError {
  message: string;
  at: number;
  end: number;
  suggestion?: string;
}

export type FilterResult = { ok: true; filter: Filter } | { ok: false; error: FilterError };

type Mark = "(" | ")" | "|" | "," | ":" | "-";
interface Token {
  kind: Mark | "word" | "quoted" | "end";
  text: string;
  at: number;
  end: number;
  /** No white space stands before this token. */
  glued: boolean;
}

class Fault extends Error {
  constructor(
    message: string,
    readonly at: number,
    readonly end: number,
    readonly suggestion?: string,
  ) {
    super(message);
  }
}

const SPECIAL = new Set(["(", ")", "|", ",", ":", '"']);

function readQuoted(text: string, start: number): { value: string; end: number } {
  let value = "";
  let index = start + 1;
  while (index < text.length && text[index] !== '"') {
    if (text[index] === "\\" && index + 1 < text.length) index += 1;
    value += text[index];
    index += 1;
  }
  if (index >= text.length) throw new Fault("This quotation is not closed.", start, text.length, `${text}"`);
  return { value, end: index + 1 };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let index = 0;
  let glued = false;
  while (index < text.length) {
    const char = text[index] as string;
    if (/\s/.test(char)) {
      glued = false;
      index += 1;
      continue;
    }
    const at = index;
    if (char === '"') {
      const quoted = readQuoted(text, index);
      tokens.push({ kind: "quoted", text: quoted.value, at, end: quoted.end, glued });
      index = quoted.end;
    } else if (SPECIAL.has(char) || (char === "-" && !glued)) {
      tokens.push({ kind: char as Mark, text: char, at, end: at + 1, glued });
      index += 1;
    } else {
      while (index < text.length && !/\s/.test(text[index] as string) && !SPECIAL.has(text[index] as string)) index += 1;
      tokens.push({ kind: "word", text: text.slice(at, index), at, end: index, glued });
    }
    glued = true;
  }
  tokens.push({ kind: "end", text: "", at: text.length, end: text.length, glued: false });
  return tokens;
}

class Parser {
  private position = 0;
  constructor(
    private readonly text: string,
    private readonly tokens: Token[],
    private readonly keys: readonly string[] | undefined,
  ) {}

  whole(): Filter {
    const filter = this.peek().kind === "end" ? { kind: "all" as const, items: [], at: 0 } : this.expression();
    const rest = this.peek();
    if (rest.kind !== "end") {
      throw new Fault(`"${rest.text}" is not expected here.`, rest.at, rest.end, this.without(rest));
    }
    return filter;
  }

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.position + ahead, this.tokens.length - 1)] as Token;
  }

  private next(): Token {
    const token = this.peek();
    this.position += 1;
    return token;
  }

  private without(token: Token): string {
    return (this.text.slice(0, token.at) + this.text.slice(token.end)).replace(/\s+/g, " ").trim();
  }

  private expression(): Filter {
    const at = this.peek().at;
    const items = [this.conjunction()];
    while (this.peek().kind === "|") {
      this.next();
      items.push(this.conjunction());
    }
    return items.length === 1 ? (items[0] as Filter) : { kind: "any", items, at };
  }

  private conjunction(): Filter {
    const at = this.peek().at;
    const items: Filter[] = [];
    while (!["end", ")", "|"].includes(this.peek().kind)) items.push(this.term());
    if (items.length === 0) {
      const token = this.peek();
      throw new Fault("A condition is missing here.", token.at, token.end);
    }
    return items.length === 1 ? (items[0] as Filter) : { kind: "all", items, at };
  }

  private term(): Filter {
    const token = this.next();
    if (token.kind === "-") return { kind: "not", item: this.term(), at: token.at };
    if (token.kind === "(") return this.group(token);
    if (token.kind === "quoted") return { kind: "text", value: token.text, at: token.at, end: token.end };
    if (token.kind !== "word") {
      throw new Fault(`"${token.text}" is not expected here.`, token.at, token.end, this.without(token));
    }
    const after = this.peek();
    if (after.kind === ":" && after.glued) return this.field(token);
    if (after.kind === "(" && after.glued) return this.call(token);
    return { kind: "text", value: token.text, at: token.at, end: token.end };
  }

  private group(open: Token): Filter {
    const inner = this.expression();
    const close = this.next();
    if (close.kind !== ")") throw new Fault("This parenthesis is not closed.", open.at, open.end, `${this.text})`);
    return inner;
  }

  private field(key: Token): Filter {
    if (this.keys && !this.keys.includes(key.text)) {
      const near = nearest(key.text, this.keys);
      const suggestion = near && this.text.slice(0, key.at) + near + this.text.slice(key.end);
      throw new Fault(`"${key.text}" is not a field here. Fields: ${this.keys.join(", ")}.`, key.at, key.end, suggestion);
    }
    const colon = this.next();
    const values: string[] = [];
    let end = colon.end;
    do {
      const value = this.next();
      if (value.kind !== "word" && value.kind !== "quoted" && value.kind !== "-") {
        throw new Fault(`A value for "${key.text}" is missing.`, key.at, colon.end, this.without(colon));
      }
      let text = value.text;
      end = value.end;
      // A value may hold colons: `since:2013-11-19T09:00`.
      while (this.peek().glued && (this.peek().kind === ":" || this.peek().kind === "word")) {
        text += this.peek().text;
        end = this.next().end;
      }
      values.push(text);
    } while (this.peek().kind === "," && this.next());
    return { kind: "field", key: key.text, values, at: key.at, end };
  }

  private call(name: Token): Filter {
    this.next();
    const args: string[] = [];
    while (this.peek().kind === "word" || this.peek().kind === "quoted") {
      args.push(this.next().text);
      if (this.peek().kind === ",") this.next();
    }
    const close = this.next();
    if (close.kind !== ")") throw new Fault(`"${name.text}(" is not closed.`, name.at, name.end + 1, `${this.text})`);
    return { kind: "call", name: name.text, args, at: name.at, end: close.end };
  }
}

/** The known word closest to `word`, or undefined when none is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 2));
  for (const candidate of known) {
    const gap = candidate.startsWith(word) ? 1 : distance(word, candidate);
    if (gap < bestDistance) {
      best = candidate;
      bestDistance = gap;
    }
  }
  return best;
}

function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/** Read a filter. With `keys`, an unknown field is an error that suggests the nearest one. */
export function parseFilter(text: string, keys?: readonly string[]): FilterResult {
  try {
    return { ok: true, filter: new Parser(text, tokenize(text), keys).whole() };
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    const error: FilterError = { message: fault.message, at: fault.at, end: fault.end };
    if (fault.suggestion) error.suggestion = fault.suggestion;
    return { ok: false, error };
  }
}

const PLAIN = /^[^\s()|,:"-][^\s()|,:"]*$/;

function quote(value: string): string {
  return PLAIN.test(value) ? value : `"${value.replace(/(["\\])/g, "\\$1")}"`;
}

function quoteValue(value: string): string {
  return /^[^\s()|,"-][^\s()|,"]*$/.test(value) ? value : `"${value.replace(/(["\\])/g, "\\$1")}"`;
}

/** The text of a tree; `parseFilter(printFilter(f))` gives an equal tree. */
export function printFilter(filter: Filter, inside: "top" | "any" | "all" | "not" = "top"): string {
  switch (filter.kind) {
    case "field":
      return `${filter.key}:${filter.values.map(quoteValue).join(",")}`;
    case "call":
      return `${filter.name}(${filter.args.map(quote).join(", ")})`;
    case "text":
      return quote(filter.value);
    case "not":
      return `-${printFilter(filter.item, "not")}`;
    case "all": {
      const text = filter.items.map((item) => printFilter(item, "all")).join(" ");
      return inside === "not" || inside === "all" ? `(${text})` : text;
    }
    case "any": {
      const text = filter.items.map((item) => printFilter(item, "any")).join(" | ");
      return inside === "top" ? text : `(${text})`;
    }
  }
}

/** The tree without offsets: what the shared corpus compares. */
export function plainTree(filter: Filter): unknown {
  switch (filter.kind) {
    case "all":
    case "any":
      return { [filter.kind]: filter.items.map(plainTree) };
    case "not":
      return { not: plainTree(filter.item) };
    case "field":
      return { field: filter.key, values: filter.values };
    case "call":
      return { call: filter.name, args: filter.args };
    case "text":
      return { text: filter.value };
  }
}
