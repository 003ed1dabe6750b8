import { expect, test } from "vitest";
import { t } from "./en";

test("models are called what people call them", () => {
  expect([t.model("claude-opus-5-5"), t.model("gpt-5.6-luna"), t.model("claude-opus-5")]).toEqual(["Claude Opus 5.5", "GPT 5.6 Luna", "Claude Opus 5"]);
});
