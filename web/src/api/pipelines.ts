// The pipelines that a project can run on, and the models that a stage can be tried with.
import { queryOptions } from "@tanstack/react-query";
import { answer, client, type Schemas } from "./client";
import shipped from "./shipped.json";

export type Pipeline = Schemas["PipelineItem"];
export type PipelineStage = Schemas["StageItem"];

/** Models that a stage can be tried with, as domain/models.toml has them (`npm run generate`). */
export const MODELS: readonly { id: string; provider: string }[] = shipped.models;

/** Whether people decide behind a stage. */
export const hasGate = (stage: PipelineStage): boolean => stage.gate != null;

const at = (workspace: string | undefined) => (workspace === undefined ? {} : { workspace_id: workspace });

export const pipelinesQuery = (workspace: string | undefined) =>
  queryOptions({
    queryKey: ["pipelines", workspace] as const,
    queryFn: async () => (await answer(client.GET("/api/v1/pipelines", { params: { query: at(workspace) } }))).items,
  });

/** One pipeline with its source. */
export const pipelineQuery = (id: string, workspace: string | undefined, version?: number) =>
  queryOptions({
    queryKey: ["pipelines", workspace, id, version ?? null] as const,
    queryFn: () =>
      answer(client.GET("/api/v1/pipelines/{pipeline_id}", { params: { path: { pipeline_id: id }, query: { ...at(workspace), ...(version === undefined ? {} : { version }) } } })),
  });
