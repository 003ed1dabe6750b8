import { expect, test } from "vitest";
import { safeNext } from "./session";

test("after signing in nobody is sent to another site", () => {
  expect(safeNext("/projects/1?tab=spec")).toBe("/projects/1?tab=spec");
  for (const evil of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", 7, undefined]) {
    expect(safeNext(evil)).toBe("/projects");
  }
});
