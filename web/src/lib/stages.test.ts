import { expect, test } from "vitest";
import { inOrder, lookOf, mainStages, nowOf, stagesOf } from "./stages";

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
  const stages = mainStages({ tasks });
  expect(stages.map((stage) => stage.id)).toEqual(["brief", "spec", "plan"]);
  expect(nowOf(stages).id).toBe("spec");
  expect(nowOf(mainStages({ tasks: [task("brief", 1, "completed"), task("spec", 1, "completed")] })).id).toBe("spec");
  // Until the brief is confirmed it is the person's turn, whoever spoke last.
  const drafting = mainStages({ tasks: [task("brief", 2, "completed"), task("spec", 1, "pending")] }, "brief");
  expect([nowOf(drafting).id, lookOf(nowOf(drafting))]).toEqual(["brief", "you"]);
});

const looks = (stages: ReturnType<typeof mainStages>) => stages.map((stage) => [stage.id, lookOf(stage)]);

test("a verdict that failed is broken, and so is the review that it failed by", () => {
  const tasks = [task("implement", 1, "completed"), task("security_review", 1, "completed"), task("code_review", 1, "completed"), task("verdict", 1, "completed")];
  const failure = { code: "verdict_failed", stage: "verdict", message: "The reviews did not all pass (security_review: PASS, code_review: FAIL). Retry lets the findings be mended; or revise the brief." };
  expect(looks(mainStages({ tasks, failure }))).toEqual([
    ["implement", "done"],
    ["security_review", "done"],
    ["code_review", "broken"],
    ["verdict", "broken"],
  ]);
});

test("money that is missing is nobody's turn, a person's no is no failure, and after a cancellation nothing comes next", () => {
  const tasks = [task("questions", 1, "completed"), task("spec", 1, "waiting_for_hitl"), task("prompts", 1, "pending")];
  const held = mainStages({ tasks, waiting_for: "budget" });
  expect([nowOf(held).id, lookOf(nowOf(held))]).toEqual(["spec", "held"]);
  expect(lookOf(nowOf(mainStages({ tasks, waiting_for: "gate:spec" })))).toBe("you");
  const rejected = mainStages({ tasks: [task("spec", 1, "failed"), task("plan", 1, "pending")], failure: { code: "rejected", stage: "spec" } });
  expect(looks(rejected)).toEqual([["spec", "rejected"], ["plan", "ahead"]]);
  expect(nowOf(rejected).id).toBe("spec");
  expect(looks(mainStages({ tasks: [task("questions", 1, "cancelled"), task("spec", 1, "cancelled")] }))).toEqual([["questions", "off"], ["spec", "off"]]);
});

test("documents keep the order of the pipeline, whichever was written last", () => {
  const tasks = [task("spec", 1, "completed"), task("prompts", 1, "completed"), task("critique", 1, "completed"), task("spec", 2, "completed")];
  expect(inOrder([{ stage: "prompts" }, { stage: "critique" }, { stage: "elsewhere" }, { stage: "spec" }], tasks).map((one) => one.stage)).toEqual(["spec", "prompts", "critique", "elsewhere"]);
});
