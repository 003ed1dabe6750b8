// The one way to the API: cookies of the session, an idempotency key on everything that changes something, one refresh
// of the session where it has ended, and every refusal as an `ApiProblem`.
import createClient from "openapi-fetch";
import { LostAnswers } from "./lost-answers";
import { tellOtherPages } from "./other-pages";
import { ApiProblem, type Problem } from "./problem";
import type { components, paths } from "./schema";
import { changes } from "./slow";

export type Schemas = components["schemas"];

const REFRESHED_AT = "gw.refreshed_at";
const REFRESH_KEY = "gw.refresh_key";
const lost = new LostAnswers();
/** Answers of these say 401 about what was typed, not about the session. */
const PUBLIC = /^\/api\/v1\/auth\/(login|signup|register|refresh|2fa\/verify|verify-|password\/reset|magic-link|oauth)/;

function refreshedAt(): number {
  return Number(localStorage.getItem(REFRESHED_AT) ?? 0);
}

/** `ended`: there is no session any more, and only a sign-in helps. */
export type Renewal = "renewed" | "ended";

/** What is done when a session has ended that this browser took for good. */
let whenEnded: () => void = () => undefined;
export function onSessionEnded(listener: () => void): void {
  whenEnded = listener;
}

/**
 * Renews the session's cookies unless another tab did so since `since` (milliseconds since 1970): a refresh token is good once,
 * and using it twice would end the session. Throws where nothing was learned: a server that restarts ends no session.
 */
export async function refreshSession(since: number): Promise<Renewal> {
  return navigator.locks.request("groundwork-refresh", async () => {
    if (refreshedAt() > since) return "renewed";
    // The key outlives a lost answer: with it the same successor comes again.
    const key = localStorage.getItem(REFRESH_KEY) ?? crypto.randomUUID();
    localStorage.setItem(REFRESH_KEY, key);
    const response = await send(
      new Request("/api/v1/auth/refresh", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key },
        body: "{}",
      }),
    );
    if (response.ok) {
      localStorage.removeItem(REFRESH_KEY);
      localStorage.setItem(REFRESHED_AT, String(Date.now()));
      return "renewed";
    }
    const problem = await readProblem(response.clone());
    if (!isRefusal(response.status)) throw new ApiProblem(problem, response.status);
    localStorage.removeItem(REFRESH_KEY);
    return "ended";
  });
}

/** Whether a status says no for good. A server that is busy, away or restarting says nothing about what it was asked. */
export const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429;

async function send(request: Request): Promise<Response> {
  // A device without a network sends nothing: that is more than that no answer came.
  const isOffline = !navigator.onLine && request.method !== "GET";
  try {
    return await (request.method === "GET" ? fetch(request) : changes.watch(fetch(request)));
  } catch {
    throw isOffline ? ApiProblem.notSent() : ApiProblem.unreachable();
  }
}

const sessionFetch = (request: Request): Promise<Response> => withSession(new URL(request.url).pathname, () => send(request.clone()));

/** Asks, and asks once more where the session had ended and was renewed. */
export async function withSession(path: string, ask: () => Promise<Response>): Promise<Response> {
  const begun = Date.now();
  const response = await ask();
  if (response.status !== 401 || PUBLIC.test(path)) return response;
  // What the error says decides: a password that is asked for again is wrong without the session being over.
  const problem = await readProblem(response.clone());
  if (problem.code !== "unauthorized") return response;
  if ((await refreshSession(begun)) === "renewed") return ask();
  whenEnded();
  return response;
}

export async function readProblem(response: Response): Promise<Partial<Problem>> {
  const body: unknown = await response.json().catch(() => null);
  return typeof body === "object" && body !== null ? body : {};
}

export const client = createClient<paths>({ baseUrl: location.origin, fetch: sessionFetch });

client.use({
  async onRequest({ request }) {
    if (request.method === "GET" || request.headers.has("idempotency-key")) return request;
    request.headers.set("idempotency-key", await keyOf(request));
    return request;
  },
  async onResponse({ request, response }) {
    const isOpen = response.status >= 500 || (response.status === 409 && (await readProblem(response.clone())).code === "request_in_progress");
    if (isOpen) lost.keep(request);
    if (response.ok && request.method !== "GET") tellOtherPages(new URL(request.url).pathname);
  },
  onError({ request }) {
    lost.keep(request);
  },
});

async function keyOf(request: Request): Promise<string> {
  const isJson = (request.headers.get("content-type") ?? "").includes("json");
  // What is not POST may be repeated as it is.
  if (request.method !== "POST" || !isJson) return crypto.randomUUID();
  return lost.keyFor(request, `${request.url} ${await request.clone().text()}`);
}

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's body; throws an `ApiProblem` where the API refused. */
export async function answer<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) {
    const problem = typeof error === "object" && error !== null ? error : {};
    throw new ApiProblem(problem, response.status);
  }
  return data as T;
}
