/** Pages as chunks that can fail to come without taking the shell down; they are asked for again when the server is back. */

import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import { useConnection } from "../live/connection";
import { Broken, Skeleton } from "../parts/controls";
import { Title } from "./title";

/** A component whose code comes later; `preload` fetches it and never rejects. */
export type LazyPage = (() => ReactNode) & { preload: () => Promise<void> };

/** Wrap the import of a page. */
export function lazyPage(load: () => Promise<{ default: ComponentType }>): LazyPage {
  let Page: ComponentType | undefined;
  let pending: Promise<void> | undefined;
  const fetchPage = () =>
    (pending ??= load().then(
      (module) => {
        Page = module.default;
      },
      (error: unknown) => {
        pending = undefined;
        throw error;
      },
    ));
  function Lazy() {
    const [error, setError] = useState<unknown>();
    const [attempt, setAttempt] = useState(0);
    const { phase } = useConnection();
    useEffect(() => {
      if (Page) return;
      fetchPage().then(() => setAttempt((count) => count + 1), setError);
    }, [attempt, phase]);
    if (Page) return <Page />;
    if (error === undefined) return <div className="section waiting"><Skeleton rows={8} /></div>;
    // With the server there, the code has gone: a newer version was installed, so a reload is the way on.
    const retry = () => (phase === "live" && attempt > 0 ? window.location.reload() : setAttempt(attempt + 1));
    return <div className="waiting"><div className="section"><Title name="Waiting for the server" /></div><Broken what="This page" error={error} onRetry={retry} /></div>;
  }
  return Object.assign(Lazy, { preload: () => fetchPage().catch(() => undefined) });
}
