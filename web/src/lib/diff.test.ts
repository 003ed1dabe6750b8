import { expect, test } from "vitest";
import { compare, fold } from "./diff";

const kinds = (before: string, after: string) => compare(before, after).map((row) => row.kind);

test("equal texts have no change", () => {
  expect(kinds("a\nb", "a\nb")).toEqual(["same", "same"]);
});

test("a line that was replaced stands beside its successor, with the words that changed", () => {
  const row = compare("a\nthe old word\nb", "a\nthe new word\nb")[1];
  expect(row?.kind).toBe("changed");
  expect(row?.before?.pieces.filter((piece) => piece.changed).map((piece) => piece.text)).toEqual(["old"]);
  expect(row?.after?.pieces.filter((piece) => piece.changed).map((piece) => piece.text)).toEqual(["new"]);
});

test("lines that came or went keep the numbering of both sides", () => {
  const rows = compare("a\nb\nc", "a\nc\nd");
  expect(rows.map((row) => row.kind)).toEqual(["same", "removed", "same", "added"]);
  expect(rows[2]?.before?.line).toBe(3);
  expect(rows[2]?.after?.line).toBe(2);
});

test("everything can be put together again from the rows", () => {
  const before = "one\ntwo\nthree\nfour";
  const after = "zero\none\n2\nfour\nfive";
  const rows = compare(before, after);
  const side = (name: "before" | "after") => rows.flatMap((row) => (row[name] === null ? [] : [row[name].pieces.map((piece) => piece.text).join("")])).join("\n");
  expect(side("before")).toBe(before);
  expect(side("after")).toBe(after);
});

test("long stretches without a change are folded, with some lines around each change", () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const changed = [...lines];
  changed[10] = "another";
  const blocks = fold(compare(lines.join("\n"), changed.join("\n")), 2);
  expect(blocks.map((block) => [block.hidden, block.rows.length])).toEqual([
    [true, 8],
    [false, 5],
    [true, 7],
  ]);
});
