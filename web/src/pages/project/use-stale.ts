import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { artifactQuery, artifactVersionsQuery, type Project } from "@/api/queries";
import { basisOf, staleOf } from "@/lib/coverage";

/** Numbers of prompts that rest on what the specification no longer says. */
export function useStalePrompts(project: Project): readonly number[] {
  const prompts = project.final_prompts;
  const spec = project.artifacts.find((artifact) => artifact.name === "spec");
  // In its first version nothing can have been changed.
  const enabled = prompts.length > 0 && (spec?.version ?? 0) > 1;
  const versions = useQuery({ ...artifactVersionsQuery(project.project_id), enabled }).data;
  const known = useMemo(() => (versions ?? []).filter((one) => one.name === "spec").map((one) => ({ version: one.version, at: one.generated_at, text: undefined })), [versions]);
  const wanted = enabled ? [...new Set([spec?.version, ...prompts.map((prompt) => basisOf(prompt, known)?.version)])].filter((version) => version !== undefined) : [];
  const texts = useQueries({ queries: wanted.map((version) => artifactQuery(spec?.id ?? "", version)) });
  return staleOf(prompts, known.map((one) => ({ ...one, text: texts.find((text) => text.data?.version === one.version)?.data?.content })));
}
