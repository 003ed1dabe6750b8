import { expect, test } from "vitest";
import { lookOf, mainStages, nowOf, stagesOf } from "./stages";

const task = (stage: string, attempt: number, status: string) => ({
  stage,
  attempt,
  status,
  agent_type: "agent",
  id: `00000000-0000-5000-8000-${stage}${attempt}`,
  instructions: "",
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

test("advice is no step, and the step that counts is the one that somebody can do something about", () => {
  const tasks = [task("brief", 1, "completed"), task("spec", 1, "waiting_for_hitl"), task("spec-advice", 1, "working"), task("title", 1, "working"), task("plan", 1, "pending")];
  const stages = mainStages(tasks);
  expect(stages.map((stage) => stage.id)).toEqual(["brief", "spec", "plan"]);
  expect(nowOf(stages).id).toBe("spec");
  expect(nowOf(mainStages([task("brief", 1, "completed"), task("spec", 1, "completed")])).id).toBe("spec");
  // Until the brief is confirmed it is the person's turn, whoever spoke last.
  const drafting = mainStages([task("brief", 2, "completed"), task("spec", 1, "pending")], "brief");
  expect([nowOf(drafting).id, lookOf(nowOf(drafting))]).toEqual(["brief", "you"]);
});
