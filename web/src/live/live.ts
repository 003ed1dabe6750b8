// What the live connection does to what pages have read.
import { useEffect, useSyncExternalStore } from "react";
import { queryClient } from "@/app/query-client";
import { type EventLog, keys } from "@/api/queries";
import { type ProjectEvent, text } from "@/api/shapes";
import { LiveConnection, type Standing } from "./connection";
import { endedBy, streams } from "./streams";
import { Throttle } from "./throttle";

/** Several events come at once when a stage ends: pages are asked for once. */
const COALESCE_MS = 120;
/** A page of a project asks for some parts at a time, lists for many projects: the limit of requests a minute is for both. */
const PROJECT_EVERY_MS = 1_000;
const LISTS_EVERY_MS = 3_000;
const PAGE_EVERY_MS = 500;
/** After these nothing is written any more. */
const ENDS_WORK = new Set(["workflow_failed", "workflow_completed", "project_deleted"]);

const throttle = new Throttle(COALESCE_MS);

/** Long lists are many pages, and each of them is a request. */
function pagesLoaded(): number {
  const lists = queryClient.getQueriesData<{ pages?: unknown[] }>({ queryKey: keys.projects, type: "active" });
  return lists.reduce((sum, [, data]) => sum + (Array.isArray(data?.pages) ? data.pages.length : 1), 0);
}

export function refreshLists(): void {
  throttle.run("lists", Math.max(LISTS_EVERY_MS, pagesLoaded() * PAGE_EVERY_MS), () => void queryClient.invalidateQueries({ queryKey: keys.projects }));
}

const PROJECT = /^\/api\/v1\/projects(?:\/([0-9a-f-]{36}))?(?:\/|$)/;
const COMMENTS = /^\/api\/v1\/(?:artifacts\/[^/]+\/)?comments(?:\/|$)/;

/** Another page of this browser changed something: `path` is where it sent that. */
export function takeChange(path: string): void {
  const project = PROJECT.exec(path);
  if (project?.[1] !== undefined) refresh(project[1]);
  else if (project !== null) refreshLists();
  else if (COMMENTS.test(path)) void queryClient.invalidateQueries({ queryKey: ["comments"] });
}

function refresh(projectId: string): void {
  throttle.run(projectId, PROJECT_EVERY_MS, () => void queryClient.invalidateQueries({ queryKey: keys.project(projectId) }));
  refreshLists();
}

/** Puts an event at the end of the log that is shown, if one is. */
export function append(log: EventLog | undefined, event: ProjectEvent): EventLog | undefined {
  const [latest, ...older] = log?.pages ?? [];
  if (log === undefined || latest === undefined) return log;
  if (latest.events.some((known) => known.sequence === event.sequence)) return log;
  const events = [...latest.events, event].sort((a, b) => a.sequence - b.sequence);
  return { ...log, pages: [{ ...latest, events }, ...older] };
}

type Listener = (event: ProjectEvent) => void;
const listeners = new Set<Listener>();

/** Hears of every event that comes in while the caller is on the screen. */
export function useEvents(listener: Listener): void {
  useEffect(() => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [listener]);
}

let whenEnded: () => void = () => undefined;
/** Called when the connection learns that the session is over. */
export function onLiveEnded(listener: () => void): void {
  whenEnded = listener;
}

export const live = new LiveConnection({
  event(event) {
    queryClient.setQueryData<EventLog>(keys.events(event.projectId), (log) => append(log, event));
    const ended = endedBy(text(event.fields.cause));
    if (ENDS_WORK.has(event.event)) streams.clear(event.projectId);
    else if (ended !== null) streams.end(event.projectId, ended.stage, ended.attempt);
    const artifact = text(event.fields.artifact_id);
    if (event.event === "comment_added" && artifact !== null) void queryClient.invalidateQueries({ queryKey: keys.comments(artifact) });
    refresh(event.projectId);
    for (const listener of listeners) listener(event);
  },
  delta: (delta) => streams.add(delta),
  refused: (projectId) => refresh(projectId),
  ended: () => whenEnded(),
  resumed() {
    void queryClient.invalidateQueries({ queryKey: keys.projects });
    void queryClient.invalidateQueries({ predicate: (query) => query.queryKey[0] === "project" || query.queryKey[0] === "comments" });
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
