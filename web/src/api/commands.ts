// What people say to a project, and the plain writes beside it.
import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import { queryClient } from "@/app/query-client";
import { answer, client, type Schemas } from "./client";
import { keys, type Project } from "./queries";

export type Command = Schemas["Said"];
export type CommandAnswer = Schemas["CommandAnswer"];

/** Puts what an answer says of a project where pages read it, then asks for the rest. */
function settle(projectId: string, said: CommandAnswer): void {
  queryClient.setQueryData<Project>(keys.project(projectId), (known) =>
    known === undefined
      ? known
      : {
          ...known,
          phase: said.phase,
          status: said.status,
          stage: said.stage ?? null,
          waiting_for: said.waiting_for ?? null,
          allowed: said.allowed,
          lifecycle: said.lifecycle,
          open_questions: said.open_questions,
        },
  );
  void queryClient.invalidateQueries({ queryKey: keys.project(projectId) });
  void queryClient.invalidateQueries({ queryKey: keys.projects });
}

/** Nothing here is shown before the server has taken it: a command costs money or decides something. */
export function useCommand(projectId: string): UseMutationResult<CommandAnswer, unknown, Command> {
  return useMutation({
    mutationFn: (command: Command) =>
      answer(client.POST("/api/v1/projects/{project_id}/commands", { params: { path: { project_id: projectId } }, body: command })),
    onSuccess: (said) => settle(projectId, said),
    onError: () => void queryClient.invalidateQueries({ queryKey: keys.project(projectId) }),
  });
}

export function useRename(projectId: string): UseMutationResult<unknown, unknown, string> {
  return useMutation({
    mutationFn: (title: string) =>
      answer(client.PATCH("/api/v1/projects/{project_id}", { params: { path: { project_id: projectId } }, body: { title } })),
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: keys.project(projectId) });
      return queryClient.invalidateQueries({ queryKey: keys.projects });
    },
  });
}

export interface Tick {
  number: number;
  position: number;
  checked: boolean;
}

type Prompt = Schemas["PromptItem"];

function ticked(prompts: Prompt[] | undefined, { number, position, checked }: Tick): Prompt[] | undefined {
  return prompts?.map((prompt) =>
    prompt.number !== number
      ? prompt
      : { ...prompt, checklist: prompt.checklist.map((item) => (item.position === position ? { ...item, checked } : item)) },
  );
}

/** A tick is shown at once: it is taken back as easily. */
export function useTick(projectId: string): UseMutationResult<unknown, unknown, Tick, { before: Prompt[] | undefined }> {
  const key = [...keys.project(projectId), "prompts"] as const;
  return useMutation({
    mutationFn: ({ number, position, checked }: Tick) =>
      answer(
        client.PATCH("/api/v1/projects/{project_id}/prompts/{number}/checklist", {
          params: { path: { project_id: projectId, number } },
          body: { items: [{ position, checked }] },
        }),
      ),
    onMutate: async (tick) => {
      await queryClient.cancelQueries({ queryKey: key });
      const before = queryClient.getQueryData<Prompt[]>(key);
      queryClient.setQueryData<Prompt[]>(key, (known) => ticked(known, tick));
      return { before };
    },
    onError: (_error, _tick, context) => queryClient.setQueryData(key, context?.before),
    onSettled: () => queryClient.invalidateQueries({ queryKey: key }),
  });
}

/** Downloads the package: the same project gives the same bytes. */
export async function exportProject(projectId: string, format: "zip" | "markdown"): Promise<{ name: string; bytes: Blob }> {
  const { data, error, response } = await client.POST("/api/v1/projects/{project_id}/export", {
    params: { path: { project_id: projectId }, query: { format } },
    parseAs: "blob",
  });
  const bytes: unknown = await answer(Promise.resolve({ data, error, response }));
  const named = /filename="?([^";]+)"?/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  if (!(bytes instanceof Blob)) throw new Error("the package is no file");
  return { name: named ?? (format === "zip" ? "package.zip" : "package.md"), bytes };
}
