import { Check, CircleDot, Hand, type LucideIcon, Minus, X } from "lucide-react";
import type { Project } from "@/api/queries";
import { cx } from "@/lib/cx";
import { words } from "@/lib/format";
import { lookOf, type StageState, stagesOf, type StepLook } from "@/lib/stages";
import { t } from "@/text/en";

const LOOKS: Record<StepLook, { icon: LucideIcon; stone: string; words: string }> = {
  done: { icon: Check, stone: "border-spruce/40 bg-spruce-soft text-spruce", words: t.step.done },
  now: { icon: CircleDot, stone: "border-sky bg-sky-soft text-sky", words: t.step.now },
  you: { icon: Hand, stone: "border-clay bg-clay-soft text-clay", words: t.step.you },
  broken: { icon: X, stone: "border-danger bg-danger-soft text-danger", words: t.step.broken },
  ahead: { icon: Minus, stone: "border-line border-dashed bg-transparent text-muted", words: t.step.ahead },
};

/** The stages of the pipeline as a course of stones, each saying how it stands. */
export function Stepper({ project }: { project: Project }) {
  const stages = stagesOf(project.tasks);
  if (stages.length === 0) return <div className="h-6" />;
  return (
    <ol aria-label={t.step.label} className="mb-6 mt-6 flex flex-wrap gap-1.5">
      {stages.map((stage) => (
        <Stone key={stage.id} stage={stage} isMoving={project.phase === "working"} />
      ))}
    </ol>
  );
}

function Stone({ stage, isMoving }: { stage: StageState; isMoving: boolean }) {
  const name = lookOf(stage);
  const look = LOOKS[name];
  const Icon = look.icon;
  return (
    <li
      aria-current={name === "now" || name === "you" ? "step" : undefined}
      className={cx("flex min-w-[44%] grow basis-0 items-center gap-2.5 rounded-md border px-3 py-2 sm:min-w-32", look.stone)}
    >
      <Icon className={cx("size-4 shrink-0", name === "now" && isMoving && "animate-breathe")} aria-hidden />
      <span className="min-w-0">
        <span className="block truncate font-medium">{t.stage[stage.id] ?? words(stage.id)}</span>
        <span className="block truncate text-xs">
          {look.words}
          {stage.attempt > 1 && ` · ${t.step.attempt(stage.attempt)}`}
        </span>
      </span>
    </li>
  );
}
