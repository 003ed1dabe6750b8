// Where a project stands, stage by stage.
import type { Schemas } from "@/api/client";
import { failedReviews, readFailure } from "@/api/shapes";

type Task = Schemas["TaskItem"];

export interface StageState {
  id: string;
  agent: string;
  /** As the latest attempt has it; `superseded` ones count for nothing. */
  status: string;
  attempt: number;
  attempts: number;
  startedAt: string;
  changedAt: string;
}

/** The latest attempt of each stage, in the order of the pipeline. */
export function stagesOf(tasks: readonly Task[]): StageState[] {
  const stages = new Map<string, StageState>();
  for (const task of tasks) {
    const known = stages.get(task.stage);
    if (known !== undefined && known.attempt > task.attempt) continue;
    stages.set(task.stage, {
      id: task.stage,
      agent: task.agent_type,
      status: task.status,
      attempt: task.attempt,
      attempts: (known?.attempts ?? 0) + 1,
      startedAt: task.created_at,
      changedAt: task.updated_at,
    });
  }
  return [...stages.values()];
}

/** Documents in the order of the stages that make them, whichever was written last. */
export function inOrder<T extends { stage: string }>(documents: readonly T[], tasks: readonly Task[]): T[] {
  const stages = tasks.map((task) => task.stage);
  const place = (stage: string) => (stages.includes(stage) ? stages.indexOf(stage) : stages.length);
  return documents.toSorted((a, b) => place(a.stage) - place(b.stage));
}

/** Work beside the stages: advice at a gate, a name for the project. It blocks nothing, so it is no step. */
const BESIDE = /-advice$|^title$/;

export const isBeside = (stage: string): boolean => BESIDE.test(stage);

/** What of a project says how its stages stand, beside their tasks. */
export interface Standing {
  tasks: readonly Task[];
  waiting_for?: string | null;
  failure?: unknown;
}

/** The stages that are steps of the way. `talk`: the one in which a person still talks, so that it is not done whoever spoke last. */
export function mainStages({ tasks, waiting_for, failure }: Standing, talk?: string): StageState[] {
  const failed = readFailure(failure);
  const broken = failed === null ? [] : [failed.stage, ...failedReviews(failed)];
  const statusOf = (stage: StageState): string => {
    if (stage.id === talk && stage.status === "completed") return "waiting_for_input";
    // Nobody is asked anything there: the stage waits for money.
    if (waiting_for === "budget" && stage.status === "waiting_for_hitl") return "over_budget";
    if (failed?.code === "rejected" && stage.id === failed.stage && stage.status === "failed") return "rejected";
    // Reviews end well whatever they found; what they found is what failed.
    return broken.includes(stage.id) && stage.status === "completed" ? "failed" : stage.status;
  };
  return stagesOf(tasks.filter((task) => !isBeside(task.stage))).map((stage) => ({ ...stage, status: statusOf(stage) }));
}

/** Where the project stands: what waits for somebody, else what is broken, else what works, else what comes next, else the end. */
export function nowOf(stages: readonly StageState[]): StageState {
  const looks: readonly StepLook[] = ["you", "held", "broken", "rejected", "now", "ahead", "off"];
  const found = looks.map((look) => stages.find((stage) => lookOf(stage) === look)).find((stage) => stage !== undefined);
  const last = found ?? stages.at(-1);
  if (last === undefined) throw new Error("a pipeline without stages");
  return last;
}

/** `held`: over its budget. `off`: the project was cancelled. */
export type StepLook = "done" | "now" | "you" | "held" | "broken" | "rejected" | "ahead" | "off";

const LOOKS: Record<string, StepLook> = {
  completed: "done",
  working: "now",
  waiting_for_input: "you",
  waiting_for_hitl: "you",
  waiting_for_approval: "you",
  over_budget: "held",
  failed: "broken",
  rejected: "rejected",
  cancelled: "off",
};

export function lookOf(stage: StageState): StepLook {
  return LOOKS[stage.status] ?? "ahead";
}
