// Two versions of a text beside each other, line by line, with the words that changed.
import { diffArrays, diffWordsWithSpace } from "diff";

export interface Piece {
  text: string;
  changed: boolean;
}

export interface Row {
  kind: "same" | "changed" | "added" | "removed";
  before: { line: number; pieces: Piece[] } | null;
  after: { line: number; pieces: Piece[] } | null;
}

/** Rows of a side-by-side view. Lines that were replaced stand beside each other as far as there are any. */
export function compare(before: string, after: string): Row[] {
  const rows: Row[] = [];
  let left = 1;
  let right = 1;
  let removed: string[] = [];
  const flush = () => {
    for (const text of removed) rows.push({ kind: "removed", before: { line: left++, pieces: [{ text, changed: true }] }, after: null });
    removed = [];
  };
  for (const part of diffArrays(before.split("\n"), after.split("\n"))) {
    if (part.removed) {
      removed = [...part.value];
    } else if (part.added) {
      for (const text of part.value) {
        const old = removed.shift();
        if (old === undefined) rows.push({ kind: "added", before: null, after: { line: right++, pieces: [{ text, changed: true }] } });
        else rows.push({ kind: "changed", ...pair(old, text, left++, right++) });
      }
      flush();
    } else {
      flush();
      for (const text of part.value) {
        const pieces = [{ text, changed: false }];
        rows.push({ kind: "same", before: { line: left++, pieces }, after: { line: right++, pieces } });
      }
    }
  }
  flush();
  return rows;
}

function pair(before: string, after: string, left: number, right: number): Pick<Row, "before" | "after"> {
  const words = diffWordsWithSpace(before, after);
  const side = (skip: "added" | "removed", mark: "added" | "removed") =>
    words.filter((word) => !word[skip]).map((word) => ({ text: word.value, changed: word[mark] }));
  return {
    before: { line: left, pieces: side("added", "removed") },
    after: { line: right, pieces: side("removed", "added") },
  };
}

export interface Block {
  hidden: boolean;
  rows: Row[];
}

/** Long stretches without a change are folded; `around` lines stay beside each change. */
export function fold(rows: readonly Row[], around: number): Block[] {
  const near = rows.map((_, index) => rows.slice(Math.max(0, index - around), index + around + 1).some((row) => row.kind !== "same"));
  const blocks: Block[] = [];
  rows.forEach((row, index) => {
    const hidden = near[index] !== true;
    const last = blocks.at(-1);
    if (last !== undefined && last.hidden === hidden) last.rows.push(row);
    else blocks.push({ hidden, rows: [row] });
  });
  return blocks;
}
