// The pipelines that a project can run on: those that ship, as their files say (`npm run generate`).
import shipped from "./shipped.json";

export interface PipelineStage {
  id: string;
  status: string;
  verb: string | null;
  agent: string | null;
  needs: string[];
  produces: string | null;
  gate: string | null;
}

export interface Pipeline {
  id: string;
  version: number;
  title: string;
  description: string;
  stages: PipelineStage[];
}

export const PIPELINES: readonly Pipeline[] = shipped.pipelines;
/** Models that a stage can be tried with. */
export const MODELS: readonly { id: string; provider: string }[] = shipped.models;

export const findPipeline = (id: string): Pipeline | undefined => PIPELINES.find((pipeline) => pipeline.id === id);
