// Written by scripts/codegen.mjs from schema.graphql. Do not edit.
import type { TypedDocument } from "./client";
import type { AssetTable, CheckResult, ErrorInfo, Facets, LogFile, MetadataValue, PackedGraph, PartitionStatus, PoolHolder, PoolRun, PoolWaiter, QueueHold, RecentRun, RunEvent, StepRow, ThroughputBucket, TimelineRow, TrendPoint, WaitReason, WaitingRun } from "./shapes";

export interface RunFilter {
  statuses?: Array<string> | null;
  location?: string | null;
  job?: string | null;
  assetKey?: string | null;
  partitionKey?: string | null;
  triggerKind?: string | null;
  triggerName?: string | null;
  backfillId?: string | null;
  idPart?: string | null;
  tag?: Array<string> | null;
  createdAfter?: string | null;
  createdBefore?: string | null;
}

export interface TargetInput {
  location?: string | null;
  job?: string | null;
  assetKeys?: Array<string> | null;
  stepKeys?: Array<string> | null;
}

export interface LaunchInput {
  target: TargetInput;
  partitionKeys?: Array<string> | null;
  config?: unknown | null;
  tags?: unknown | null;
  idempotencyKey?: string | null;
}

export interface RunRow { id: string; status: string; disconnectedAt: string | null; location: string; job: string; title: string; more: number; partitionKey: string | null; triggerKind: string; triggerName: string; createdAt: string; startedAt: string | null; endedAt: string | null; typicalSeconds: number | null; stepsTotal: number; stepsDone: number; stepsFailed: number; checksFailed: number; errorLine: string | null; waitsFor: string | null; backfillId: string | null; canCancel: boolean; canRetry: boolean; retryAt: string | null; retryNumber: number | null; retryMost: number | null; }

export interface CheckRow { assetKey: string; name: string; status: string; severity: string; blocking: boolean; description: string | null; message: string | null; evaluatedAt: string | null; since: string | null; runId: string | null; partitionKey: string | null; metadata: Record<string, MetadataValue>; history: CheckResult[]; }

export interface AutomationRow { location: string; name: string; kind: string; job: string; running: boolean; description: string | null; cron: Array<string>; timezone: string; words: string; nextAt: string | null; upcoming: Array<string>; file: string | null; line: number | null; lastTick: { id: string; scheduledAt: string; status: string; startedAt: string; endedAt: string | null; runIds: Array<string>; skipReason: string | null; error: ErrorInfo | null; } | null; }

export interface LocationRow { name: string; status: string; manifestHash: string | null; loadedAt: string | null; error: ErrorInfo | null; errorAt: string | null; fork: string; assets: number; jobs: number; schedules: number; }

export interface ShellResult { deployment: { name: string; version: string; loginRequired: boolean; timezone: string; serverTime: string; user: { name: string; kind: string; permissions: Array<string>; } | null; }; locations: Array<{ name: string; status: string; manifestHash: string | null; loadedAt: string | null; error: ErrorInfo | null; errorAt: string | null; fork: string; assets: number; jobs: number; schedules: number; }>; queue: { hold: QueueHold | null; }; now: { counts: { failedRuns: number; failingChecks: number; brokenLocations: number; failingAutomations: number; }; attention: Array<{ kind: string; href: string; }>; }; }

export type ShellVariables = {  };

export const Shell: TypedDocument<ShellResult, ShellVariables> = { name: "Shell", text: "query Shell{deployment{name version loginRequired timezone serverTime user{name kind permissions}}locations{...LocationRow}queue{hold}now(hours:24){counts{failedRuns failingChecks brokenLocations failingAutomations}attention{kind href}}}fragment LocationRow on Location{name status manifestHash loadedAt error errorAt fork assets jobs schedules}" };

