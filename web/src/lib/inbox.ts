// What waits for people, and for whom of them.
import type { PersonRequest } from "@/api/decisions";
import type { ProjectItem } from "@/api/queries";
import { rank } from "./projects";

export interface Wait {
  project: ProjectItem;
  /** The gate or the question of an agent; none: questions of the project itself, a brief, or a failure. */
  request: PersonRequest | undefined;
  /** Whether the reader is one of those who can go on with it. */
  isMine: boolean;
}

/** One line for each thing that waits: what the reader can do first. `mayAct`: whether the reader speaks in that workspace. */
export function waitsOf(projects: readonly ProjectItem[], requests: readonly PersonRequest[], mayAct: (workspace: string) => boolean): Wait[] {
  const waits = projects.flatMap((project): Wait[] => {
    const open = requests.filter((request) => request.project_id === project.project_id && request.status === "pending");
    if (open.length > 0) return open.map((request) => ({ project, request, isMine: request.waits_for_me }));
    return [{ project, request: undefined, isMine: mayAct(project.workspace_id) }];
  });
  return waits
    .map((wait, index) => ({ wait, index }))
    .sort((a, b) => Number(b.wait.isMine) - Number(a.wait.isMine) || rank(a.wait.project) - rank(b.wait.project) || a.index - b.index)
    .map(({ wait }) => wait);
}
