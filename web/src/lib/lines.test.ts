import { expect, test } from "vitest";
import { keepFields } from "./lines";

test("fields stay on lines of their own, in code and elsewhere nothing changes", () => {
  const task = "### T001 Ground\nfiles: a.ts, b.ts\nneeds: none\nsize: S\nSet it up: first this.\nThen that.";
  expect(keepFields(task)).toBe("### T001 Ground\nfiles: a.ts, b.ts  \nneeds: none  \nsize: S  \nSet it up: first this.\nThen that.");
  for (const same of ["```yaml\nname: x\nsize: y\n```", "one: two\n\nthree", "As a member: I want\nthis"]) expect(keepFields(same)).toBe(same);
});
