import { expect, test } from "vitest";
import { LostAnswers } from "./lost-answers";

const request = () => new Request("http://localhost/api/v1/projects", { method: "POST" });

test("a command whose answer was lost is asked for with the same key, once", () => {
  const lost = new LostAnswers();
  const first = request();
  const key = lost.keyFor(first, "approve");
  lost.keep(first);
  expect(lost.keyFor(request(), "approve")).toBe(key);
  expect(lost.keyFor(request(), "approve")).not.toBe(key);
});

test("what was answered, other words, and words of long ago get a key of their own", () => {
  const lost = new LostAnswers();
  const first = request();
  const key = lost.keyFor(first, "approve");
  expect(lost.keyFor(request(), "approve")).not.toBe(key);
  lost.keep(first, 0);
  expect(lost.keyFor(request(), "reject", 1)).not.toBe(key);
  expect(lost.keyFor(request(), "approve", 6 * 60_000)).not.toBe(key);
});