export interface NowPageResult { now: { attention: Array<{ kind: string; title: string; message: string; at: string; times: number; href: string; runId: string | null; assetKey: string | null; consequences: Array<string>; }>; counts: { failedRuns: number; failingChecks: number; brokenLocations: number; failingAutomations: number; runningRuns: number; queuedRuns: number; slotsUsed: number; slotsTotal: number | null; }; throughput: ThroughputBucket[]; timeline: TimelineRow[]; lastFailureAt: string | null; }; }

export type NowPageVariables = { hours: number; };

export const NowPage: TypedDocument<NowPageResult, NowPageVariables> = { name: "NowPage", text: "query NowPage($hours:Int!){now(hours:$hours){attention{kind title message at times href runId assetKey consequences}counts{failedRuns failingChecks brokenLocations failingAutomations runningRuns queuedRuns slotsUsed slotsTotal}throughput timeline lastFailureAt}}" };

export interface AssetsResult { assets: AssetTable; }

export type AssetsVariables = {  };

export const Assets: TypedDocument<AssetsResult, AssetsVariables> = { name: "Assets", text: "query Assets{assets}" };

export interface GraphResult { graph: PackedGraph; }

export type GraphVariables = {  };

export const Graph: TypedDocument<GraphResult, GraphVariables> = { name: "Graph", text: "query Graph{graph}" };

export interface RunsResult { runs: { cursor: string | null; runs: Array<{ id: string; status: string; disconnectedAt: string | null; location: string; job: string; title: string; more: number; partitionKey: string | null; triggerKind: string; triggerName: string; createdAt: string; startedAt: string | null; endedAt: string | null; typicalSeconds: number | null; stepsTotal: number; stepsDone: number; stepsFailed: number; checksFailed: number; errorLine: string | null; waitsFor: string | null; backfillId: string | null; canCancel: boolean; canRetry: boolean; retryAt: string | null; retryNumber: number | null; retryMost: number | null; }>; }; runFacets?: Facets; now?: { throughput: ThroughputBucket[]; }; }

export type RunsVariables = { filter?: RunFilter | null; limit: number; cursor?: string | null; facets?: RunFilter | null; first: boolean; };

export const Runs: TypedDocument<RunsResult, RunsVariables> = { name: "Runs", text: "query Runs($filter:RunFilter,$limit:Int!,$cursor:String,$facets:RunFilter,$first:Boolean!){runs(filter:$filter,limit:$limit,cursor:$cursor){cursor runs{...RunRow}}runFacets(filter:$facets)@include(if:$first)now(hours:24)@include(if:$first){throughput}}fragment RunRow on Run{id status disconnectedAt location job title more partitionKey triggerKind triggerName createdAt startedAt endedAt typicalSeconds stepsTotal stepsDone stepsFailed checksFailed errorLine waitsFor backfillId canCancel canRetry retryAt retryNumber retryMost}" };

export interface RunPageResult { run: { id: string; status: string; disconnectedAt: string | null; location: string; job: string; title: string; more: number; partitionKey: string | null; triggerKind: string; triggerName: string; createdAt: string; startedAt: string | null; endedAt: string | null; typicalSeconds: number | null; stepsTotal: number; stepsDone: number; stepsFailed: number; checksFailed: number; errorLine: string | null; waitsFor: string | null; backfillId: string | null; canCancel: boolean; canRetry: boolean; retryAt: string | null; retryNumber: number | null; retryMost: number | null; assetKeys: Array<string>; failureReason: string | null; failedStepKey: string | null; error: ErrorInfo | null; errorSeen: number | null; errorFirstAt: string | null; tags: Record<string, string>; config: Record<string, unknown>; parentRunId: string | null; rootRunId: string | null; resumes: number; retryNote: string | null; retriedBy: string | null; retries: Array<{ id: string; status: string; createdAt: string; }>; waitReason: WaitReason | null; steps: StepRow[]; logFiles: LogFile[]; } | null; }

export type RunPageVariables = { id: string; };

