import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

/** What the API refused or could not do, or that it was not reached at all (`code` is `unreachable`, status 0). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly allowed: readonly string[];
  readonly requestId: string | null;

  constructor(problem: Partial<Problem>, status: number) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = "ApiProblem";
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.fields = new Map((problem.errors ?? []).map((error) => [error.field, error.message]));
    this.allowed = problem.allowed ?? [];
    this.requestId = problem.request_id ?? null;
  }

  static notSent(): ApiProblem {
    return new ApiProblem({ code: "not_sent", detail: "offline" }, 0);
  }

  static unreachable(): ApiProblem {
    return new ApiProblem({ code: "unreachable", detail: "unreachable" }, 0);
  }
}

export function isProblem(error: unknown, code?: string): error is ApiProblem {
  return error instanceof ApiProblem && (code === undefined || error.code === code);
}
