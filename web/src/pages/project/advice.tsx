import { ThumbsUp, TriangleAlert } from "lucide-react";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";

/** What the reviewer advises. Advice only: who decides may pass over it (F-02). */
export function Advice({ recommendation, reason }: { recommendation: string | null | undefined; reason: string | null | undefined }) {
  if (recommendation == null) return null;
  const isGood = recommendation === "approve";
  const Icon = isGood ? ThumbsUp : TriangleAlert;
  return (
    <div className={cx("flex gap-3 rounded-lg border px-5 py-4", isGood ? "border-spruce/40 bg-spruce-soft/60" : "border-clay/50 bg-clay-soft/60")}>
      <Icon className={cx("mt-0.5 size-5 shrink-0", isGood ? "text-spruce" : "text-clay")} aria-hidden />
      <div>
        <p className="font-medium">{isGood ? t.gate.adviceApprove : t.gate.adviceRevise}</p>
        {reason != null && <p className="mt-1">{reason}</p>}
        <p className="mt-1 text-sm text-muted">{t.gate.adviceOnly}</p>
      </div>
    </div>
  );
}
