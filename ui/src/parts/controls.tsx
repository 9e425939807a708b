/** Small controls: segments, menus, switches, notices, empty and broken states, toasts. */

import { Component, type ErrorInfo, type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState, useSyncExternalStore } from "react";
import { Glyph } from "./glyph";
import { Icon } from "./icons";

interface SegProps<V extends string> {
  label: string;
  value: V;
  options: readonly { value: V; text: string }[];
  onChange: (value: V) => void;
}

/** A row of choices of which one holds. */
export function Seg<V extends string>({ label, value, options, onChange }: SegProps<V>) {
  return (
    <div className="seg" role="group" aria-label={label}>
      {options.map((option) => (
        <button key={option.value} type="button" aria-pressed={option.value === value} onClick={() => onChange(option.value)}>
          {option.text}
        </button>
      ))}
    </div>
  );
}

/** An on/off switch. */
export function Switch({ on, label, onChange, disabled }: { on: boolean; label: string; onChange: (on: boolean) => void; disabled?: boolean }) {
  return (
    <button type="button" className="switch" role="switch" aria-checked={on} aria-label={label} disabled={disabled} onClick={() => onChange(!on)} />
  );
}

export interface MenuItem {
  text: string;
  onPick: () => void;
  danger?: boolean;
  checked?: boolean;
}

/** A button that opens a list of actions; arrows move, Escape closes. */
export function Menu({ label, items, children, className = "btn" }: { label: string; items: readonly MenuItem[]; children: ReactNode; className?: string }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
    const away = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const close = () => {
    setOpen(false);
    root.current?.querySelector<HTMLElement>("button")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") return close();
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const all = Array.from(root.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? []);
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  return (
    <div className="menu-root" ref={root} onKeyDown={onKeyDown} role="presentation">
      <button type="button" className={className} aria-label={label} aria-haspopup="menu" aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => setOpen(!open)}>
        {children}
      </button>
      {open && (
        <div className="menu" role="menu" id={id} aria-label={label}>
          {items.map((item) => (
            <button
              key={item.text}
              type="button"
              role={item.checked === undefined ? "menuitem" : "menuitemradio"}
              aria-checked={item.checked}
              tabIndex={-1}
              className={item.danger ? "failed" : undefined}
              onClick={() => {
                close();
                item.onPick();
              }}
            >
              {item.text}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** A key with its prefix quiet and its name loud. */
export function Key({ name }: { name: string }) {
  const cut = name.lastIndexOf("/") + 1;
  return (
    <span className="key">
      {cut > 0 && <span>{name.slice(0, cut)}</span>}
      {name.slice(cut)}
    </span>
  );
}

/** What stands where there is nothing, with the reason. */
export function Empty({ title, children }: { title?: string; children?: ReactNode }) {
  return (
    <div className="empty">
      {title && <b>{title}</b>}
      {children}
    </div>
  );
}

/** Grey lines of a fixed height, shown while data is on its way. */
export function Skeleton({ rows = 6, label = "Loading" }: { rows?: number; label?: string }) {
  return (
    <div className="skeletons" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index}><i className="skeleton" /><i className="skeleton" style={{ width: `${30 + ((index * 37) % 45)}%` }} /></div>
      ))}
    </div>
  );
}

/** A part of the page that could not be shown; the rest stays. */
export function Broken({ what, error, onRetry }: { what: string; error: unknown; onRetry?: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  const request = error !== null && typeof error === "object" && "requestId" in error && error.requestId ? String(error.requestId) : undefined;
  return (
    <div className="card broken" role="alert">
      <Glyph state="unknown" word="" />
      <div className="grow">
        <div>{what} could not be shown. {request && <code className="muted">request {request}</code>}</div>
        <div className="muted mono cut" title={message}>{message}</div>
      </div>
      <button type="button" className="btn" onClick={() => navigator.clipboard?.writeText(`${what}: ${message} ${request ?? ""}`)}>Copy</button>
      {onRetry && <button type="button" className="btn" onClick={onRetry}>Try again</button>}
    </div>
  );
}

/** Keeps an error inside its panel. */
export class Panel extends Component<{ what: string; children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override componentDidCatch(error: unknown, info: ErrorInfo) {
    window.dispatchEvent(new CustomEvent("rostrum:panel-error", { detail: { what: this.props.what, error, stack: info.componentStack } }));
  }
  override render() {
    if (this.state.error === undefined) return this.props.children;
    return <Broken what={this.props.what} error={this.state.error} onRetry={() => this.setState({ error: undefined })} />;
  }
}

interface ToastState {
  id: number;
  text: string;
  action?: { text: string; run: () => void };
  bad?: boolean;
}

let toasts: readonly ToastState[] = [];
let nextToast = 1;
const toastListeners = new Set<() => void>();

function setToasts(next: readonly ToastState[]): void {
  toasts = next;
  for (const listener of toastListeners) listener();
}

/** Say something in the corner for six seconds, with an optional way back. */
export function toast(text: string, options: Omit<ToastState, "id" | "text"> = {}): void {
  const id = nextToast++;
  setToasts([...toasts.slice(-2), { id, text, ...options }]);
  setTimeout(() => setToasts(toasts.filter((item) => item.id !== id)), options.bad ? 12_000 : 6000);
}

/** Where toasts appear; spoken politely. */
export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      toastListeners.add(listener);
      return () => toastListeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((item) => (
        <div key={item.id} className="toast">
          <span>{item.text}</span>
          {item.action && <button type="button" className="btn" onClick={item.action.run}>{item.action.text}</button>}
          <button type="button" className="btn btn-icon" aria-label="Dismiss" onClick={() => setToasts(toasts.filter((other) => other.id !== item.id))}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
