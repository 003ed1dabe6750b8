import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { findingsToList } from "./findings";

const finding = (id: string, layer: string, state: string): Schemas["FindingItem"] => ({ id, layer, state, review_version: 1, severity: "major", problem: `${id} is wrong`, fix: "Mend it.", prompts: [], requirements: [] });

test("a finding is listed once, and not again where its review of code stands on the same page", () => {
  const all = [finding("CR2", "code", "open"), finding("CR2", "code", "open"), finding("CR1", "code", "mended"), finding("C1", "spec", "open")];
  expect(findingsToList(all, true).map((one) => one.id)).toEqual(["CR1", "C1"]);
  expect(findingsToList(all, false).map((one) => one.id)).toEqual(["CR2", "CR1", "C1"]);
});
