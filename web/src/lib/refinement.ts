// What became of the refinement that was asked for last.
import { count, field, type ProjectEvent, text } from "@/api/shapes";
import { t } from "@/text/en";

export interface Refinement {
  /** As the server names it: `FR-003`, `prompt 03`, a heading. */
  section: string;
  at: string;
  /** What it made; none: it failed. */
  made: { artifact: string; version: number } | null;
  /** Why it failed. */
  why: string | null;
}

/** Names a refinement among notices: its end takes the place of its beginning. */
export const refining = (project: string): string => `refine/${project}`;

/** A prompt by its number, all else as it is called. */
export function partName(section: string): string {
  const number = /^(?:prompt )?(\d+)$/i.exec(section)?.[1];
  return number === undefined ? section : t.prompt.number(Number(number));
}

/** None where none was asked for, or the last one is still under way. */
export function lastRefinement(events: readonly ProjectEvent[]): Refinement | null {
  const last = events.filter((event) => event.event.startsWith("refinement_")).toSorted((a, b) => b.sequence - a.sequence)[0];
  if (last === undefined || last.event === "refinement_requested") return null;
  const { fields, timestamp: at } = last;
  const section = text(fields.section) ?? "";
  const artifact = text(fields.artifact);
  const version = count(fields.version);
  if (last.event === "refinement_failed") return { section, at, made: null, why: text(field(fields.error, "message")) };
  return artifact === null || version === null ? null : { section, at, made: { artifact, version }, why: null };
}
