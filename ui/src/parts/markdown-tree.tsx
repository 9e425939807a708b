/** CommonMark (with tables, task lists and strikethrough) as elements. Only the lexer is used: no HTML is ever made. */

import { Lexer, type Token, type Tokens } from "marked";
import { Fragment, type ReactNode } from "react";

/** Lists and quotes within each other deeper than this are shown as they were written. */
const DEEPEST = 16;
const ENTITY = /&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});/g;
const LINK = /^(?:https?:\/\/|mailto:)/i;

/** `&lt;` as the character it stands for. */
function decoded(text: string): string {
  return text.includes("&") ? text.replace(ENTITY, (entity) => new DOMParser().parseFromString(entity, "text/html").documentElement.textContent ?? entity) : text;
}

/** The blocks of a text. */
export function MarkdownTree({ text }: { text: string }) {
  let tokens: Token[];
  try {
    tokens = new Lexer({ gfm: true }).lex(text);
  } catch {
    return <p className="md-plain">{text}</p>;
  }
  return <>{all(tokens, 0)}</>;
}

function all(tokens: readonly Token[] | undefined, depth: number): ReactNode[] {
  // Tokens have no identity of their own: their place is the key.
  return (tokens ?? []).map((token, index) => <Fragment key={index}>{depth > DEEPEST ? token.raw : element(token as Tokens.Generic, depth + 1)}</Fragment>);
}

function element(token: Tokens.Generic, depth: number): ReactNode {
  const inside = () => all(token.tokens, depth);
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading": {
      const Tag = `h${Math.min(6, token.depth + 2)}` as "h3" | "h4" | "h5" | "h6";
      return <Tag className={`md-head md-h${Math.min(3, token.depth)}`}>{inside()}</Tag>;
    }
    case "paragraph":
      return <p>{inside()}</p>;
    case "text":
      return token.tokens ? inside() : decoded(token.text);
    case "list":
      return list(token as Tokens.List, depth);
    case "blockquote":
      return <blockquote>{inside()}</blockquote>;
    case "code":
      return <pre className="code-box" tabIndex={0}>{token.text}</pre>;
    case "hr":
      return <hr />;
    case "table":
      return table(token as Tokens.Table, depth);
    case "strong":
      return <strong>{inside()}</strong>;
    case "em":
      return <em>{inside()}</em>;
    case "del":
      return <del>{inside()}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "link":
      return linked(token.href, token.title, inside());
    case "image":
      // A picture from elsewhere would tell its server who reads this: it is a link.
      return linked(token.href, token.title, token.text || token.href);
    case "checkbox":
      return <input type="checkbox" checked={Boolean(token.checked)} disabled readOnly aria-label={token.checked ? "done" : "open"} />;
    case "escape":
      return token.text;
    case "html":
      return token.block ? <p className="md-plain">{token.raw.trimEnd()}</p> : token.raw;
    default:
      return token.raw;
  }
}

function linked(href: string, title: string | null | undefined, content: ReactNode): ReactNode {
  const target = decoded(href);
  return LINK.test(target) ? <a className="link" href={target} title={title ?? undefined} rel="noopener noreferrer">{content}</a> : content;
}

function list(token: Tokens.List, depth: number): ReactNode {
  const items = token.items.map((item, index) => <li key={index} className={item.task ? "is-task" : undefined}>{all(item.tokens, depth)}</li>);
  if (!token.ordered) return <ul className="md-list">{items}</ul>;
  return <ol className="md-list" start={typeof token.start === "number" ? token.start : undefined}>{items}</ol>;
}

function table(token: Tokens.Table, depth: number): ReactNode {
  const side = (cell: Tokens.TableCell) => (cell.align === "right" ? "num" : cell.align === "center" ? "mid" : undefined);
  return (
    <div className="table-box" tabIndex={0} role="group" aria-label="Table">
      <table className="grid inset md-table">
        <thead><tr>{token.header.map((cell, index) => <th key={index} className={side(cell)}>{all(cell.tokens, depth)}</th>)}</tr></thead>
        <tbody>{token.rows.map((row, at) => <tr key={at}>{row.map((cell, index) => <td key={index} className={side(cell)}>{all(cell.tokens, depth)}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}
