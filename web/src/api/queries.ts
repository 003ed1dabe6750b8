// What pages read, one query a question. Keys begin with what the live connection makes stale.
import { infiniteQueryOptions, queryOptions, type InfiniteData } from "@tanstack/react-query";
import { answer, client, type Schemas } from "./client";
import { readEvent, type ProjectEvent } from "./shapes";

export type Project = Schemas["ProjectPageView"];
export type ProjectItem = Schemas["ProjectItem"];
export type Lifecycle = "active" | "archived" | "deleted";

/** Events that one page of the timeline asks for: the most that the API gives. */
export const EVENTS_PAGE = 100;
const PROJECTS_PAGE = 100;

export const keys = {
  me: ["me"] as const,
  projects: ["projects"] as const,
  project: (id: string) => ["project", id] as const,
  events: (id: string) => ["events", id] as const,
  workspaces: ["workspaces"] as const,
  workspace: (id: string) => ["workspace", id] as const,
  comments: (artifact: string) => ["comments", artifact] as const,
};

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: () => answer(client.GET("/api/v1/auth/me")),
  staleTime: 5 * 60_000,
  retry: false,
});

export const workspacesQuery = queryOptions({
  queryKey: keys.workspaces,
  queryFn: async () => (await answer(client.GET("/api/v1/workspaces"))).items,
});

const inProject = (project_id: string) => ({ params: { path: { project_id } } });

/** Projects of one workspace, or of all that the reader may see, page by page, the latest activity first. */
export const projectsQuery = (workspace: string | null, lifecycle: Lifecycle) =>
  infiniteQueryOptions({
    queryKey: [...keys.projects, { workspace, lifecycle }] as const,
    queryFn: ({ pageParam }) => {
      const query = { limit: PROJECTS_PAGE, lifecycle, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return workspace === null
        ? answer(client.GET("/api/v1/projects", { params: { query } }))
        : answer(
            client.GET("/api/v1/workspaces/{workspace_id}/projects", {
              params: { path: { workspace_id: workspace }, query },
            }),
          );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });

/** More than so many are found page by page. */
export const FOUND_MAX = 20;

/** Projects whose titles have these words, wherever in the list they stand: the server looks through all of them. */
export const foundQuery = (search: string) =>
  queryOptions({
    queryKey: [...keys.projects, "found", search] as const,
    queryFn: async () => {
      const { items } = await answer(client.GET("/api/v1/search", { params: { query: { q: search, limit: FOUND_MAX } } }));
      const found = await Promise.all(items.filter((hit) => hit.kind === "project").map((hit) => answer(client.GET("/api/v1/projects/{project_id}", inProject(hit.project_id))).catch(() => null)));
      return found.filter((project) => project !== null);
    },
    staleTime: 60_000,
  });

/** Projects in which a person has to do something. */
export const waitingQuery = queryOptions({
  queryKey: [...keys.projects, "waiting"] as const,
  queryFn: async () => {
    const of = async (phase: string) =>
      (await answer(client.GET("/api/v1/projects", { params: { query: { phase, limit: PROJECTS_PAGE } } }))).items;
    const pages = await Promise.all([of("awaiting_input"), of("awaiting_approval"), of("drafting"), of("failed")]);
    // What a person rejected waits for nobody.
    return pages.flat().filter((project) => project.lifecycle === "active" && project.failure_code !== "rejected");
  },
});

/** The projects in which something happened last, over all workspaces. */
export const recentQuery = queryOptions({
  queryKey: [...keys.projects, "recent"] as const,
  queryFn: async () => (await answer(client.GET("/api/v1/projects", { params: { query: { limit: 20, lifecycle: "active" } } }))).items,
});

export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: keys.project(id),
    queryFn: () => answer(client.GET("/api/v1/projects/{project_id}", inProject(id))),
  });

