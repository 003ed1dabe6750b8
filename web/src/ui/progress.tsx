export function Progress({ value, max, label }: { value: number; max: number; label: string }) {
  const share = max === 0 ? 0 : Math.min(1, value / max);
  return (
    <div role="progressbar" aria-label={label} aria-valuenow={value} aria-valuemin={0} aria-valuemax={max} className="h-1.5 overflow-hidden rounded-full bg-sunken">
      <div className="h-full rounded-full bg-spruce transition-[width]" style={{ width: `${share * 100}%` }} />
    </div>
  );
}
