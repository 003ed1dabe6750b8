// What was said in a project, as people read it: an answer stands with the question that it answers.
import type { Schemas } from "@/api/client";
import { field, text as readText } from "@/api/shapes";

export type Turn = Schemas["Turn"];

export interface Said {
  turn: Turn;
  isPerson: boolean;
  /** The question that this answers. */
  question: string | null;
  /** Nobody said it: the recommendation was taken. */
  isAssumed: boolean;
}

const idOf = (turn: Turn): string | null => readText(field(turn.metadata, "question_id"));

export function saidOf(turns: readonly Turn[]): Said[] {
  const questions = new Map<string, string>();
  return turns.map((turn) => {
    const id = idOf(turn);
    const isPerson = turn.kind === "user_input";
    if (turn.kind === "agent_question" && id !== null) questions.set(id, turn.content);
    return {
      turn,
      isPerson,
      question: isPerson && id !== null ? (questions.get(id) ?? null) : null,
      isAssumed: isPerson && readText(field(turn.metadata, "assumption")) !== null,
    };
  });
}
