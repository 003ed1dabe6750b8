import { Ban, Check, CircleDot, Coins, Hand, type LucideIcon, Minus, X } from "lucide-react";
import type { Project } from "@/api/queries";
import { cx } from "@/lib/cx";
import { words } from "@/lib/format";
import { lookOf, mainStages, nowOf, type StageState, type StepLook } from "@/lib/stages";
import { t } from "@/text/en";
import { chatStage } from "./chat";

const LOOKS: Record<StepLook, { icon: LucideIcon; stone: string; bar: string; words: string }> = {
  done: { icon: Check, stone: "border-spruce/40 bg-spruce-soft text-spruce", bar: "bg-spruce", words: t.step.done },
  now: { icon: CircleDot, stone: "border-sky bg-sky-soft text-sky", bar: "bg-sky", words: t.step.now },
  you: { icon: Hand, stone: "border-clay bg-clay-soft text-clay", bar: "bg-clay", words: t.step.you },
  held: { icon: Coins, stone: "border-clay bg-clay-soft text-clay", bar: "bg-clay", words: t.step.held },
  broken: { icon: X, stone: "border-danger bg-danger-soft text-danger", bar: "bg-danger", words: t.step.broken },
  rejected: { icon: Ban, stone: "border-edge bg-sunken text-ink", bar: "bg-edge", words: t.step.rejected },
  ahead: { icon: Minus, stone: "border-line border-dashed bg-transparent text-muted", bar: "bg-line", words: t.step.ahead },
  off: { icon: Ban, stone: "border-line border-dashed bg-transparent text-muted", bar: "bg-line", words: t.step.off },
};

/** Where something is under way, or waits for somebody. */
const IS_CURRENT = new Set<StepLook>(["now", "you", "held"]);
/** So many still have room for larger words. */
const MANY = 6;

/** The stages of the pipeline as a course of stones, each saying how it stands; on a phone as one line. */
export function Stepper({ project, isShort }: { project: Project; isShort: boolean }) {
  const talk = project.phase === "drafting" ? chatStage(project) : undefined;
  const stages = mainStages(project, talk);
  if (stages.length === 0) return <div className="h-6" />;
  const isMoving = project.phase === "working";
  return (
    <>
      <Line stages={stages} isShort={isShort} isMoving={isMoving} />
      <ol aria-label={t.step.label} className={cx("mb-6 mt-6 flex flex-wrap gap-1.5 max-sm:hidden", isShort && "sm:my-4")}>
        {stages.map((stage) => (
          <Stone key={stage.id} stage={stage} isMoving={isMoving} isMany={stages.length > MANY} />
        ))}
      </ol>
    </>
  );
}

const nameOf = (stage: StageState): string => t.stage[stage.id] ?? words(stage.id);

/** One bar a stage, and in words only where it stands. */
function Line({ stages, isShort, isMoving }: { stages: readonly StageState[]; isShort: boolean; isMoving: boolean }) {
  const now = nowOf(stages);
  const place = stages.indexOf(now) + 1;
  const look = LOOKS[lookOf(now)];
  return (
    <div className={cx("sm:hidden", isShort ? "mb-2 mt-2" : "mb-3 mt-4")}>
      <p className={cx("mb-1.5 text-sm", isShort && "sr-only")}>
        <span className="font-medium">{nameOf(now)}</span> <span className="text-muted">{t.step.place(look.words, place, stages.length)}</span>
      </p>
      <ol aria-label={t.step.label} className="flex gap-1">
        {stages.map((stage) => {
          const name = lookOf(stage);
          return (
            <li
              key={stage.id}
              aria-current={IS_CURRENT.has(name) ? "step" : undefined}
              className={cx("h-1.5 grow rounded-full", LOOKS[name].bar, name === "now" && isMoving && "animate-breathe")}
            >
              <span className="sr-only">
                {nameOf(stage)}: {LOOKS[name].words}
              </span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Stone({ stage, isMoving, isMany }: { stage: StageState; isMoving: boolean; isMany: boolean }) {
  const name = lookOf(stage);
  const look = LOOKS[name];
  const Icon = look.icon;
  return (
    <li
      aria-current={IS_CURRENT.has(name) ? "step" : undefined}
      className={cx("grow basis-0 rounded-md border py-1.5", look.stone, isMany ? "min-w-26 px-2" : "min-w-32 px-3")}
    >
      <span className={cx("block truncate font-medium", isMany && "text-[0.8125rem] tracking-tight")}>{nameOf(stage)}</span>
      <span className="flex items-center gap-1.5 text-xs">
        <Icon className={cx("size-3.5 shrink-0", name === "now" && isMoving && "animate-breathe")} aria-hidden />
        <span className="truncate">
          {look.words}
          {stage.attempt > 1 && (name === "now" || name === "broken") && ` · ${t.step.again}`}
        </span>
      </span>
    </li>
  );
}
