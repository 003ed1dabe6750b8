import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { eventsQuery, keys, type Project } from "@/api/queries";
import { queryClient } from "@/app/query-client";

/** Events that are on their way come within this time. */
const CATCH_UP_MS = 1_500;

/** The event log from its end, as far as it is loaded. */
export function useEventLog(project: Project, enabled = true) {
  const query = useInfiniteQuery({ ...eventsQuery(project.project_id, project.last_sequence), enabled });
  const events = useMemo(() => query.data?.pages.flatMap((page) => page.events) ?? [], [query.data]);
  // A log that was kept while nobody followed the project has a gap at its end: it is read anew.
  const latest = query.data?.pages[0]?.events.at(-1)?.sequence;
  const isBehind = latest !== undefined && latest < project.last_sequence;
  useEffect(() => {
    if (!isBehind) return;
    const timer = window.setTimeout(() => void queryClient.resetQueries({ queryKey: keys.events(project.project_id) }), CATCH_UP_MS);
    return () => window.clearTimeout(timer);
  }, [isBehind, project.project_id]);
  return { query, events };
}
