// Rows of a side-by-side view, of a comparison that the server made.
import type { Schemas } from "@/api/client";
import type { Row } from "./diff";

type Hunk = Pick<Schemas["Hunk"], "lines">;

/** Lines that went stand beside those that came in their place, as far as there are any. */
export function rowsOfHunks(hunks: readonly Hunk[]): Row[] {
  const rows: Row[] = [];
  for (const { lines } of hunks) {
    let gone: { line: number; text: string }[] = [];
    const flush = () => {
      for (const old of gone) rows.push({ kind: "removed", before: { line: old.line, pieces: [{ text: old.text, changed: true }] }, after: null });
      gone = [];
    };
    for (const { kind, text, old_line, new_line } of lines) {
      if (kind === "deleted") gone.push({ line: old_line ?? 0, text });
      else if (kind === "inserted") {
        const old = gone.shift();
        const after = { line: new_line ?? 0, pieces: [{ text, changed: true }] };
        rows.push(old === undefined ? { kind: "added", before: null, after } : { kind: "changed", before: { line: old.line, pieces: [{ text: old.text, changed: true }] }, after });
      } else {
        flush();
        const pieces = [{ text, changed: false }];
        rows.push({ kind: "same", before: { line: old_line ?? 0, pieces }, after: { line: new_line ?? 0, pieces } });
      }
    }
    flush();
  }
  return rows;
}
