// What the live connection does to what pages have read.
import { useEffect, useSyncExternalStore } from "react";
import { queryClient } from "@/app/query-client";
import { type EventLog, keys } from "@/api/queries";
import type { ProjectEvent } from "@/api/shapes";
import { LiveConnection, type Standing } from "./connection";
import { streams } from "./streams";

/** Several events come at once when a stage ends: pages are asked for once. */
const COALESCE_MS = 120;
const ENDS_TEXT = new Set(["spec_ready", "prompts_generated", "questions_ready", "review_verdict", "artifact_ready", "status_changed", "workflow_failed", "workflow_completed"]);

const stale = new Set<string>();
let timer: number | undefined;

function refresh(projectId: string): void {
  stale.add(projectId);
  timer ??= window.setTimeout(() => {
    timer = undefined;
    for (const id of stale) void queryClient.invalidateQueries({ queryKey: keys.project(id) });
    void queryClient.invalidateQueries({ queryKey: keys.projects });
    stale.clear();
  }, COALESCE_MS);
}

/** Puts an event at the end of the log that is shown, if one is. */
export function append(log: EventLog | undefined, event: ProjectEvent): EventLog | undefined {
  const [latest, ...older] = log?.pages ?? [];
  if (log === undefined || latest === undefined) return log;
  if (latest.events.some((known) => known.sequence === event.sequence)) return log;
  const events = [...latest.events, event].sort((a, b) => a.sequence - b.sequence);
  return { ...log, pages: [{ ...latest, events }, ...older] };
}

export const live = new LiveConnection({
  event(event) {
    queryClient.setQueryData<EventLog>(keys.events(event.projectId), (log) => append(log, event));
    if (ENDS_TEXT.has(event.event)) streams.clear(event.projectId);
    refresh(event.projectId);
  },
  delta: (delta) => streams.add(delta),
  refused: (projectId) => refresh(projectId),
  resumed() {
    void queryClient.invalidateQueries({ queryKey: keys.projects });
    void queryClient.invalidateQueries({ predicate: (query) => query.queryKey[0] === "project" });
  },
});

export function useStanding(): Standing {
  return useSyncExternalStore(live.subscribe, live.standing);
}

/** Hears of these projects while the caller is on the screen. */
export function useFollow(projects: readonly { id: string; after: number }[]): void {
  const wanted = projects.map((project) => project.id).join(" ");
  useEffect(() => {
    const releases = projects.map((project) => live.follow(project.id, project.after));
    return () => releases.forEach((release) => release());
    // The numbers change with every event; the connection keeps count by itself.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [wanted]);
}