export const RunPage: TypedDocument<RunPageResult, RunPageVariables> = { name: "RunPage", text: "query RunPage($id:String!){run(id:$id){...RunRow assetKeys failureReason failedStepKey error errorSeen errorFirstAt tags config parentRunId rootRunId resumes retryNote retriedBy retries{id status createdAt}waitReason steps logFiles}}fragment RunRow on Run{id status disconnectedAt location job title more partitionKey triggerKind triggerName createdAt startedAt endedAt typicalSeconds stepsTotal stepsDone stepsFailed checksFailed errorLine waitsFor backfillId canCancel canRetry retryAt retryNumber retryMost}" };

export interface RunPeekResult { run: { id: string; status: string; disconnectedAt: string | null; location: string; job: string; title: string; more: number; partitionKey: string | null; triggerKind: string; triggerName: string; createdAt: string; startedAt: string | null; endedAt: string | null; typicalSeconds: number | null; stepsTotal: number; stepsDone: number; stepsFailed: number; checksFailed: number; errorLine: string | null; waitsFor: string | null; backfillId: string | null; canCancel: boolean; canRetry: boolean; retryAt: string | null; retryNumber: number | null; retryMost: number | null; error: ErrorInfo | null; failedStepKey: string | null; errorSeen: number | null; errorFirstAt: string | null; steps: StepRow[]; } | null; }

export type RunPeekVariables = { id: string; };

export const RunPeek: TypedDocument<RunPeekResult, RunPeekVariables> = { name: "RunPeek", text: "query RunPeek($id:String!){run(id:$id){...RunRow error failedStepKey errorSeen errorFirstAt steps}}fragment RunRow on Run{id status disconnectedAt location job title more partitionKey triggerKind triggerName createdAt startedAt endedAt typicalSeconds stepsTotal stepsDone stepsFailed checksFailed errorLine waitsFor backfillId canCancel canRetry retryAt retryNumber retryMost}" };

export interface RunEventsResult { events: { events: RunEvent[]; cursor: number; end: boolean; }; }

export type RunEventsVariables = { runId: string; after: number; limit: number; };

export const RunEvents: TypedDocument<RunEventsResult, RunEventsVariables> = { name: "RunEvents", text: "query RunEvents($runId:String!,$after:Int!,$limit:Int!){events(runId:$runId,after:$after,limit:$limit){events cursor end}}" };

export interface RunLogResult { out: { text: string; offset: number; nextOffset: number; size: number; complete: boolean; }; err: { text: string; offset: number; nextOffset: number; size: number; complete: boolean; }; }

export type RunLogVariables = { runId: string; fileKey: string; out: number; err: number; limit: number; };

export const RunLog: TypedDocument<RunLogResult, RunLogVariables> = { name: "RunLog", text: "query RunLog($runId:String!,$fileKey:String!,$out:Int!,$err:Int!,$limit:Int!){out:log(runId:$runId fileKey:$fileKey stream:\"out\" offset:$out limit:$limit){text offset nextOffset size complete}err:log(runId:$runId fileKey:$fileKey stream:\"err\" offset:$err limit:$limit){text offset nextOffset size complete}}" };

export interface AssetPageResult { asset: { key: string; location: string; group: string; kinds: Array<string>; owners: Array<string>; tags: Record<string, string>; description: string | null; status: string; health: string; isExternal: boolean; partitionsKind: string | null; partitionCounts: Record<string, number> | null; upstream: Array<{ key: string; status: string; }>; downstream: Array<{ key: string; status: string; }>; jobs: Array<string>; automations: Array<string>; checks: Array<{ assetKey: string; name: string; status: string; severity: string; blocking: boolean; description: string | null; message: string | null; evaluatedAt: string | null; since: string | null; runId: string | null; partitionKey: string | null; metadata: Record<string, MetadataValue>; history: CheckResult[]; }>; metadata: Record<string, MetadataValue>; lastMetadata: Record<string, MetadataValue>; lastMaterializedAt: string | null; lastMaterializedRunId: string | null; lastPartitionKey: string | null; lastFailedAt: string | null; lastError: string | null; dataVersion: string | null; codeVersion: string | null; recentRuns: RecentRun[]; trends: Record<string, TrendPoint[]>; file: string | null; line: number | null; configSchema: unknown | null; ioManagerKey: string; stepKey: string | null; } | null; }