export const questionsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.project(id), "questions"] as const,
    queryFn: async () => (await answer(client.GET("/api/v1/projects/{project_id}/questions", inProject(id)))).items,
  });

export const promptsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.project(id), "prompts"] as const,
    queryFn: async () => (await answer(client.GET("/api/v1/projects/{project_id}/prompts", inProject(id)))).items,
  });

/** All versions of all prompts. */
export const promptVersionsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.project(id), "prompt-versions"] as const,
    queryFn: async () =>
      (
        await answer(
          client.GET("/api/v1/projects/{project_id}/prompts", {
            params: { path: { project_id: id }, query: { all_versions: true } },
          }),
        )
      ).items,
  });

export const findingsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.project(id), "findings"] as const,
    queryFn: () => answer(client.GET("/api/v1/projects/{project_id}/findings", inProject(id))),
  });

export const artifactVersionsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.project(id), "artifact-versions"] as const,
    queryFn: async () =>
      (
        await answer(
          client.GET("/api/v1/projects/{project_id}/artifacts", {
            params: { path: { project_id: id }, query: { all_versions: true } },
          }),
        )
      ).items,
  });

/** One version of an artifact, whole. It never changes, so it is kept. */
export const artifactQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ["artifact", id, version] as const,
    queryFn: () =>
      answer(
        client.GET("/api/v1/artifacts/{artifact_id}", { params: { path: { artifact_id: id }, query: { version } } }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What changed between two versions, as the server compares them; neither ever changes. */
export const artifactDiffQuery = (id: string, from: number, to: number) =>
  queryOptions({
    queryKey: ["artifact", id, "diff", from, to] as const,
    queryFn: () => answer(client.GET("/api/v1/artifacts/{artifact_id}/diff", { params: { path: { artifact_id: id }, query: { from, to, context: 3 } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.project(id), "conversation"] as const,
    queryFn: async () => {
      const turns: Schemas["Turn"][] = [];
      let cursor: number | undefined;
      do {
        const page: Schemas["TurnPage"] = await answer(
          client.GET("/api/v1/projects/{project_id}/conversation", {
            params: { path: { project_id: id }, query: { limit: 100, ...(cursor === undefined ? {} : { cursor }) } },
          }),
        );
        turns.push(...page.items);
        cursor = page.next_cursor == null ? undefined : Number(page.next_cursor);
      } while (cursor !== undefined);
      return turns;
    },
  });

export interface EventWindow {
  after: number;
  limit: number;
}

export interface EventSlice {
  window: EventWindow;
  events: ProjectEvent[];
}

export type EventLog = InfiniteData<EventSlice, EventWindow>;

/** The event log from its end: the first page is the latest, each next one is older. `last`: number of the last event. */
export const eventsQuery = (id: string, last: number) =>
  infiniteQueryOptions({
    queryKey: keys.events(id),
    queryFn: async ({ pageParam }): Promise<EventSlice> => {
      const page = await answer(
        client.GET("/api/v1/projects/{project_id}/events", {
          params: { path: { project_id: id }, query: { after: pageParam.after, limit: pageParam.limit } },
          headers: { accept: "application/json" },
        }),
      );
      const events = (page as Schemas["EventPage"]).items.flatMap((item) => readEvent(item) ?? []);
      return { window: pageParam, events };
    },
    initialPageParam: { after: Math.max(0, last - EVENTS_PAGE), limit: EVENTS_PAGE } as EventWindow,
    getNextPageParam: ({ window }): EventWindow | null => {
      if (window.after <= 0) return null;
      const after = Math.max(0, window.after - EVENTS_PAGE);
      return { after, limit: window.after - after };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const statsQuery = queryOptions({
  queryKey: ["stats"] as const,
  queryFn: () => answer(client.GET("/api/v1/users/me/stats")),
});

export const healthQuery = queryOptions({
  queryKey: ["health"] as const,
  queryFn: () => answer(client.GET("/api/v1/health")),
});
