import { expect, test } from "vitest";
import { claimDrafts, safeNext } from "./session";

test("after signing in nobody is sent to another site", () => {
  expect(safeNext("/projects/1?tab=spec")).toBe("/projects/1?tab=spec");
  for (const evil of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", 7, undefined]) {
    expect(safeNext(evil)).toBe("/projects");
  }
});

test("drafts are there again for whom they are of, and for nobody else", () => {
  claimDrafts("ada");
  sessionStorage.setItem("gw.draft.message.p1", "half a word");
  claimDrafts("ada");
  expect(sessionStorage.getItem("gw.draft.message.p1")).toBe("half a word");
  claimDrafts("eve");
  expect(sessionStorage.getItem("gw.draft.message.p1")).toBeNull();
});
