import { expect, test } from "vitest";
import { isRead, UPLOAD_KINDS } from "./uploads";

test("agents read plain text, and nothing else of what is taken", () => {
  expect(UPLOAD_KINDS.filter((kind) => isRead(`notes${kind}`))).toEqual([".md", ".txt", ".csv", ".json", ".yaml", ".yml", ".sql", ".proto"]);
  expect(isRead("SCAN.PDF")).toBe(false);
});
