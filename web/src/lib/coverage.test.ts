import { expect, test } from "vitest";
import { coverageOf, requirementsOf } from "./coverage";

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
