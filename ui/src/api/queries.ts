/** Every read of the UI as query options. Keys are what the live stream invalidates; nothing polls. */

import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import { ApiError, request } from "./client";
import * as gql from "./generated";

/** Rows fetched at a time. */
export const PAGE = 100;

/** The cache. Data is fresh until the stream says otherwise. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5 * 60_000,
        refetchOnWindowFocus: false,
        networkMode: "always",
        retry: (failures, error) => failures < 1 && error instanceof ApiError && error.code === "unavailable",
      },
      mutations: { networkMode: "always" },
    },
  });
}

export const shellQuery = queryOptions({ queryKey: ["shell"], queryFn: ({ signal }) => request(gql.Shell, {}, signal) });

export const nowQuery = (hours: number) =>
  queryOptions({ queryKey: ["now", hours], queryFn: async ({ signal }) => (await request(gql.NowPage, { hours }, signal)).now });

export const assetsQuery = queryOptions({ queryKey: ["assets"], queryFn: async ({ signal }) => (await request(gql.Assets, {}, signal)).assets });

export const graphQuery = queryOptions({ queryKey: ["graph"], queryFn: async ({ signal }) => (await request(gql.Graph, {}, signal)).graph });

export const runsQuery = (filter: gql.RunFilter) =>
  infiniteQueryOptions({
    queryKey: ["runs", filter],
    // The first page brings the facets (of all states) and the histogram: one request for one list.
    queryFn: ({ signal, pageParam }) => request(gql.Runs, { filter, limit: PAGE, cursor: pageParam, facets: { ...filter, statuses: null }, first: pageParam === null }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.runs.cursor,
  });

export const runQuery = (id: string) =>
  queryOptions({ queryKey: ["run", id], queryFn: async ({ signal }) => (await request(gql.RunPage, { id }, signal)).run });

export const peekQuery = (id: string) =>
  queryOptions({ queryKey: ["peek", id], queryFn: async ({ signal }) => (await request(gql.RunPeek, { id }, signal)).run });

export const assetQuery = (key: string) =>
  queryOptions({ queryKey: ["asset", key], queryFn: async ({ signal }) => (await request(gql.AssetPage, { key }, signal)).asset });

export const historyQuery = (key: string) =>
  queryOptions({ queryKey: ["history", key], queryFn: async ({ signal }) => (await request(gql.AssetHistory, { key, limit: 100 }, signal)).asset?.history ?? [] });

export const partitionsQuery = (key: string) =>
  queryOptions({ queryKey: ["partitions", key], queryFn: async ({ signal }) => (await request(gql.Partitions, { assetKey: key }, signal)).partitions });

export const automationsQuery = queryOptions({
  queryKey: ["automations"],
  queryFn: async ({ signal }) => (await request(gql.Automations, {}, signal)).automations,
});

export const automationQuery = (location: string, name: string) =>
  queryOptions({
    queryKey: ["automation", location, name],
    queryFn: async ({ signal }) => (await request(gql.AutomationTicks, { location, name }, signal)).automation,
  });

export const jobsQuery = queryOptions({ queryKey: ["jobs"], queryFn: async ({ signal }) => (await request(gql.Jobs, {}, signal)).jobs });

export const jobQuery = (location: string, name: string) =>
  queryOptions({ queryKey: ["job", location, name], queryFn: async ({ signal }) => (await request(gql.JobLaunch, { location, name }, signal)).job });

export const checksQuery = queryOptions({ queryKey: ["checks"], queryFn: async ({ signal }) => (await request(gql.Checks, {}, signal)).checks });

export const systemQuery = queryOptions({ queryKey: ["system"], queryFn: ({ signal }) => request(gql.System, {}, signal) });

export const searchQuery = (text: string) =>
  queryOptions({ queryKey: ["search", text], queryFn: async ({ signal }) => (await request(gql.Search, { text }, signal)).search, enabled: text.length > 0 });

export const planQuery = (target: gql.TargetInput, partitionKeys: string[] | null, enabled: boolean) =>
  queryOptions({
    queryKey: ["plan", target, partitionKeys],
    queryFn: async ({ signal }) => (await request(gql.PlanPreview, { target, partitionKeys }, signal)).planPreview,
    enabled,
  });
