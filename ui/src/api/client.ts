/** Typed requests to the server. One function, no cache: caching is the query client's work. */

import { streamOpened } from "../live/connection";

/** A document with the types of its answer and its variables. */
export interface TypedDocument<Result, Variables> {
  name: string;
  text: string;
  /** Never set; carries the types. */
  readonly types?: (variables: Variables) => Result;
}

/** What went wrong, in the server's words. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** `not_found`, `denied`, `conflict`, `config`, `unavailable`, `offline`, `login`, ... */
    readonly code: string,
    readonly requestId?: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

interface GraphError {
  message: string;
  extensions?: { code?: string; requestId?: string };
}

/** Called with every outcome, so the shell knows whether the server is there. */
export type Observer = (outcome: "answered" | "offline" | "login") => void;
const observers = new Set<Observer>();

/** Hear of outcomes; returns the way out. */
export function observe(observer: Observer): () => void {
  observers.add(observer);
  return () => observers.delete(observer);
}

function tell(outcome: Parameters<Observer>[0]): void {
  for (const observer of observers) observer(outcome);
}

async function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-rostrum-client": "ui" },
      credentials: "same-origin",
      body: JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    tell("offline");
    throw new ApiError("The server does not answer.", "offline");
  }
}

/** Send one operation. Throws `ApiError`. */
export async function request<Result, Variables>(
  document: TypedDocument<Result, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Result> {
  await streamOpened();
  signal?.throwIfAborted();
  const response = await post("/graphql", { query: document.text, variables, operationName: document.name }, signal);
  const requestId = response.headers.get("x-request-id") ?? undefined;
  if (response.status === 401) {
    tell("login");
    throw new ApiError("Please log in.", "login", requestId);
  }
  let body: { data?: Result | null; errors?: GraphError[] };
  try {
    body = (await response.json()) as typeof body;
  } catch {
    if (response.status >= 502 && response.status <= 504) tell("offline");
    throw new ApiError(`The server answered ${response.status} and no data.`, response.status >= 500 ? "unavailable" : "error", requestId);
  }
  tell("answered");
  const first = body.errors?.[0];
  if (first) throw new ApiError(first.message, first.extensions?.code ?? "error", first.extensions?.requestId ?? requestId);
  if (!response.ok || !body.data) throw new ApiError(`The server answered ${response.status} and no data.`, "error", requestId);
  return body.data;
}

/** Log in; the server answers with a session cookie. */
export async function login(name: string, password: string): Promise<void> {
  const response = await post("/login", { name, password });
  if (response.ok) return;
  if (response.status === 401 || response.status === 403) throw new ApiError("Name or password is wrong.", "login");
  if (response.status === 429) throw new ApiError("Too many attempts. Wait a minute.", "login");
  throw new ApiError(`The server answered ${response.status}.`, "error");
}

/** End the session. */
export async function logout(): Promise<void> {
  await post("/logout", {});
}
