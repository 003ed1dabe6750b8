import { cx } from "@/lib/cx";

/** `limit`: `max` is not to be reached; at it, and beyond it, the bar says so. */
export function Progress({ value, max, label, limit = false }: { value: number; max: number; label: string; limit?: boolean }) {
  const share = max === 0 ? Number(limit && value > 0) : Math.min(1, value / max);
  return (
    <div role="progressbar" aria-label={label} aria-valuenow={Math.min(value, max)} aria-valuemin={0} aria-valuemax={max} className="h-1.5 overflow-hidden rounded-full bg-sunken">
      <div className={cx("h-full rounded-full transition-[width]", limit && value >= max ? "bg-danger" : "bg-spruce")} style={{ width: `${share * 100}%` }} />
    </div>
  );
}
