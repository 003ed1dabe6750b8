import { expect, test } from "vitest";
import { highlight } from "./highlight";

const inked = (path: string, code: string, ink: string) => highlight(path, code).filter((token) => token.ink === ink).map((token) => token.text);

test("nothing is lost or changed by colours", () => {
  const code = "const a = 'x // y'; // note\n/* more */ let b = `z ${1}`;\n\t\"open";
  expect(highlight("a.ts", code).map((token) => token.text).join("")).toBe(code);
});

test("comments, texts, numbers and words are told apart, as the language has them", () => {
  expect(inked("a.ts", "const a = 'x // y'; // note", "comment")).toEqual(["// note"]);
  expect(inked("a.ts", "const a = 'x // y'; // note", "text")).toEqual(["'x // y'"]);
  expect(inked("a.sql", "create table books (id int); -- all", "comment")).toEqual(["-- all"]);
  expect(inked("a.py", "x = 1 // 2 # half", "comment")).toEqual(["# half"]);
  expect(inked("README.md", "for all # of us", "plain")).toEqual(["for all # of us"]);
});
