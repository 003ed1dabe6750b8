import { expect, test } from "vitest";
import { readReview } from "./verdict";

test("a review is read item by item, with its verdict", () => {
  const review = readReview("verdict: FAIL\n\n## V1 Encoding\nresult: pass\nevidence: a.ts:1\n\n## V2 Limits\nresult: fail\nreason: None is set.\n\n## V9 Tokens\nresult: not applicable\n");
  expect(review.outcome).toBe("fail");
  expect(review.items.map((item) => [item.title, item.outcome])).toEqual([
    ["V1 Encoding", "pass"],
    ["V2 Limits", "fail"],
    ["V9 Tokens", "none"],
  ]);
  expect(review.items[0]?.evidence).toBe("a.ts:1");
  expect(review.items[1]?.reason).toBe("None is set.");
});

test("a verdict names the reviews that it is worked out from", () => {
  const verdict = readReview("verdict: PASS\n\n## security_review: PASS\nversion 1, e88a\n\n## code_review: PASS\nversion 1, b1be\n");
  expect(verdict.items.map((item) => [item.title, item.outcome])).toEqual([
    ["security_review", "pass"],
    ["code_review", "pass"],
  ]);
});

test("a text without a verdict has none", () => {
  expect(readReview("# Review\nAll good.").outcome).toBeNull();
});
