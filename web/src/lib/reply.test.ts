import { expect, test } from "vitest";
import { replyOf } from "./reply";

const WHOLE = "## Reply\nThat is written down.\n\nWho pays?\n## Brief\n### Problem\nNobody knows who has what.\n";
const SAID = "That is written down.\n\nWho pays?";

test("only the reply is shown, not the brief behind it", () => {
  expect(replyOf(WHOLE)).toBe(SAID);
  expect(replyOf("## Reply\nYes.\n")).toBe("Yes.");
});

test("no piece of a heading is ever shown while the text grows", () => {
  for (let length = 0; length <= WHOLE.length; length += 1) {
    const shown = replyOf(WHOLE.slice(0, length));
    expect(SAID.startsWith(shown)).toBe(true);
  }
  expect(replyOf("of which the beginning was missed\n## Brief\n### Problem\n")).toBe("");
});
