/** Addresses of pages. Pages are chunks of their own, fetched when a link is pointed at. */

import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { assetQuery, assetsQuery, automationsQuery, checksQuery, nowQuery, runQuery, systemQuery } from "./api/queries";
import { printFilter } from "./filter/parse";
import Missing from "./pages/missing";
import { Broken, Skeleton } from "./parts/controls";
import { App } from "./shell/app";
import { lazyPage } from "./shell/lazy-page";

/** What a list keeps in its address. */
export interface ListSearch {
  q?: string;
  sort?: string;
  /** The row in the inspector. */
  at?: string;
  view?: string;
}

function listSearch(search: Record<string, unknown>): ListSearch {
  const kept: ListSearch = {};
  for (const key of ["q", "sort", "at", "view"] as const) {
    const value = search[key];
    if (typeof value === "string" && value !== "") kept[key] = value;
    else if (typeof value === "number") kept[key] = String(value);
  }
  return kept;
}

/** Links from elsewhere may name a job plainly: `/runs?job=daily`. */
function runsSearch(search: Record<string, unknown>): ListSearch {
  const kept = listSearch(search);
  if (kept.q === undefined && typeof search.job === "string") kept.q = printFilter({ kind: "field", key: "job", values: [search.job], at: 0, end: 0 });
  return kept;
}

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: App,
  notFoundComponent: Missing,
});

const now = createRoute({
  getParentRoute: () => root, path: "/", component: lazyPage(() => import("./pages/now")),
  loader: ({ context }) => void context.client.prefetchQuery(nowQuery(24)),
});
const runs = createRoute({
  getParentRoute: () => root, path: "/runs", validateSearch: runsSearch, component: lazyPage(() => import("./pages/runs")),
});
const run = createRoute({
  getParentRoute: () => root, path: "/r/$runId", component: lazyPage(() => import("./pages/run")),
  loader: ({ context, params }) => void context.client.prefetchQuery(runQuery(params.runId)),
});
const assets = createRoute({
  getParentRoute: () => root, path: "/assets", validateSearch: listSearch, component: lazyPage(() => import("./pages/assets")),
  loader: ({ context }) => void context.client.prefetchQuery(assetsQuery),
});
const asset = createRoute({
  getParentRoute: () => root, path: "/a/$", validateSearch: (search: Record<string, unknown>): { tab?: string } => (typeof search.tab === "string" ? { tab: search.tab } : {}),
  component: lazyPage(() => import("./pages/asset")),
  loader: ({ context, params }) => void context.client.prefetchQuery(assetQuery(params._splat ?? "")),
});
const graph = createRoute({
  getParentRoute: () => root, path: "/graph", validateSearch: listSearch, component: lazyPage(() => import("./pages/graph")),
});
const automations = createRoute({
  getParentRoute: () => root, path: "/automations", validateSearch: listSearch, component: lazyPage(() => import("./pages/automations")),
  loader: ({ context }) => void context.client.prefetchQuery(automationsQuery),
});
const automation = createRoute({
  getParentRoute: () => root, path: "/automations/$location/$name",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/automations", search: { at: `${params.location}/${params.name}` }, replace: true });
  },
});
const checks = createRoute({
  getParentRoute: () => root, path: "/checks", validateSearch: listSearch, component: lazyPage(() => import("./pages/checks")),
  loader: ({ context }) => void context.client.prefetchQuery(checksQuery),
});
const system = createRoute({
  getParentRoute: () => root, path: "/system", component: lazyPage(() => import("./pages/system")),
  loader: ({ context }) => void context.client.prefetchQuery(systemQuery),
});
const backfill = createRoute({
  getParentRoute: () => root, path: "/b/$backfillId", component: lazyPage(() => import("./pages/backfill")),
});
const login = createRoute({
  getParentRoute: () => root, path: "/login", validateSearch: (search: Record<string, unknown>): { next?: string } => (typeof search.next === "string" ? { next: search.next } : {}),
  component: lazyPage(() => import("./pages/login")),
});

/** The router over a query cache. */
export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([now, runs, run, assets, asset, graph, automations, automation, checks, system, backfill, login]),
    context: { client },
    defaultPreload: "intent",
    defaultPreloadDelay: 60,
    defaultPendingMs: 150,
    defaultPendingComponent: () => <div className="section waiting"><Skeleton rows={8} /></div>,
    defaultErrorComponent: ({ error, reset }) => <Broken what="This page" error={error} onRetry={reset} />,
    scrollRestoration: false,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
