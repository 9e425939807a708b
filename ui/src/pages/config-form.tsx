/** A form from a JSON schema, for config whose fields are simple. Bound to the same value as the text. */

import { useId } from "react";
import type { Plain } from "../format/yaml";

/** The part of JSON schema the form knows. */
export interface FieldSchema {
  type?: string;
  title?: string;
  description?: string;
  default?: Plain;
  enum?: Plain[];
  anyOf?: FieldSchema[];
  properties?: Record<string, FieldSchema>;
  required?: string[];
  $ref?: string;
  $defs?: Record<string, FieldSchema>;
  minimum?: number;
  maximum?: number;
  writeOnly?: boolean;
}

/** Follow a reference, and take the part of `T or none` that is not none. */
function settle(field: FieldSchema, root: FieldSchema): FieldSchema {
  if (field.$ref) return { ...settle(root.$defs?.[field.$ref.split("/").at(-1) ?? ""] ?? {}, root), ...field, $ref: undefined as never };
  const some = field.anyOf?.filter((option) => option.type !== "null");
  return some?.length === 1 ? { ...settle(some[0] ?? {}, root), ...field, anyOf: undefined as never, type: (some[0]?.type ?? settle(some[0] ?? {}, root).type) as string } : field;
}

/** Read what was typed; a text that is no number stays text, and is told. */
function valueOf(text: string, type: string | undefined): { value: Plain | undefined; problem?: string } {
  if (text.trim() === "") return { value: undefined };
  if (type === "integer") return /^[-+]?\d+$/.test(text.trim()) ? { value: Number(text) } : { value: text, problem: "Not a whole number." };
  if (type === "number") return Number.isFinite(Number(text)) ? { value: Number(text) } : { value: text, problem: "Not a number." };
  if (type === "object" || type === "array") {
    try {
      return { value: JSON.parse(text) as Plain };
    } catch {
      return { value: text, problem: `Not valid JSON for ${type === "array" ? "a list" : "a map"}.` };
    }
  }
  return { value: text };
}

function show(value: Plain | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

interface ConfigFormProps {
  title: string;
  schema: FieldSchema;
  value: { [key: string]: Plain };
  onChange: (value: { [key: string]: Plain }) => void;
}

/** The problems of a value against its schema: the fields that are not what they should be. */
export function formProblems(schema: FieldSchema, value: { [key: string]: Plain }): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, raw]) => {
    const field = settle(raw, schema);
    const given = value[name];
    if (given === undefined || given === null) return schema.required?.includes(name) ? [`${name} is missing.`] : [];
    const problem = typeof given === "string" && field.type !== "string" && !field.enum ? valueOf(given, field.type).problem : undefined;
    return problem ? [`${name}: ${problem}`] : [];
  });
}

/** Fields in two columns. */
export function ConfigForm({ title, schema, value, onChange }: ConfigFormProps) {
  const id = useId();
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) return null;
  const set = (name: string, next: Plain | undefined) => {
    const rest = Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
    onChange(next === undefined ? rest : { ...rest, [name]: next });
  };
  return (
    <fieldset className="config-form">
      <legend className="config-title">{title}</legend>
      <div className="two">
        {entries.map(([name, raw]) => {
          const field = settle(raw, schema);
          const given = value[name];
          const problem = typeof given === "string" ? valueOf(given, field.type === "string" ? undefined : field.type).problem : undefined;
          const field_id = `${id}-${name}`;
          const help = `${field_id}-note`;
          const missing = schema.required?.includes(name) && (given === undefined || given === null);
          const preset = field.default === undefined ? "" : show(field.default);
          return (
            <div className="field" key={name}>
              <label htmlFor={field_id}>{name} <span>{field.enum ? "choice" : (field.type ?? "any")}{schema.required?.includes(name) ? "" : ", optional"}</span></label>
              {field.enum ? (
                <select className="input" id={field_id} aria-describedby={help} value={show(given)} onChange={(event) => set(name, event.target.value === "" ? undefined : (field.enum?.find((option) => show(option) === event.target.value) ?? event.target.value))}>
                  <option value="">{preset ? `default: ${preset}` : ""}</option>
                  {field.enum.map((option) => <option key={show(option)} value={show(option)}>{show(option)}</option>)}
                </select>
              ) : field.type === "boolean" ? (
                <select className="input" id={field_id} aria-describedby={help} value={given === undefined ? "" : String(given)} onChange={(event) => set(name, event.target.value === "" ? undefined : event.target.value === "true")}>
                  <option value="">{preset ? `default: ${preset}` : ""}</option><option value="true">true</option><option value="false">false</option>
                </select>
              ) : (
                <input className="input" id={field_id} type={field.writeOnly ? "password" : "text"} autoComplete="off" spellCheck={false} aria-describedby={help} aria-invalid={problem !== undefined || missing} placeholder={preset} value={show(given)} onChange={(event) => set(name, valueOf(event.target.value, field.type).value)} />
              )}
              <p className={problem || missing ? "note bad" : "note"} id={help}>{problem ?? (missing ? "Needed." : (field.description ?? (preset ? `${preset} unless given` : "")))}</p>
            </div>
          );
        })}
      </div>
    </fieldset>
  );
}
