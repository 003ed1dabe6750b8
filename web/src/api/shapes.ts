// Readers for what the OpenAPI document leaves open (JSON that pipelines and events define). What does not have the shape is
// left out and never guessed.

export interface Option {
  key: string;
  label: string;
  recommended: boolean;
}

export interface Failure {
  stage: string | null;
  attempt: number | null;
  phase: string | null;
  code: string;
  message: string;
  permanent: boolean;
}

export interface Source {
  source: string;
  name: string | null;
  version: number | null;
  digest: string | null;
}

/** An event of a project's log, or of its stream. */
export interface ProjectEvent {
  event: string;
  eventId: string;
  projectId: string;
  sequence: number;
  timestamp: string;
  actor: string;
  actorId: string | null;
  fields: Readonly<Record<string, unknown>>;
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function count(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function field(value: unknown, name: string): unknown {
  return record(value)?.[name];
}

export function readOptions(value: unknown): Option[] {
  return list(value).flatMap((one) => {
    const key = text(field(one, "key"));
    const label = text(field(one, "label"));
    return key === null || label === null ? [] : [{ key, label, recommended: field(one, "recommended") === true }];
  });
}

export function readFailure(value: unknown): Failure | null {
  const code = text(field(value, "code"));
  if (code === null) return null;
  return {
    code,
    message: text(field(value, "message")) ?? code,
    stage: text(field(value, "stage")),
    attempt: count(field(value, "attempt")),
    phase: text(field(value, "phase")),
    permanent: field(value, "permanent") === true,
  };
}

/** Stages of reviews by which a verdict failed, as its message names them. */
export const failedReviews = (failure: Failure): string[] =>
  failure.code === "verdict_failed" ? [...failure.message.matchAll(/\b([\w-]+): FAIL\b/g)].map((match) => match[1] ?? "") : [];

export function readSources(value: unknown): Source[] {
  return list(value).flatMap((one) => {
    const source = text(field(one, "source"));
    if (source === null) return [];
    return [
      {
        source,
        name: text(field(one, "name")),
        version: count(field(one, "version")),
        digest: text(field(one, "digest")),
      },
    ];
  });
}

export function readEvent(value: unknown): ProjectEvent | null {
  const fields = record(value);
  const event = text(fields?.event);
  const projectId = text(fields?.project_id);
  const sequence = count(fields?.sequence);
  if (fields === null || event === null || projectId === null || sequence === null) return null;
  return {
    event,
    projectId,
    sequence,
    eventId: text(fields.event_id) ?? `${projectId}/${sequence}`,
    timestamp: text(fields.timestamp) ?? "",
    actor: text(fields.actor) ?? "system",
    actorId: text(fields.actor_id),
    fields,
  };
}
