import { expect, test } from "vitest";
import { readEvent, type ProjectEvent } from "@/api/shapes";
import { lastRefinement, partName } from "./refinement";

function event(sequence: number, kind: string, fields: object): ProjectEvent {
  const read = readEvent({ event: kind, project_id: "p", sequence, timestamp: "2026-11-21T12:00:00Z", ...fields });
  if (read === null) throw new Error("unreadable");
  return read;
}

test("the last refinement says what it made, or why it made nothing", () => {
  const asked = event(1, "refinement_requested", { section: "FR-003" });
  const done = event(2, "refinement_completed", { section: "FR-003", artifact: "spec", version: 2, stale_prompts: [2] });
  const failed = event(4, "refinement_failed", { section: "prompt 03", error: { message: "The model refused." } });
  expect(lastRefinement([asked])).toBeNull();
  expect(lastRefinement([done, asked])?.made).toEqual({ artifact: "spec", version: 2 });
  expect(lastRefinement([asked, done, event(3, "refinement_requested", { section: "prompt 03" })])).toBeNull();
  expect(lastRefinement([asked, done, failed])).toEqual({ section: "prompt 03", at: "2026-11-21T12:00:00Z", made: null, why: "The model refused." });
  expect([partName("prompt 03"), partName("FR-003"), partName("Data model")]).toEqual(["Prompt 03", "FR-003", "Data model"]);
});