export type AssetPageVariables = { key: string; };

export const AssetPage: TypedDocument<AssetPageResult, AssetPageVariables> = { name: "AssetPage", text: "query AssetPage($key:String!){asset(key:$key){key location group kinds owners tags description status health isExternal partitionsKind partitionCounts upstream{key status}downstream{key status}jobs automations checks{...CheckRow}metadata lastMetadata lastMaterializedAt lastMaterializedRunId lastPartitionKey lastFailedAt lastError dataVersion codeVersion recentRuns trends file line configSchema ioManagerKey stepKey}}fragment CheckRow on Check{assetKey name status severity blocking description message evaluatedAt since runId partitionKey metadata history}" };

export interface AssetHistoryResult { asset: { history: RunEvent[]; } | null; }

export type AssetHistoryVariables = { key: string; limit: number; before?: number | null; };

export const AssetHistory: TypedDocument<AssetHistoryResult, AssetHistoryVariables> = { name: "AssetHistory", text: "query AssetHistory($key:String!,$limit:Int!,$before:Int){asset(key:$key){history(limit:$limit,before:$before)}}" };

export interface PartitionsResult { partitions: PartitionStatus; }

export type PartitionsVariables = { assetKey: string; };

export const Partitions: TypedDocument<PartitionsResult, PartitionsVariables> = { name: "Partitions", text: "query Partitions($assetKey:String!){partitions(assetKey:$assetKey)}" };

export interface AutomationsResult { automations: Array<{ location: string; name: string; kind: string; job: string; running: boolean; description: string | null; cron: Array<string>; timezone: string; words: string; nextAt: string | null; upcoming: Array<string>; file: string | null; line: number | null; lastTick: { id: string; scheduledAt: string; status: string; startedAt: string; endedAt: string | null; runIds: Array<string>; skipReason: string | null; error: ErrorInfo | null; } | null; ticks: Array<{ id: string; scheduledAt: string; status: string; runIds: Array<string>; }>; }>; }

export type AutomationsVariables = {  };

export const Automations: TypedDocument<AutomationsResult, AutomationsVariables> = { name: "Automations", text: "query Automations{automations{...AutomationRow ticks(limit:100){id scheduledAt status runIds}}}fragment AutomationRow on Automation{location name kind job running description cron timezone words nextAt upcoming file line lastTick{id scheduledAt status startedAt endedAt runIds skipReason error}}" };

export interface AutomationTicksResult { automation: { location: string; name: string; kind: string; job: string; running: boolean; description: string | null; cron: Array<string>; timezone: string; words: string; nextAt: string | null; upcoming: Array<string>; file: string | null; line: number | null; lastTick: { id: string; scheduledAt: string; status: string; startedAt: string; endedAt: string | null; runIds: Array<string>; skipReason: string | null; error: ErrorInfo | null; } | null; ticks: Array<{ id: string; scheduledAt: string; status: string; startedAt: string; endedAt: string | null; runIds: Array<string>; skipReason: string | null; error: ErrorInfo | null; }>; } | null; }

export type AutomationTicksVariables = { location: string; name: string; };

export const AutomationTicks: TypedDocument<AutomationTicksResult, AutomationTicksVariables> = { name: "AutomationTicks", text: "query AutomationTicks($location:String!,$name:String!){automation(location:$location,name:$name){...AutomationRow ticks(limit:50){id scheduledAt status startedAt endedAt runIds skipReason error}}}fragment AutomationRow on Automation{location name kind job running description cron timezone words nextAt upcoming file line lastTick{id scheduledAt status startedAt endedAt runIds skipReason error}}" };

