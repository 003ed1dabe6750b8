// How projects stand in lists.
import type { ProjectItem } from "@/api/queries";
import { t } from "@/text/en";
import { words } from "./format";

export type Filter = "all" | "waiting" | "working" | "completed" | "failed";

const WAITING = new Set(["awaiting_input", "awaiting_approval", "drafting"]);
const FILTERS: Record<Filter, (project: ProjectItem) => boolean> = {
  all: () => true,
  waiting: (project) => WAITING.has(project.phase),
  working: (project) => project.phase === "working" || project.phase === "paused",
  completed: (project) => project.phase === "completed",
  failed: (project) => project.phase === "failed" || project.phase === "cancelled",
};

export const FILTER_NAMES = Object.keys(FILTERS) as Filter[];

/** What a badge says of a project: its phase, or more where that alone would mislead. */
export function standOf({ phase, waiting_for, lifecycle, failure_code }: Pick<ProjectItem, "phase" | "waiting_for" | "lifecycle" | "failure_code">): string {
  if (lifecycle === "deleted") return "deleted";
  if (waiting_for === "budget") return "over_budget";
  return phase === "failed" && failure_code === "rejected" ? "rejected" : phase;
}

/** What waits for a person first, then what is broken, then the rest as it came: the latest activity first. */
export function rank(project: ProjectItem): number {
  if (WAITING.has(project.phase)) return 0;
  return project.phase === "failed" ? 1 : 2;
}

/** The projects that fit a filter and a search, those that wait for somebody first. */
export function arrange(projects: readonly ProjectItem[], filter: Filter, search: string): ProjectItem[] {
  const wanted = search.trim().toLocaleLowerCase();
  return projects
    .filter(FILTERS[filter])
    .filter((project) => wanted === "" || project.title.toLocaleLowerCase().includes(wanted) || project.project_id.startsWith(wanted))
    .map((project, index) => ({ project, index }))
    .sort((a, b) => rank(a.project) - rank(b.project) || a.index - b.index)
    .map(({ project }) => project);
}

/** What a project wants of people, where that says more than its phase: `gate:spec`, `question:code`, `budget`, `brief`. */
export function wishOf(waitingFor: string | null | undefined): string | null {
  if (waitingFor == null || waitingFor === "answers") return null;
  const [kind = "", name = ""] = waitingFor.split(":");
  if (kind === "gate") return t.artifact[name] ?? t.stage[name] ?? words(name);
  if (kind === "question") return t.waits.question ?? null;
  return t.waits[kind] ?? t.waits.other ?? null;
}

/** Whether something still happens in it without anybody. */
export const isMoving = (project: { phase: string; lifecycle: string }): boolean =>
  project.lifecycle === "active" && !["completed", "failed", "cancelled"].includes(project.phase);
