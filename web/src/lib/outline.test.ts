import { expect, test } from "vitest";
import { missingParts } from "./outline";

const PLAN = "# Plan\n\n## Approach\nOne server.\n\n## Tasks\n### T001 The table\nfiles: a.sql\n### T002 The route\n```\n## not a heading\n```\n";

test("parts that were left out are named, words below them may change", () => {
  expect(missingParts(PLAN, PLAN.replace("One server.", "Two servers.").replace("The route", "Another route"))).toEqual([]);
  expect(missingParts(PLAN, "# Plan\n\n## Approach\nOne")).toEqual(["Tasks", "T001", "T002"]);
  expect(missingParts(PLAN, PLAN.replace("### T001 The table\n", ""))).toEqual(["T001"]);
});