export interface JobsResult { jobs: Array<{ location: string; name: string; description: string | null; kind: string; assetKeys: Array<string>; partitionsKind: string | null; lastRun: { id: string; status: string; disconnectedAt: string | null; location: string; job: string; title: string; more: number; partitionKey: string | null; triggerKind: string; triggerName: string; createdAt: string; startedAt: string | null; endedAt: string | null; typicalSeconds: number | null; stepsTotal: number; stepsDone: number; stepsFailed: number; checksFailed: number; errorLine: string | null; waitsFor: string | null; backfillId: string | null; canCancel: boolean; canRetry: boolean; retryAt: string | null; retryNumber: number | null; retryMost: number | null; } | null; file: string | null; line: number | null; }>; }

export type JobsVariables = {  };

export const Jobs: TypedDocument<JobsResult, JobsVariables> = { name: "Jobs", text: "query Jobs{jobs{location name description kind assetKeys partitionsKind lastRun{...RunRow}file line}}fragment RunRow on Run{id status disconnectedAt location job title more partitionKey triggerKind triggerName createdAt startedAt endedAt typicalSeconds stepsTotal stepsDone stepsFailed checksFailed errorLine waitsFor backfillId canCancel canRetry retryAt retryNumber retryMost}" };

export interface JobLaunchResult { job: { location: string; name: string; kind: string; assetKeys: Array<string>; partitionsKind: string | null; partitionKeys: string[] | null; config: Record<string, unknown>; configSchema: unknown | null; tags: Record<string, string>; } | null; }

export type JobLaunchVariables = { location: string; name: string; };

export const JobLaunch: TypedDocument<JobLaunchResult, JobLaunchVariables> = { name: "JobLaunch", text: "query JobLaunch($location:String!,$name:String!){job(location:$location,name:$name){location name kind assetKeys partitionsKind partitionKeys config configSchema tags}}" };

export interface ChecksResult { checks: Array<{ assetKey: string; name: string; status: string; severity: string; blocking: boolean; description: string | null; message: string | null; evaluatedAt: string | null; since: string | null; runId: string | null; partitionKey: string | null; metadata: Record<string, MetadataValue>; history: CheckResult[]; }>; }

export type ChecksVariables = {  };

export const Checks: TypedDocument<ChecksResult, ChecksVariables> = { name: "Checks", text: "query Checks{checks{...CheckRow}}fragment CheckRow on Check{assetKey name status severity blocking description message evaluatedAt since runId partitionKey metadata history}" };

export interface SystemResult { locations: Array<{ name: string; status: string; manifestHash: string | null; loadedAt: string | null; error: ErrorInfo | null; errorAt: string | null; fork: string; assets: number; jobs: number; schedules: number; }>; daemons: Array<{ loop: string; owner: string; heartbeatAt: string; iterations: number; lastSeconds: number; lastError: ErrorInfo | null; }>; queue: { maxConcurrentRuns: number | null; hold: QueueHold | null; queued: number; inProgress: number; waiting: WaitingRun[]; }; pools: Array<{ name: string; limit: number | null; source: string; setBy: string; granularity: string; held: number; waiting: number; holders: PoolHolder[]; waiters: PoolWaiter[]; queuedRuns: PoolRun[]; }>; }

export type SystemVariables = {  };

export const System: TypedDocument<SystemResult, SystemVariables> = { name: "System", text: "query System{locations{...LocationRow}daemons{loop owner heartbeatAt iterations lastSeconds lastError}queue{maxConcurrentRuns hold queued inProgress waiting}pools{name limit source setBy granularity held waiting holders waiters queuedRuns}}fragment LocationRow on Location{name status manifestHash loadedAt error errorAt fork assets jobs schedules}" };

