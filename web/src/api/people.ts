// Who people are, by what a workspace knows of its members.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { t } from "@/text/en";
import { answer, client } from "./client";
import { keys, meQuery } from "./queries";

export const membersQuery = (workspace: string) =>
  queryOptions({
    queryKey: [...keys.workspace(workspace), "members"] as const,
    queryFn: async () => (await answer(client.GET("/api/v1/workspaces/{workspace_id}/members", { params: { path: { workspace_id: workspace } } }))).items,
  });

/** Names people of a workspace: oneself as "You", who is gone as what they were. */
export function useNameOf(workspace: string): (user: string | null | undefined) => string {
  const me = useQuery(meQuery).data?.user.id;
  const members = useQuery({ ...membersQuery(workspace), enabled: workspace !== "", staleTime: 60_000 }).data;
  return useCallback(
    (user) => {
      if (user == null) return t.actor.user;
      if (user === me) return t.actor.you;
      return members?.find((member) => member.user_id === user)?.name ?? (members === undefined ? t.actor.user : t.actor.former);
    },
    [me, members],
  );
}
