/** A small, safe part of Markdown as elements: headings, lists, code, tables, emphasis, links. No HTML passes through. */

import type { ReactNode } from "react";

const INLINE = /(`[^`]+`)|(\*\*[^*]+\*\*)|(\*[^*\s][^*]*\*)|(\[[^\]]+\]\((?:https?:\/\/|\/)[^)\s]+\))/g;

function inline(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const found = match[0];
    parts.push(text.slice(from, match.index));
    const key = match.index;
    if (found.startsWith("`")) parts.push(<code key={key}>{found.slice(1, -1)}</code>);
    else if (found.startsWith("**")) parts.push(<b key={key}>{found.slice(2, -2)}</b>);
    else if (found.startsWith("*")) parts.push(<em key={key}>{found.slice(1, -1)}</em>);
    else {
      const cut = found.indexOf("](");
      parts.push(<a key={key} className="link" href={found.slice(cut + 2, -1)} rel="noopener noreferrer">{found.slice(1, cut)}</a>);
    }
    from = match.index + found.length;
  }
  return [...parts, text.slice(from)];
}

const cells = (line: string) => line.replace(/^\s*\||\|\s*$/g, "").split("|").map((cell) => cell.trim());

function block(text: string, key: number): ReactNode {
  const lines = text.split("\n");
  const [first = ""] = lines;
  const heading = /^(#{1,6})\s+(.*)$/.exec(first);
  if (heading && lines.length === 1) return <p key={key} className="md-head"><b>{inline(heading[2] ?? "")}</b></p>;
  if (first.startsWith("```")) return <pre key={key} className="code-box" tabIndex={0}>{lines.slice(1).filter((line) => !line.startsWith("```")).join("\n")}</pre>;
  if (lines.every((line) => /^\s*([-*]|\d+\.)\s/.test(line))) {
    return <ul key={key} className="md-list">{lines.map((line, index) => <li key={index}>{inline(line.replace(/^\s*([-*]|\d+\.)\s+/, ""))}</li>)}</ul>;
  }
  if (lines.length > 2 && /^\s*\|?[\s:|-]+\|[\s:|-]*$/.test(lines[1] ?? "")) {
    return (
      <table key={key} className="grid inset md-table">
        <thead><tr>{cells(first).map((cell, index) => <th key={index}>{inline(cell)}</th>)}</tr></thead>
        <tbody>{lines.slice(2).map((line, row) => <tr key={row}>{cells(line).map((cell, index) => <td key={index}>{inline(cell)}</td>)}</tr>)}</tbody>
      </table>
    );
  }
  return <p key={key}>{inline(lines.join(" "))}</p>;
}

/** Text with marks. */
export function Markdown({ text }: { text: string }) {
  const blocks = text.replaceAll("\r\n", "\n").split(/\n{2,}/).map((part) => part.trim()).filter(Boolean);
  return <div className="md">{blocks.map(block)}</div>;
}