export interface BackfillPageResult { backfill: { id: string; title: string; createdAt: string; canceledAt: string | null; partitionKeys: Array<string>; counts: Record<string, number>; } | null; }

export type BackfillPageVariables = { id: string; };

export const BackfillPage: TypedDocument<BackfillPageResult, BackfillPageVariables> = { name: "BackfillPage", text: "query BackfillPage($id:String!){backfill(id:$id){id title createdAt canceledAt partitionKeys counts}}" };

export interface SearchResult { search: Array<{ kind: string; title: string; detail: string; href: string; }>; }

export type SearchVariables = { text: string; };

export const Search: TypedDocument<SearchResult, SearchVariables> = { name: "Search", text: "query Search($text:String!){search(text:$text,limit:20){kind title detail href}}" };

export interface PlanPreviewResult { planPreview: { runs: number; steps: number; stepKeys: Array<string>; problems: Array<string>; estimatedSeconds: number | null; waitsFor: string | null; }; }

export type PlanPreviewVariables = { target: TargetInput; partitionKeys?: Array<string> | null; };

export const PlanPreview: TypedDocument<PlanPreviewResult, PlanPreviewVariables> = { name: "PlanPreview", text: "query PlanPreview($target:TargetInput!,$partitionKeys:[String!]){planPreview(target:$target,partitionKeys:$partitionKeys){runs steps stepKeys problems estimatedSeconds waitsFor}}" };

export interface LaunchResult { launch: { runs: Array<{ id: string; }>; backfill: { id: string; } | null; }; }

export type LaunchVariables = { input: LaunchInput; };

export const Launch: TypedDocument<LaunchResult, LaunchVariables> = { name: "Launch", text: "mutation Launch($input:LaunchInput!){launch(input:$input){runs{id}backfill{id}}}" };

export interface CancelRunResult { cancelRun: { id: string; status: string; disconnectedAt: string | null; location: string; job: string; title: string; more: number; partitionKey: string | null; triggerKind: string; triggerName: string; createdAt: string; startedAt: string | null; endedAt: string | null; typicalSeconds: number | null; stepsTotal: number; stepsDone: number; stepsFailed: number; checksFailed: number; errorLine: string | null; waitsFor: string | null; backfillId: string | null; canCancel: boolean; canRetry: boolean; retryAt: string | null; retryNumber: number | null; retryMost: number | null; }; }

export type CancelRunVariables = { id: string; force?: boolean | null; };

export const CancelRun: TypedDocument<CancelRunResult, CancelRunVariables> = { name: "CancelRun", text: "mutation CancelRun($id:String!,$force:Boolean){cancelRun(id:$id,force:$force){...RunRow}}fragment RunRow on Run{id status disconnectedAt location job title more partitionKey triggerKind triggerName createdAt startedAt endedAt typicalSeconds stepsTotal stepsDone stepsFailed checksFailed errorLine waitsFor backfillId canCancel canRetry retryAt retryNumber retryMost}" };

export interface CancelBackfillResult { cancelBackfill: { id: string; canceledAt: string | null; counts: Record<string, number>; }; }

export type CancelBackfillVariables = { id: string; };

export const CancelBackfill: TypedDocument<CancelBackfillResult, CancelBackfillVariables> = { name: "CancelBackfill", text: "mutation CancelBackfill($id:String!){cancelBackfill(id:$id){id canceledAt counts}}" };

export interface RetryRunResult { retryRun: { id: string; status: string; disconnectedAt: string | null; location: string; job: string; title: string; more: number; partitionKey: string | null; triggerKind: string; triggerName: string; createdAt: string; startedAt: string | null; endedAt: string | null; typicalSeconds: number | null; stepsTotal: number; stepsDone: number; stepsFailed: number; checksFailed: number; errorLine: string | null; waitsFor: string | null; backfillId: string | null; canCancel: boolean; canRetry: boolean; retryAt: string | null; retryNumber: number | null; retryMost: number | null; }; }

