import { cx } from "@/lib/cx";

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}

/** One of a few ways to look at something. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <div role="group" aria-label={label} className="flex w-fit max-w-full gap-1 overflow-x-auto rounded-md bg-sunken p-1">
      {options.map(([one, words]) => (
        <button
          key={one}
          type="button"
          aria-pressed={one === value}
          onClick={() => onChange(one)}
          className={cx("min-h-8 whitespace-nowrap rounded-sm px-3 text-sm", one === value ? "bg-surface font-medium shadow-xs" : "text-muted hover:text-ink")}
        >
          {words}
        </button>
      ))}
    </div>
  );
}
