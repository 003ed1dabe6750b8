import { expect, test } from "vitest";
import { rowsOfHunks } from "./diff-rows";

const line = (kind: "equal" | "deleted" | "inserted", text: string, old_line: number | null, new_line: number | null) => ({ kind, text, old_line, new_line });

test("what went stands beside what came, with the numbers of both", () => {
  const rows = rowsOfHunks([{ lines: [line("equal", "a", 1, 1), line("deleted", "b", 2, null), line("deleted", "c", 3, null), line("inserted", "B", null, 2), line("equal", "d", 4, 3), line("inserted", "e", null, 4)] }]);
  expect(rows.map((row) => [row.kind, row.before?.line ?? null, row.after?.line ?? null])).toEqual([
    ["same", 1, 1],
    ["changed", 2, 2],
    ["removed", 3, null],
    ["same", 4, 3],
    ["added", null, 4],
  ]);
});
