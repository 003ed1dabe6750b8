// What an event says to a person, in one line.
import { count, field, list, type ProjectEvent, text } from "@/api/shapes";
import { t } from "@/text/en";
import { words } from "./format";

export type EventTone = "plain" | "good" | "bad" | "person" | "agent";

const stageName = (event: ProjectEvent): string => {
  const stage = text(event.fields.stage);
  return stage === null ? "" : (t.stage[stage] ?? words(stage));
};

/** A sentence for an event; kinds that are not known here are told by their own name. */
export function describe(event: ProjectEvent): string {
  const { fields } = event;
  switch (event.event) {
    case "progress_update":
      return text(fields.message) ?? stageName(event);
    case "status_changed":
      return t.event.statusChanged(t.phase[text(fields.phase) ?? ""] ?? text(fields.phase) ?? "", stageName(event));
    case "questions_ready":
      return t.event.questionsReady(list(fields.questions).length || list(fields.question_ids).length);
    case "question_answered":
      return t.event.questionAnswered(text(fields.question_id) ?? "", text(fields.assumption));
    case "spec_ready":
      return t.event.specReady(count(field(fields.spec, "version")) ?? 1);
    case "prompts_generated":
      return t.event.promptsGenerated(count(fields.count) ?? 0, count(fields.version) ?? 1);
    case "review_verdict":
      return t.event.reviewVerdict(text(fields.verdict) ?? "", count(fields.open) ?? 0);
    case "workflow_completed":
      return t.event.completed(count(fields.open_findings) ?? 0);
    case "workflow_failed":
      return t.event.failed(text(field(fields.error, "message")) ?? "");
    case "refinement_requested":
    case "refinement_completed":
    case "refinement_failed":
      return t.event.refinement[event.event](text(fields.section) ?? "");
    case "stage_retried":
      return t.event.retried(stageName(event), count(fields.attempt) ?? 0, text(fields.model));
    case "command_rejected":
    case "limit_near":
      return text(fields.message) ?? words(event.event);
    case "new_message":
      return text(fields.message) ?? "";
    default:
      return t.event.plain[event.event] ?? words(event.event);
  }
}

const TONES: Record<string, EventTone> = {
  workflow_completed: "good",
  refinement_completed: "good",
  workflow_failed: "bad",
  refinement_failed: "bad",
  command_rejected: "bad",
  questions_ready: "person",
  gate_ready: "person",
  hitl_request: "person",
  limit_near: "person",
  over_budget: "person",
};

export function toneOf(event: ProjectEvent): EventTone {
  const known = TONES[event.event];
  if (known !== undefined) return known;
  return event.event === "new_message" && text(event.fields.kind)?.startsWith("agent") === true ? "agent" : "plain";
}

/** Who brought it about, as people say it. */
export function actorOf(event: ProjectEvent, me: string | undefined): string {
  const agent = text(event.fields.agent);
  if (agent !== null) return t.agent[agent] ?? words(agent);
  if (event.actorId !== null && event.actorId === me) return t.actor.you;
  return t.actor[event.actor] ?? words(event.actor);
}
