// Which workspace a person works in: a choice of this browser, checked against what they may see.
import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Schemas } from "@/api/client";
import { meQuery, workspacesQuery } from "@/api/queries";

export type Workspace = Schemas["Workspace"];
export type Role = "viewer" | "editor" | "admin" | "owner";

export const ROLES: readonly Role[] = ["viewer", "editor", "admin", "owner"];
const KEY = "gw.workspace";
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function selectWorkspace(id: string): void {
  localStorage.setItem(KEY, id);
  for (const listener of listeners) listener();
}

/** The chosen workspace, else the personal one; undefined until it is known. */
export function useWorkspace(): { current: Workspace | undefined; all: readonly Workspace[] } {
  const chosen = useSyncExternalStore(subscribe, () => localStorage.getItem(KEY));
  const me = useQuery(meQuery);
  const all = useQuery(workspacesQuery).data ?? (me.data === undefined ? [] : [me.data.workspace]);
  const current = all.find((one) => one.id === chosen) ?? all.find((one) => one.is_personal) ?? all[0];
  return { current, all };
}

/** Whether somebody of that role may do what asks for at least `least`. */
export function may(role: string | undefined, least: Role): boolean {
  return ROLES.indexOf(role as Role) >= ROLES.indexOf(least);
}

/** The reader's role in the workspace of a project. */
export function useRoleIn(workspaceId: string): string | undefined {
  return useWorkspace().all.find((one) => one.id === workspaceId)?.role;
}