export type RetryRunVariables = { id: string; strategy: string; steps?: Array<string> | null; config?: unknown | null; tags?: unknown | null; idempotencyKey?: string | null; };

export const RetryRun: TypedDocument<RetryRunResult, RetryRunVariables> = { name: "RetryRun", text: "mutation RetryRun($id:String!,$strategy:String!,$steps:[String!],$config:JSON,$tags:JSON,$idempotencyKey:String){retryRun(id:$id strategy:$strategy steps:$steps config:$config tags:$tags idempotencyKey:$idempotencyKey){...RunRow}}fragment RunRow on Run{id status disconnectedAt location job title more partitionKey triggerKind triggerName createdAt startedAt endedAt typicalSeconds stepsTotal stepsDone stepsFailed checksFailed errorLine waitsFor backfillId canCancel canRetry retryAt retryNumber retryMost}" };

export interface ReloadLocationResult { reloadLocation: { name: string; status: string; manifestHash: string | null; loadedAt: string | null; error: ErrorInfo | null; errorAt: string | null; fork: string; assets: number; jobs: number; schedules: number; }; }

export type ReloadLocationVariables = { name: string; };

export const ReloadLocation: TypedDocument<ReloadLocationResult, ReloadLocationVariables> = { name: "ReloadLocation", text: "mutation ReloadLocation($name:String!){reloadLocation(name:$name){...LocationRow}}fragment LocationRow on Location{name status manifestHash loadedAt error errorAt fork assets jobs schedules}" };

export interface SetPoolLimitResult { setPoolLimit: { name: string; limit: number | null; }; }

export type SetPoolLimitVariables = { name: string; limit: number; };

export const SetPoolLimit: TypedDocument<SetPoolLimitResult, SetPoolLimitVariables> = { name: "SetPoolLimit", text: "mutation SetPoolLimit($name:String!,$limit:Int!){setPoolLimit(name:$name,limit:$limit){name limit}}" };

export interface UnsetPoolLimitResult { unsetPoolLimit: { name: string; limit: number | null; } | null; }

export type UnsetPoolLimitVariables = { name: string; };

export const UnsetPoolLimit: TypedDocument<UnsetPoolLimitResult, UnsetPoolLimitVariables> = { name: "UnsetPoolLimit", text: "mutation UnsetPoolLimit($name:String!){unsetPoolLimit(name:$name){name limit}}" };

export interface SetQueueHoldResult { setQueueHold: { hold: QueueHold | null; }; }

export type SetQueueHoldVariables = { hold: boolean; };

export const SetQueueHold: TypedDocument<SetQueueHoldResult, SetQueueHoldVariables> = { name: "SetQueueHold", text: "mutation SetQueueHold($hold:Boolean!){setQueueHold(hold:$hold){hold}}" };

export interface SetAutomationResult { setAutomation: { location: string; name: string; kind: string; job: string; running: boolean; description: string | null; cron: Array<string>; timezone: string; words: string; nextAt: string | null; upcoming: Array<string>; file: string | null; line: number | null; lastTick: { id: string; scheduledAt: string; status: string; startedAt: string; endedAt: string | null; runIds: Array<string>; skipReason: string | null; error: ErrorInfo | null; } | null; }; }

export type SetAutomationVariables = { location: string; name: string; running: boolean; };

export const SetAutomation: TypedDocument<SetAutomationResult, SetAutomationVariables> = { name: "SetAutomation", text: "mutation SetAutomation($location:String!,$name:String!,$running:Boolean!){setAutomation(location:$location,name:$name,running:$running){...AutomationRow}}fragment AutomationRow on Automation{location name kind job running description cron timezone words nextAt upcoming file line lastTick{id scheduledAt status startedAt endedAt runIds skipReason error}}" };
