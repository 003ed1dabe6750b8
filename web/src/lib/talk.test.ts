import { expect, test } from "vitest";
import { saidOf, type Turn } from "./talk";

const turn = (kind: string, content: string, metadata: object): Turn => ({
  id: content,
  sequence_number: 1,
  kind,
  agent_role: null,
  user_id: null,
  content,
  metadata: metadata as Turn["metadata"],
  at: "2026-11-21T12:00:00Z",
});

test("an answer names its question, and says when nobody gave it", () => {
  const said = saidOf([
    turn("user_input", "A tool library.", {}),
    turn("agent_question", "Who pays?", { question_id: "Q1" }),
    turn("agent_question", "Where?", { question_id: "Q2" }),
    turn("user_input", "On the phone", { question_id: "Q2", assumption: "A1" }),
    turn("user_input", "The lender", { question_id: "Q1", assumption: null }),
  ]);
  expect(said.map((one) => [one.isPerson, one.question, one.isAssumed])).toEqual([
    [true, null, false],
    [false, null, false],
    [false, null, false],
    [true, "Where?", true],
    [true, "Who pays?", false],
  ]);
});
