import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { recentQuery } from "@/api/queries";
import { text, type ProjectEvent } from "@/api/shapes";
import { useEvents, useFollow } from "@/live/live";
import { isRejection } from "@/lib/events";
import { isMoving } from "@/lib/projects";
import { partName, refining } from "@/lib/refinement";
import { words } from "@/lib/format";
import { t } from "@/text/en";
import { tell } from "@/ui/toast";

const REFRESH_MS = 60_000;
/** What happened longer ago is news to nobody: logs are told from their beginning when a project is first followed. */
const NEWS_MS = 60_000;

/** What is said of an event to who is elsewhere; null where it needs nobody. */
export function noticeOf(event: ProjectEvent): string | null {
  const name = text(event.fields.gate) ?? text(event.fields.stage) ?? "";
  switch (event.event) {
    case "gate_ready":
      return t.notice.gate(t.artifact[name] ?? t.stage[name] ?? words(name));
    case "questions_ready":
      return t.notice.questions;
    case "hitl_request":
      return t.notice.asks;
    case "over_budget":
      return t.notice.budget;
    case "workflow_completed":
      return t.notice.completed;
    case "workflow_failed":
      return isRejection(event) ? t.notice.rejected : t.notice.failed;
    case "refinement_completed":
      return t.notice.refined(partName(text(event.fields.section) ?? ""));
    case "refinement_failed":
      return t.notice.notRefined(partName(text(event.fields.section) ?? ""));
    default:
      return null;
  }
}

/** Tells who is elsewhere in the application that a project needs them, or is done (F-16). */
export function Notices() {
  const recent = useQuery({ ...recentQuery, refetchInterval: REFRESH_MS }).data;
  const moving = useMemo(() => (recent ?? []).filter(isMoving), [recent]);
  useFollow(moving.map((project) => ({ id: project.project_id, after: project.last_sequence })));
  const { pathname } = useLocation();
  const hear = useCallback(
    (event: ProjectEvent) => {
      const notice = noticeOf(event);
      if (notice === null || Date.now() - Date.parse(event.timestamp) > NEWS_MS) return;
      const isHere = pathname.includes(event.projectId);
      // A refinement is told where it was asked for too: its page looks as before.
      const isRefinement = event.event.startsWith("refinement_");
      if (isHere && !isRefinement) return;
      const about = isRefinement ? { about: refining(event.projectId) } : {};
      if (isHere) return tell(notice, { ...about, bad: event.event === "refinement_failed" });
      const title = recent?.find((project) => project.project_id === event.projectId)?.title;
      tell(title === undefined ? notice : `${title.replace(/[.…]+$/, "")}: ${notice}`, { ...about, projectId: event.projectId });
    },
    [pathname, recent],
  );
  useEvents(hear);
  return null;
}
