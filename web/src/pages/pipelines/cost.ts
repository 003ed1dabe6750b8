import type { Pipeline } from "@/api/pipelines";
import { duration, money } from "@/lib/format";
import { t } from "@/text/en";

/** What a project of a pipeline costs, by what projects of it took here, else by the most that its stages may write. */
export function costOf({ estimate, at_most_usd }: Pick<Pipeline, "estimate" | "at_most_usd">): string {
  if (estimate != null) return t.pipelinePage.before(money(estimate.cost_usd), duration(estimate.active_ms), estimate.projects, at_most_usd == null ? null : money(at_most_usd));
  return at_most_usd == null ? t.pipelinePage.unpriced : t.pipelinePage.atMost(money(at_most_usd));
}
