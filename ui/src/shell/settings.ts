/** What the person chose for this browser: theme, density, single-key shortcuts. */

import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export type Density = "compact" | "normal";

interface Settings {
  theme: Theme;
  density: Density;
  /** Shortcuts of one character may be turned off. */
  keys: boolean;
}

const listeners = new Set<() => void>();

function stored(name: string): string | null {
  try {
    return localStorage.getItem(`rostrum.${name}`);
  } catch {
    return null;
  }
}

function store(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`rostrum.${name}`);
    else localStorage.setItem(`rostrum.${name}`, value);
  } catch {
    // Storage may be blocked; the choice then lasts until the tab closes.
  }
}

function read(): Settings {
  const theme = stored("theme");
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    density: stored("density") === "normal" ? "normal" : "compact",
    keys: stored("keys") !== "off",
  };
}

let settings: Settings = typeof window === "undefined" ? { theme: "system", density: "compact", keys: true } : read();

function set(change: Partial<Settings>): void {
  settings = { ...settings, ...change };
  const root = document.documentElement;
  if (settings.theme === "system") delete root.dataset.theme;
  else root.dataset.theme = settings.theme;
  if (settings.density === "compact") delete root.dataset.density;
  else root.dataset.density = settings.density;
  store("theme", settings.theme === "system" ? null : settings.theme);
  store("density", settings.density === "compact" ? null : settings.density);
  store("keys", settings.keys ? null : "off");
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The settings, and a function that changes some of them. */
export function useSettings(): [Settings, (change: Partial<Settings>) => void] {
  return [useSyncExternalStore(subscribe, () => settings), set];
}

/** The settings outside of a component. */
export function currentSettings(): Settings {
  return settings;
}
