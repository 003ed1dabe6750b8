import { expect, test } from "vitest";
import { ApiProblem } from "@/api/problem";
import { faultsOf, ownSource, placeOf } from "./own-pipeline";

const SOURCE = '# What it is.\nid = "promptr"\nversion = 3\ntitle = "Prompt package"\n\n[[stage]]\nid = "questions"\n';

test("a shipped pipeline is begun from under an id that nobody has", () => {
  const shipped = { id: "promptr", source: SOURCE, isShipped: true, versions: [3] };
  expect(ownSource(shipped, ["promptr"])).toBe(SOURCE.replace("# What it is.\n", "").replace('"promptr"', '"our-promptr"').replace("version = 3", "version = 1"));
  expect(ownSource(shipped, ["our-promptr", "our-promptr-2"])).toContain('id = "our-promptr-3"');
});

test("one of ours goes on as its next version", () => {
  const ours = { id: "quick", source: SOURCE.replace("promptr", "quick"), isShipped: false, versions: [1, 4] };
  expect(ownSource(ours, ["quick"])).toBe(ours.source.replace("version = 3", "version = 5"));
});

test("what is wrong is told once, with its line", () => {
  const problem = new ApiProblem({ detail: "The pipeline cannot be used: line 48: unclosed array.", errors: [{ field: "source:48", message: "unclosed array" }] }, 422);
  expect(faultsOf(problem)).toEqual([{ line: 48, message: "unclosed array" }]);
  expect(faultsOf(ApiProblem.unreachable())).toEqual([]);
  expect(placeOf("one\ntwo\nthree", 2)).toEqual([4, 7]);
});
