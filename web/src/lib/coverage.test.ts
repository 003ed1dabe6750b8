import { expect, test } from "vitest";
import { coverageOf, requirementsOf, sectionsOf, staleOf } from "./coverage";

const SPEC = "## Requirements\n### FR-001 Create a loan\ntext FR-009 inside\n### FR-002: See loans\n- NFR-001 Speed: fast\n";

test("requirements are the headings that name one", () => {
  expect(requirementsOf(SPEC)).toEqual([
    { id: "FR-001", title: "Create a loan" },
    { id: "FR-002", title: "See loans" },
  ]);
});

test("a requirement that no prompt covers is shown as such", () => {
  const rows = coverageOf(requirementsOf(SPEC), [
    { number: 2, covers: ["FR-001"] },
    { number: 3, covers: ["FR-001", "FR-007"] },
  ]);
  expect(rows.map((row) => row.prompts)).toEqual([[2, 3], []]);
});

test("a requirement goes from its heading to the next one that is not inside it", () => {
  const sections = sectionsOf("## Requirements\n### FR-001 Lend\nOne.\n#### Criteria\n- a\n### FR-002 See\nTwo.\n## Quality\nFast.\n");
  expect([...sections]).toEqual([
    ["FR-001", "### FR-001 Lend\nOne.\n#### Criteria\n- a\n"],
    ["FR-002", "### FR-002 See\nTwo.\n"],
  ]);
});

test("prompts are out of date when the server says so, and when what they cover was written over by hand", () => {
  const prompt = (number: number, covers: string[], at: string, is_stale = false) => ({ number, covers, created_at: `2026-11-21T${at}:00Z`, is_stale });
  const spec = (version: number, at: string, text: string | undefined) => ({ version, at: `2026-11-21T${at}:00Z`, text });
  const first = "### FR-001 Lend\nOne.\n### FR-002 See\nTwo.\n";
  const prompts = [prompt(1, [], "12:10"), prompt(2, ["FR-001"], "12:10"), prompt(3, ["FR-002"], "12:10"), prompt(4, ["FR-002"], "12:40"), prompt(5, ["FR-001"], "12:10", true)];
  expect(staleOf(prompts, [spec(1, "12:00", first)])).toEqual([5]);
  expect(staleOf(prompts, [spec(1, "12:00", first), spec(2, "12:30", first.replace("Two.", "Three."))])).toEqual([3, 5]);
  expect(staleOf(prompts, [spec(1, "12:00", first), spec(2, "12:30", "nonsense")])).toEqual([2, 3, 5]);
  // What is not loaded yet says nothing.
  expect(staleOf(prompts, [spec(1, "12:00", undefined), spec(2, "12:30", "nonsense")])).toEqual([5]);
});
