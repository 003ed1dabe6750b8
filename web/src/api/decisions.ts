// What waits for people, and what they say to it.
import { queryOptions } from "@tanstack/react-query";
import { queryClient } from "@/app/query-client";
import { answer, client, type Schemas } from "./client";
import { keys } from "./queries";

export type PersonRequest = Schemas["RequestView"];
export type RequestList = Schemas["Requests"];
export type Decision = "approve" | "amend" | "request_changes" | "reject";

/** Gates and questions of one project, also settled ones. */
export const requestsQuery = (project: string) =>
  queryOptions({
    queryKey: [...keys.project(project), "requests"] as const,
    queryFn: () => answer(client.GET("/api/v1/projects/{project_id}/hitl", { params: { path: { project_id: project } } })),
  });

/** Everything that waits for a person in all projects of the reader. */
export const inboxQuery = queryOptions({
  queryKey: [...keys.projects, "requests"] as const,
  queryFn: () => answer(client.GET("/api/v1/hitl")),
});

export const commentsQuery = (artifact: string) =>
  queryOptions({
    queryKey: keys.comments(artifact),
    queryFn: () => answer(client.GET("/api/v1/artifacts/{artifact_id}/comments", { params: { path: { artifact_id: artifact } } })),
  });

export const refreshComments = (artifact: string): Promise<void> =>
  queryClient.invalidateQueries({ queryKey: keys.comments(artifact) });

export type Redo = "revise" | "rewind" | "edit" | "request_changes" | "amend_answer";

/** What a command would do again, and about what that would cost. */
export const previewQuery = (project: string, command: Redo, target: string | null) =>
  queryOptions({
    queryKey: [...keys.project(project), "preview", command, target] as const,
    queryFn: () =>
      answer(
        client.GET("/api/v1/projects/{project_id}/preview", {
          params: { path: { project_id: project }, query: { command, ...(target === null ? {} : { target }) } },
        }),
      ),
  });

export const projectBudgetQuery = (project: string) =>
  queryOptions({
    queryKey: [...keys.project(project), "budget"] as const,
    queryFn: () => answer(client.GET("/api/v1/projects/{project_id}/budget", { params: { path: { project_id: project } } })),
  });

export const workspaceBudgetQuery = (workspace: string) =>
  queryOptions({
    queryKey: [...keys.workspace(workspace), "budget"] as const,
    queryFn: () => answer(client.GET("/api/v1/workspaces/{workspace_id}/budget", { params: { path: { workspace_id: workspace } } })),
  });
