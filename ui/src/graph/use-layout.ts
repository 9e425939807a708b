/** Layouts by way of the worker, kept by the nodes they show. */

import { useEffect, useState } from "react";
import type { GraphInput, Layout } from "./layout";

const KEPT = 12;
const kept = new Map<string, Layout>();
let worker: Worker | undefined;
let asked = 0;
const waiting = new Map<number, (layout: Layout) => void>();

function ask(input: GraphInput): Promise<Layout> {
  if (!worker) {
    worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<{ id: number; layout: Layout }>) => {
      waiting.get(event.data.id)?.(event.data.layout);
      waiting.delete(event.data.id);
    };
  }
  const id = ++asked;
  worker.postMessage({ id, input });
  return new Promise((resolve) => waiting.set(id, resolve));
}

/** The layout of a graph; the old one stays until the new one is there. */
export function useLayout(key: string, input: GraphInput | undefined): { layout: Layout | undefined; key: string } {
  const [state, setState] = useState<{ layout: Layout | undefined; key: string }>({ layout: kept.get(key), key });
  useEffect(() => {
    if (!input) return undefined;
    const known = kept.get(key);
    if (known) {
      setState({ layout: known, key });
      return undefined;
    }
    let current = true;
    void ask(input).then((layout) => {
      kept.set(key, layout);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? "");
      if (current) setState({ layout, key });
    });
    return () => {
      current = false;
    };
  }, [key, input]);
  return state;
}
