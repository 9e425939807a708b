/** Values that people attach to events and definitions, each in its own form. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MetadataValue, TableSchema } from "../api/shapes";
import { measure } from "../format/number";
import { shortId } from "../format/run";
import { Chart } from "./chart";
import { Markdown } from "./markdown";
import { Time } from "./time";

/** Kinds that need room of their own. */
const WIDE = new Set(["markdown", "table", "table_schema", "chart", "json"]);

/** Whether a value is better shown as a block than in a line. */
export function isWide(value: MetadataValue): boolean {
  return WIDE.has(value.kind) && !(value.kind === "json" && JSON.stringify(value.value).length < 60);
}

/** `rows_loaded` as people read it. */
export function labelOf(name: string): string {
  const text = name.replaceAll("_", " ").replaceAll("/", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function safeUrl(url: string): string | undefined {
  return /^(https?:\/\/|\/(?!\/))/.test(url) ? url : undefined;
}

/** One value. */
export function Metadata({ name, value }: { name: string; value: MetadataValue }): ReactNode {
  switch (value.kind) {
    case "int":
      return measure(value.value);
    case "float":
      return typeof value.value === "number" ? measure(value.value) : value.value;
    case "bool":
      return value.value ? "yes" : "no";
    case "null":
      return <span className="faint">none</span>;
    case "url": {
      const href = safeUrl(value.value);
      return href ? <a className="link" href={href} rel="noopener noreferrer">{value.value}</a> : value.value;
    }
    case "path":
    case "notebook":
      return <span className="mono">{value.value}</span>;
    case "asset":
      return <Link className="link" to="/a/$" params={{ _splat: value.value }}>{value.value}</Link>;
    case "run":
      return <Link className="link mono" to="/r/$runId" params={{ runId: value.value }}>{shortId(value.value)}</Link>;
    case "timestamp":
      return <Time at={value.value} form="ago" />;
    case "markdown":
      return <Markdown text={value.value} />;
    case "json":
      return isWide(value) ? <pre className="code-box" tabIndex={0}>{JSON.stringify(value.value, null, 2)}</pre> : <code>{JSON.stringify(value.value)}</code>;
    case "table_schema":
      return <SchemaTable schema={value.value} />;
    case "table":
      return <RecordTable schema={value.schema} records={value.records} label={labelOf(name)} />;
    case "job":
      return `${value.location_name}: ${value.job_name}`;
    case "python_artifact":
      return <span className="mono">{`${value.module}:${value.name}`}</span>;
    case "column_lineage":
      return <span>{Object.entries(value.value.deps_by_column).map(([column, deps]) => `${column}: ${deps.map((dep) => `${dep.asset_key.path.join("/")}.${dep.column_name}`).join(", ")}`).join("; ")}</span>;
    case "code_references":
      return <span className="mono">{value.code_references.map((reference) => reference.label ?? reference.url ?? `${reference.file_path}:${reference.line_number ?? 1}`).join(", ")}</span>;
    case "chart":
      return <Chart type={value.type} x={value.x} series={value.series} xLabel={value.x_label ?? ""} yLabel={value.y_label ?? ""} label={labelOf(name)} />;
    default:
      return value.value;
  }
}

/** Columns of a table. */
export function SchemaTable({ schema }: { schema: TableSchema }) {
  const meaning = (column: TableSchema["columns"][number]) => [column.description, column.constraints?.nullable === false && "never empty", column.constraints?.unique && "unique", ...(column.constraints?.other ?? [])].filter(Boolean).join("; ");
  const told = schema.columns.some((column) => meaning(column) !== "");
  return (
    <table className="grid inset">
      <thead><tr><th className="col-name">Column</th><th className="col-type">Type</th>{told ? <th>Meaning</th> : <th><span className="sr">Meaning</span></th>}</tr></thead>
      <tbody>
        {schema.columns.map((column) => (
          <tr key={column.name}>
            <td><span className="key">{column.name}</span></td>
            <td className="mono muted">{column.type ?? "string"}</td>
            <td className="muted" title={column.description ?? ""}>{meaning(column)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A small table of records. */
export function RecordTable({ schema, records, label }: { schema: TableSchema; records: readonly (readonly (string | number | boolean | null)[])[]; label: string }) {
  const numeric = schema.columns.map((_, at) => records.every((record) => record[at] === null || typeof record[at] === "number"));
  const show = (cell: string | number | boolean | null | undefined) => (typeof cell === "number" ? measure(cell) : cell === null || cell === undefined ? "" : String(cell));
  return (
    <div className="table-box record-table" tabIndex={0} role="group" aria-label={label}>
      <table className="grid inset">
        <thead><tr>{schema.columns.map((column, at) => <th key={column.name} className={numeric[at] ? "num" : undefined}>{column.name}</th>)}</tr></thead>
        <tbody>
          {records.slice(0, 200).map((record, row) => (
            // Records have no identity of their own.
            <tr key={row}>{schema.columns.map((column, at) => <td key={column.name} className={numeric[at] ? "num" : undefined}>{show(record[at])}</td>)}</tr>
          ))}
        </tbody>
      </table>
      {records.length > 200 && <p className="faint">and {records.length - 200} more rows</p>}
    </div>
  );
}
