import { expect, test } from "vitest";
import { type ProjectEvent, readEvent } from "@/api/shapes";
import { actorOf, describe, passes, toneOf } from "./events";

function event(kind: string, fields: object = {}): ProjectEvent {
  const read = readEvent({ event: kind, project_id: "p", sequence: 1, timestamp: "2026-11-21T12:00:00Z", ...fields });
  if (read === null) throw new Error("unreadable");
  return read;
}

test("decisions say what was decided about what", () => {
  expect(describe(event("gate_decided", { gate: "spec", decision: "request_changes" }))).toBe("Changes were asked for in: Specification");
  expect(describe(event("gate_decided", { gate: "plan", decision: "approve" }))).toBe("Plan was approved");
  expect(describe(event("gate_ready", { gate: "tests", artifact: { version: 2 } }))).toBe("Contract tests (version 2) waits for a decision");
  expect(describe(event("gate_advised", { gate: "spec", recommendation: "revise", reason: "Too short." }))).toBe("The reviewer advises to revise: Specification. Too short.");
});

test("what a newer server tells has a name at least", () => {
  expect(describe(event("moon_risen"))).toBe("Moon risen");
  expect(describe(event("gate_decided", { gate: "spec", decision: "coin_toss" }))).toBe("A decision was taken");
});

test("every kind that the server has is told as a sentence", () => {
  const kinds = ["gate_advised", "advice_failed", "task_start", "task_complete", "task_progress", "agent_status_update", "artifact_complete", "file_written", "message_taken", "message_failed", "hitl_request"];
  for (const kind of kinds) expect(describe(event(kind, { stage: "spec", gate: "spec" }))).not.toMatch(/undefined|null|_/);
});

test("steps inside the work are left out, decisions can be looked for", () => {
  const kinds = ["task_start", "gate_decided", "progress_update"].map((kind) => event(kind));
  expect(kinds.filter((one) => passes(one, "main")).map((one) => one.event)).toEqual(["gate_decided", "progress_update"]);
  expect(kinds.filter((one) => passes(one, "decisions")).map((one) => one.event)).toEqual(["gate_decided"]);
  expect([event("status_changed", { phase: "completed" }), event("status_changed", { phase: "paused" })].map((one) => passes(one, "main"))).toEqual([false, true]);
  expect(kinds.every((one) => passes(one, "all"))).toBe(true);
});

test("who did something is named", () => {
  const names = (user: string | null) => (user === "u1" ? "Ada" : "A person");
  expect(actorOf(event("gate_decided", { actor: "user", actor_id: "u1" }), names)).toBe("Ada");
  expect(actorOf(event("new_message", { actor: "system", agent: "ba" }), names)).toBe("Business analyst");
  expect(actorOf(event("status_changed", { actor: "system" }), names)).toBe("Groundwork");
  // Who took the recommendations did not plan the architecture.
  expect(actorOf(event("progress_update", { actor: "user", actor_id: "u1" }), names)).toBe("Groundwork");
  expect(actorOf(event("status_changed", { phase: "cancelled", actor: "user", actor_id: "u1" }), names)).toBe("Ada");
});

test("what a person rejected is not told as a failure", () => {
  const stopped = (code: string) => event("workflow_failed", { error: { code, message: "The model refused." } });
  expect([describe(stopped("rejected")), toneOf(stopped("rejected"))]).toEqual(["It stopped: a person rejected what was made", "plain"]);
  expect([describe(stopped("provider_refused")), toneOf(stopped("provider_refused"))]).toEqual(["It stopped. The model refused.", "bad"]);
});

test("an answer is told once, with its question", () => {
  const asked = (id: string) => (id === "Q3" ? "Who pays?" : null);
  expect(describe(event("question_answered", { question_id: "Q3", assumption: null }), asked)).toBe("Answered: “Who pays?”");
  expect(describe(event("question_answered", { question_id: "Q3", assumption: "A1" }), asked)).toBe("The recommendation was taken: “Who pays?”");
  expect(describe(event("question_deferred", { question_id: "Q9" }), asked)).toBe("Put off: Q9");
  expect(passes(event("new_message", { cause: "command:answer:1", message: "By e-mail" }), "main")).toBe(false);
  expect(passes(event("new_message", { cause: "command:message:1", message: "Hello" }), "main")).toBe(true);
});
