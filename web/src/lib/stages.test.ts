import { expect, test } from "vitest";
import { lookOf, stagesOf } from "./stages";

const task = (stage: string, attempt: number, status: string) => ({
  stage,
  attempt,
  status,
  agent_type: "agent",
  created_at: "2026-11-21T12:00:00Z",
  updated_at: "2026-11-21T12:00:00Z",
});

test("the latest attempt counts, in whatever order attempts come; the order of stages stays", () => {
  const stages = stagesOf([task("spec", 1, "completed"), task("prompts", 2, "working"), task("prompts", 1, "completed"), task("critique", 1, "pending")]);
  expect(stages.map((stage) => [stage.id, stage.attempt, lookOf(stage)])).toEqual([
    ["spec", 1, "done"],
    ["prompts", 2, "now"],
    ["critique", 1, "ahead"],
  ]);
});
