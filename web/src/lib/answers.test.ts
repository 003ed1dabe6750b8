import { expect, test } from "vitest";
import { answersOf, choose, draftOf } from "./answers";

test("one option replaces another where only one may be chosen", () => {
  const first = choose(draftOf({}, "Q1"), "A", false);
  expect(choose(first, "B", false).options).toEqual(["B"]);
});

test("several options add up, and go away again", () => {
  const both = choose(choose(draftOf({}, "Q1"), "A", true), "B", true);
  expect(both.options).toEqual(["A", "B"]);
  expect(choose(both, "A", true).options).toEqual(["B"]);
});

test("only what was answered is sent, in the order of the questions, without empty words", () => {
  const drafts = { Q3: { options: [], text: "  by post " }, Q1: { options: ["B"], text: "  " }, Q2: { options: [], text: " " } };
  expect(answersOf(drafts, ["Q1", "Q2", "Q3"])).toEqual([
    { question_id: "Q1", options: ["B"], text: null },
    { question_id: "Q3", options: [], text: "by post" },
  ]);
});
