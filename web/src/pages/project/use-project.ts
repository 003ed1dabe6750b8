import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { createContext, useContext } from "react";
import { type Project, projectQuery } from "@/api/queries";
import { may, useRoleIn } from "@/app/workspace";

export const ProjectContext = createContext<Project | null>(null);

export function useProjectId(): string {
  return useParams({ from: "/signed-in/projects/$projectId" }).projectId;
}

/** What no event tells of, as a rename by somebody else, is seen after so long. */
const REFRESH_MS = 60_000;

export const useProjectQuery = () => useQuery({ ...projectQuery(useProjectId()), refetchInterval: REFRESH_MS });

/** The project whose frame the caller is in. */
export function useProject(): Project {
  const project = useContext(ProjectContext);
  if (project === null) throw new Error("no project around this tab");
  return project;
}

/** Whether the project takes this command now, from this reader. What the server refuses is refused anyway. */
export function useCan(project: Project): (command: string) => boolean {
  const canSpeak = may(useRoleIn(project.workspace_id), "editor");
  return (command) => canSpeak && project.allowed.includes(command);
}
