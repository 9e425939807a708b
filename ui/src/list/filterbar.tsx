/** The filter of a page: conditions as chips, free text beside them, the fault where it is. */

import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Chip, chips, removePart } from "../filter/edit";
import { type FilterError, parseFilter } from "../filter/parse";
import { Icon } from "../parts/icons";

interface FilterBarProps {
  value: string;
  onChange: (text: string) => void;
  /** The fields this page knows. */
  fields: readonly string[];
  label: string;
  placeholder: string;
}

/** The text without its chips. */
function restOf(text: string, shown: readonly Chip[]): string {
  return shown.reduce((left, chip) => removePart(left, chip.text), text);
}

function split(value: string): { shown: Chip[]; rest: string } {
  const shown = chips(value);
  return { shown, rest: shown.length > 0 || parseFilter(value).ok ? restOf(value, shown) : value };
}

function join(shown: readonly Chip[], draft: string): string {
  return [...shown.map((chip) => chip.text), draft.trim()].filter(Boolean).join(" ");
}

/** A search landmark with the filter in it. */
export function FilterBar({ value, onChange, fields, label, placeholder }: FilterBarProps) {
  const [state, setState] = useState(() => split(value));
  const [fault, setFault] = useState<FilterError>();
  const emitted = useRef(value);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (value === emitted.current) return;
    emitted.current = value;
    setState(split(value));
    setFault(undefined);
  }, [value]);

  const emit = (text: string) => {
    const result = parseFilter(text, fields);
    setFault(result.ok ? undefined : result.error);
    if (!result.ok || text === emitted.current) return;
    emitted.current = text;
    onChange(text);
  };
  const type = (draft: string) => {
    setState({ shown: state.shown, rest: draft });
    emit(join(state.shown, draft));
  };
  const settle = () => {
    const text = join(state.shown, state.rest);
    if (parseFilter(text, fields).ok) setState(split(text));
    emit(text);
  };
  const replace = (text: string) => {
    setState(split(text));
    emit(text);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") settle();
    else if (event.key === "Escape") {
      settle();
      event.currentTarget.blur();
      document.querySelector<HTMLElement>('[role="grid"] [data-row][tabindex="0"]')?.focus();
    } else if (event.key === "Backspace" && state.rest === "" && state.shown.length > 0) {
      event.preventDefault();
      const last = state.shown.at(-1);
      setState({ shown: state.shown.slice(0, -1), rest: last?.text ?? "" });
    }
  };
  return (
    <search className="filterbar" data-filter>
      <div className={fault ? "filter is-bad" : "filter"}>
        <Icon name="filter" />
        {state.shown.map((chip) => (
          <button key={chip.text} type="button" className="chip" aria-label={`Remove ${chip.label} ${chip.value}`} onClick={() => replace(join(state.shown.filter((other) => other !== chip), state.rest))}>
            <i>{chip.label}</i> {chip.value}
            <Icon name="close" />
          </button>
        ))}
        <input
          ref={input}
          aria-label={label}
          aria-invalid={fault !== undefined}
          aria-describedby={fault ? "filter-fault" : undefined}
          placeholder={state.shown.length === 0 ? placeholder : ""}
          value={state.rest}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => type(event.target.value)}
          onBlur={settle}
          onKeyDown={onKeyDown}
        />
        {value === "" ? <kbd aria-hidden="true">/</kbd> : (
          <button type="button" className="btn btn-icon btn-quiet btn-small" aria-label="Clear the filter" onClick={() => replace("")}><Icon name="close" /></button>
        )}
      </div>
      {fault && (
        <p className="filter-fault" id="filter-fault" role="status">
          {fault.message}
          {fault.suggestion && <button type="button" className="underlined" onClick={() => replace(fault.suggestion ?? "")}>Use {fault.suggestion}</button>}
        </p>
      )}
    </search>
  );
}
