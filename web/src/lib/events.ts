// What an event says to a person, in one line.
import { count, field, list, type ProjectEvent, text } from "@/api/shapes";
import { t } from "@/text/en";
import { words } from "./format";
import { partName } from "./refinement";

export type EventTone = "plain" | "good" | "bad" | "person" | "agent";

const stageName = (event: ProjectEvent): string => {
  const stage = text(event.fields.stage);
  return stage === null ? "" : (t.stage[stage] ?? words(stage));
};

const agentName = (agent: unknown): string => t.agent[text(agent) ?? ""] ?? words(text(agent) ?? "");

/** What a gate or a document is called. */
const thing = (name: string | null): string => (name === null ? "" : (t.artifact[name] ?? t.stage[name] ?? words(name)));

/** A question by its words, else by its number. */
function question(event: ProjectEvent, asked: Asked): string {
  const id = text(event.fields.question_id) ?? "";
  const words = asked(id);
  return words === null ? id : `“${words}”`;
}

const again = (event: ProjectEvent): boolean => (count(event.fields.attempt) ?? 1) > 1;

/** Steps inside the work: they are many, and say what others say too. */
const STEPS = new Set(["agent_status_update", "task_start", "task_complete", "task_progress", "message_taken", "file_written"]);
const DECISIONS = new Set([
  "gate_ready", "gate_decided", "gate_advised", "gate_reminded", "gate_escalated", "gate_expired", "hitl_request", "hitl_response", "question_answered", "question_deferred",
  "answer_amended", "brief_confirmed", "questions_ready", "project_revised", "project_rewound", "refinement_requested", "artifact_edited", "review_verdict", "budget_changed",
]);

/** What tells of the work itself, whoever set it going. */
const WORK = new Set(["progress_update", "task_start", "task_complete", "task_progress", "agent_status_update"]);

/** Phases that nothing else tells of. */
const SAID_BY_PHASE = new Set(["paused", "cancelled"]);

/** Messages that are answers: that a question was answered is told already. */
const SAID_BY_ANSWER = /^command:(answer|accept_recommendations|amend_answer):/;

export type Sieve = "main" | "decisions" | "all";

/** Whether an event is shown where somebody looks for so much. */
export function passes(event: ProjectEvent, sieve: Sieve): boolean {
  if (sieve === "all") return true;
  if (sieve === "decisions") return DECISIONS.has(event.event);
  if (event.event === "status_changed") return SAID_BY_PHASE.has(text(event.fields.phase) ?? "");
  if (event.event === "new_message" && SAID_BY_ANSWER.test(text(event.fields.cause) ?? "")) return false;
  return !STEPS.has(event.event);
}

/** Whether a project stopped because a person rejected what was made. */
export const isRejection = (event: ProjectEvent): boolean => event.event === "workflow_failed" && text(field(event.fields.error, "code")) === "rejected";

/** The words of a question; none where nobody knows them. */
export type Asked = (id: string) => string | null;

/** A sentence for an event; kinds that are not known here are told by their own name. */
export function describe(event: ProjectEvent, asked: Asked = () => null): string {
  const { fields } = event;
  switch (event.event) {
    case "progress_update":
      return text(fields.message) ?? stageName(event);
    case "status_changed":
      return t.event.statusChanged(t.phase[text(fields.phase) ?? ""] ?? text(fields.phase) ?? "", stageName(event));
    case "questions_ready":
      return t.event.questionsReady(list(fields.questions).length || list(fields.question_ids).length);
    case "question_answered":
      return t.event.questionAnswered(question(event, asked), text(fields.assumption) !== null);
    case "spec_ready":
      return t.event.specReady(count(field(fields.spec, "version")) ?? 1);
    case "prompts_generated":
      return t.event.promptsGenerated(count(fields.count) ?? 0, count(fields.version) ?? 1);
    case "review_verdict":
      return t.event.reviewVerdict(text(fields.verdict) ?? "", count(fields.open) ?? 0);
    case "workflow_completed":
      return t.event.completed(count(fields.open_findings) ?? 0);
    case "workflow_failed":
      return isRejection(event) ? t.event.stoppedByPerson : t.event.failed(text(field(fields.error, "message")) ?? "");
    case "refinement_requested":
    case "refinement_completed":
    case "refinement_failed":
      return t.event.refinement[event.event](partName(text(fields.section) ?? ""));
    case "gate_ready":
      return t.event.gateReady(thing(text(fields.gate)), count(field(fields.artifact, "version")));
    case "gate_decided":
      return t.event.gateDecided[text(fields.decision) ?? ""]?.(thing(text(fields.gate))) ?? t.event.plain.gate_decided ?? "";
    case "gate_advised":
      return t.event.gateAdvised(thing(text(fields.gate)), text(fields.recommendation) === "approve", text(fields.reason));
    case "advice_failed":
    case "gate_reminded":
    case "gate_escalated":
    case "gate_expired":
      return t.event.gate[event.event](thing(text(fields.gate)));
    case "task_start":
      return t.event.taskStart(stageName(event), again(event));
    case "task_complete":
      return t.event.taskComplete[text(fields.status) ?? ""]?.(stageName(event)) ?? t.event.taskDone(stageName(event));
    case "task_progress":
      return t.event.taskProgress(count(fields.progress) ?? 0);
    case "agent_status_update":
      return t.event.agentStatus(agentName(fields.agent_type), t.taskStatus[text(fields.status) ?? ""] ?? text(fields.status) ?? "");
    case "artifact_complete":
      return t.event.artifactComplete(thing(text(field(fields.artifact, "name"))), count(field(fields.artifact, "version")) ?? 1);
    case "artifact_edited":
      return t.event.artifactEdited(thing(text(field(fields.artifact, "name")) ?? text(fields.artifact)));
    case "file_written":
      return t.event.fileWritten(text(fields.path) ?? "");
    case "title_changed":
      return t.event.titleChanged(text(fields.title) ?? "");
    case "question_deferred":
      return t.event.questionDeferred(question(event, asked));
    case "project_rewound":
      return t.event.rewound(stageName(event));
    case "upload_added":
      return t.event.uploadAdded(text(fields.filename) ?? "");
    case "comment_added":
      return t.event.commentAdded(text(field(fields.comment, "text")));
    case "hitl_request":
      return t.event.asks(stageName(event), text(fields.request_content) ?? text(fields.question));
    case "message_failed":
      return t.event.messageFailed(text(field(fields.error, "message")));
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
  gate_decided: "good",
  brief_confirmed: "good",
  message_failed: "bad",
  advice_failed: "bad",
};

export function toneOf(event: ProjectEvent): EventTone {
  const known = isRejection(event) ? "plain" : TONES[event.event];
  if (known !== undefined) return known;
  return event.event === "new_message" && text(event.fields.kind)?.startsWith("agent") === true ? "agent" : "plain";
}

/** Who brought it about, as people say it. */
export function actorOf(event: ProjectEvent, nameOf: (user: string | null) => string): string {
  const agent = text(event.fields.agent);
  if (agent !== null) return agentName(agent);
  // A command sets work going: what is said of the work is not said by who gave the command.
  if (event.actorId !== null && !WORK.has(event.event)) return nameOf(event.actorId);
  if (WORK.has(event.event)) return t.actor.system;
  return t.actor[event.actor] ?? words(event.actor);
}
