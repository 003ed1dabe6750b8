// What waits for the reader, over all workspaces.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { inboxQuery } from "@/api/decisions";
import { waitingQuery } from "@/api/queries";
import { type Wait, waitsOf } from "@/lib/inbox";
import { may, useWorkspace } from "./workspace";

const REFRESH_MS = 60_000;

export function useWaits(): { data: Wait[] | undefined; error: unknown; isPending: boolean; refetch: () => unknown } {
  const projects = useQuery({ ...waitingQuery, refetchInterval: REFRESH_MS });
  const requests = useQuery({ ...inboxQuery, refetchInterval: REFRESH_MS }).data?.items;
  const { all } = useWorkspace();
  const data = useMemo(() => {
    if (projects.data === undefined) return undefined;
    return waitsOf(projects.data, requests ?? [], (workspace) => may(all.find((one) => one.id === workspace)?.role, "editor"));
  }, [projects.data, requests, all]);
  return { data, error: projects.error, isPending: projects.isPending, refetch: projects.refetch };
}

/** How much waits for the reader. */
export const useWaitCount = (): number => useWaits().data?.filter((wait) => wait.isMine).length ?? 0;
