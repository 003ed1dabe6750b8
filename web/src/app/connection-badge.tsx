import { useIsLate } from "@/api/slow";
import { cx } from "@/lib/cx";
import { timeOnly } from "@/lib/format";
import { live, useStanding } from "@/live/live";
import { t } from "@/text/en";

const DOTS = {
  off: "bg-edge",
  connecting: "bg-sky animate-breathe",
  live: "bg-spruce",
  partly: "bg-clay",
  lost: "bg-clay animate-breathe",
  offline: "bg-danger",
} as const;

/** Says whether what is on the screen is what is: never more than is known. */
export function ConnectionBadge({ compact = false }: { compact?: boolean }) {
  const standing = useStanding();
  const since = live.lostSince();
  const words = since === null ? t.live[standing] : `${t.live[standing]} · ${t.live.since(timeOnly(since))}`;
  return (
    <p data-standing={standing} className={cx("flex items-center gap-2 text-sm text-muted", compact && "text-xs")} title={t.live.explain[standing]}>
      <span aria-hidden className={cx("size-2 shrink-0 rounded-full", DOTS[standing])} />
      {words}
    </p>
  );
}

/** Across the page, when it matters. */
export function ConnectionBar() {
  const standing = useStanding();
  const isLate = useIsLate();
  const isAway = standing === "lost" || standing === "offline";
  const words = [isAway ? t.live.explain[standing] : "", isLate ? t.live.late : ""].filter((word) => word !== "").join(" ");
  // The region is always there, so that what comes into it is said.
  return (
    <div role="status" className={cx(words === "" ? "sr-only" : "sticky top-0 z-30", "px-4 py-2 text-center text-sm font-medium", standing === "offline" ? "bg-danger-soft text-danger" : "bg-clay-soft text-clay")}>
      {words}
    </div>
  );
}
