/** The one breakpoint: narrow screens get the phone layout. */

import { useSyncExternalStore } from "react";

const query = typeof window === "undefined" ? undefined : window.matchMedia("(max-width: 640px)");

function subscribe(changed: () => void): () => void {
  query?.addEventListener("change", changed);
  return () => query?.removeEventListener("change", changed);
}

/** Whether the screen is narrow. */
export function usePhone(): boolean {
  return useSyncExternalStore(subscribe, () => query?.matches ?? false, () => false);
}
