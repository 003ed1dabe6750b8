import { expect, test } from "vitest";
import { anchorOf, headingsOf, splitRequirements } from "./anchors";

test("a requirement is found by its id, another heading by its words", () => {
  expect(anchorOf("FR-001 Create a loan")).toBe("FR-001");
  expect(anchorOf(" Users and goals ")).toBe("users-and-goals");
  expect(anchorOf("Über uns")).toBe("über-uns");
});

test("headings in code are none", () => {
  expect(headingsOf("# One\n```sh\n# no\n```\n## Two ##\ntext").map((heading) => heading.text)).toEqual(["One", "Two"]);
});

test("names of requirements are cut out of a text, and nothing is lost", () => {
  const pieces = splitRequirements("as FR-001 and NFR-002 say");
  expect(pieces.filter((piece) => piece.isRequirement).map((piece) => piece.text)).toEqual(["FR-001"]);
  expect(pieces.map((piece) => piece.text).join("")).toBe("as FR-001 and NFR-002 say");
});
