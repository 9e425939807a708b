/** Whether the data on screen is live, and since when it is not. One store for the shell. */

import { useSyncExternalStore } from "react";

/** `lost` means: data stays on screen, dimmed, with the time it is of. */
export interface Connection {
  phase: "connecting" | "live" | "lost";
  /** When the server was last heard of (epoch ms). */
  asOf: number;
  /** The server asks for a login. */
  login: boolean;
}

let current: Connection = { phase: "connecting", asOf: Date.now(), login: false };
const listeners = new Set<() => void>();

/** Change some of it. */
export function setConnection(change: Partial<Connection>): void {
  const next = { ...current, ...change };
  if (next.phase === current.phase && next.login === current.login && next.phase === "live") {
    // While all is well only the time moves; nobody needs to draw for that.
    current.asOf = next.asOf;
    return;
  }
  current = next;
  for (const listener of listeners) listener();
}

export function connection(): Connection {
  return current;
}

/** The connection, for a component. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** Reads wait so long for the stream at the start of a page, at most (ms). */
const PATIENCE = 1000;
const opened = new Promise<void>((resolve) => {
  setTimeout(resolve, PATIENCE);
  listeners.add(() => current.phase !== "connecting" && resolve());
});

/**
 * Resolves when the stream is open, is refused, or takes long. What is read afterwards misses no change, so it need not be
 * read again; what was read before is.
 */
export function streamOpened(): Promise<void> {
  return opened;
}
