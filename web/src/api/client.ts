// The one way to the API: cookies of the session, an idempotency key on everything that changes something, one refresh
// of the session where it has ended, and every refusal as an `ApiProblem`.
import createClient from "openapi-fetch";
import { ApiProblem, type Problem } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

const REFRESHED_AT = "gw.refreshed_at";
/** Answers of these say 401 about what was typed, not about the session. */
const PUBLIC = /^\/api\/v1\/auth\/(login|signup|register|refresh|2fa\/verify|verify-|password\/reset|magic-link|oauth)/;

function refreshedAt(): number {
  return Number(localStorage.getItem(REFRESHED_AT) ?? 0);
}

/**
 * Renews the session's cookies unless another tab did so since `since` (milliseconds since 1970): a refresh token is good once,
 * and using it twice would end the session.
 */
export async function refreshSession(since: number): Promise<boolean> {
  return navigator.locks.request("groundwork-refresh", async () => {
    if (refreshedAt() > since) return true;
    const response = await fetch("/api/v1/auth/refresh", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
      body: "{}",
    });
    if (!response.ok) return false;
    localStorage.setItem(REFRESHED_AT, String(Date.now()));
    return true;
  });
}

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    throw ApiProblem.unreachable();
  }
}

async function sessionFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const begun = Date.now();
  const response = await send(request);
  if (response.status !== 401 || PUBLIC.test(new URL(request.url).pathname)) return response;
  // What the error says decides: a password that is asked for again is wrong without the session being over.
  const problem = await readProblem(response.clone());
  if (problem.code !== "unauthorized") return response;
  const renewed = await refreshSession(begun).catch(() => {
    throw ApiProblem.unreachable();
  });
  return renewed ? send(again) : response;
}

async function readProblem(response: Response): Promise<Partial<Problem>> {
  const body: unknown = await response.json().catch(() => null);
  return typeof body === "object" && body !== null ? body : {};
}

export const client = createClient<paths>({ baseUrl: location.origin, fetch: sessionFetch });

client.use({
  onRequest({ request }) {
    if (request.method !== "GET" && !request.headers.has("idempotency-key")) {
      request.headers.set("idempotency-key", crypto.randomUUID());
    }
    return request;
  },
});

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
