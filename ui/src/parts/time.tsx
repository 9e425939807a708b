/** Times on screen: one zone, the full form in the tooltip, and one slow clock for "ago". */

import { useSyncExternalStore } from "react";
import { ago, clockSeconds, fullTime, shortWhen, upcoming } from "../format/time";

let now = Date.now();
const listeners = new Set<() => void>();
const fast = new Set<() => void>();

if (typeof window !== "undefined") {
  window.setInterval(() => {
    if (document.hidden) return;
    now = Date.now();
    for (const listener of fast) listener();
    if (Math.floor(now / 1000) % 10 === 0) for (const listener of listeners) listener();
  }, 1000);
}

function subscribeTo(set: Set<() => void>) {
  return (listener: () => void) => {
    now = Date.now();
    set.add(listener);
    return () => set.delete(listener);
  };
}
const subscribeSlow = subscribeTo(listeners);
const subscribeFast = subscribeTo(fast);

/** The time, renewed every ten seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribeSlow, () => Math.floor(now / 10_000) * 10_000);
}

/** The time, renewed every second while `on`: for what is running in sight. */
export function useSecond(on: boolean): number {
  return useSyncExternalStore(on ? subscribeFast : subscribeSlow, () => (on ? Math.floor(now / 1000) * 1000 : Math.floor(now / 10_000) * 10_000));
}

type Form = "short" | "ago" | "upcoming" | "seconds";

/** A point in time. */
export function Time({ at, form = "short" }: { at: string | number | null | undefined; form?: Form }) {
  const current = useNow();
  if (at === null || at === undefined) return null;
  const value = typeof at === "number" ? at : Date.parse(at);
  const text = form === "ago" ? ago(value, Math.max(current, value)) : form === "upcoming" ? upcoming(value, current) : form === "seconds" ? clockSeconds(value) : shortWhen(value, current);
  return (
    <time dateTime={new Date(value).toISOString()} title={fullTime(value)}>
      {text}
    </time>
  );
}
