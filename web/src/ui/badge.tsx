import { FlaskConical } from "lucide-react";
import { Popover } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";

export type Tone = "plain" | "spruce" | "clay" | "danger" | "sky" | "plum";

const TONES: Record<Tone, string> = {
  plain: "bg-sunken text-muted",
  spruce: "bg-spruce-soft text-spruce",
  clay: "bg-clay-soft text-clay",
  danger: "bg-danger-soft text-danger",
  sky: "bg-sky-soft text-sky",
  plum: "bg-plum-soft text-plum",
};

export function Badge({ tone = "plain", children, className, title }: { tone?: Tone; children: ReactNode; className?: string; title?: string }) {
  return (
    <span
      title={title}
      className={cx(
        "inline-flex items-center gap-1 rounded-sm px-1.5 py-0.5 text-xs font-medium leading-snug whitespace-nowrap",
        TONES[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}

/** Stands wherever a simulator did some of the work: nobody shall take its texts for a model's. `explains`: says so when asked. */
export function SimulatedBadge({ explains = false }: { explains?: boolean }) {
  if (explains) {
    return (
      <Popover.Root>
        <Popover.Trigger className="inline-flex min-h-6 items-center" aria-label={`${t.simulated.badge}. ${t.simulated.what}`}>
          <SimulatedBadge />
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content sideOffset={6} collisionPadding={12} className="z-50 max-w-80 rounded-md border border-line bg-surface p-4 text-sm shadow-lg">
            {t.simulated.why}
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    );
  }
  return (
    <Badge tone="plum" title={t.simulated.why} className="border border-dashed border-plum/60">
      <FlaskConical className="size-3" aria-hidden />
      {t.simulated.badge}
    </Badge>
  );
}

const PHASE_TONES: Record<string, Tone> = {
  drafting: "clay",
  working: "sky",
  awaiting_input: "clay",
  awaiting_approval: "clay",
  paused: "plain",
  completed: "spruce",
  failed: "danger",
  cancelled: "plain",
  over_budget: "clay",
  rejected: "plain",
  deleted: "plain",
};

/** How a project stands: a phase, or what `standOf` says of it. */
export function PhaseBadge({ phase }: { phase: string }) {
  return (
    <Badge tone={PHASE_TONES[phase] ?? "plain"}>
      <span
        aria-hidden
        className={cx("size-1.5 rounded-full bg-current", phase === "working" && "animate-breathe")}
      />
      {t.phase[phase] ?? phase}
    </Badge>
  );
}
