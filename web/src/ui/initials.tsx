import { cx } from "@/lib/cx";
import { initials } from "@/lib/format";

/** Somebody as a picture. Letters, but no text: what is named stands beside it. */
export function Initials({ name, className }: { name: string; className?: string }) {
  return (
    <span
      aria-hidden
      data-initials={initials(name)}
      className={cx(
        "grid shrink-0 place-items-center rounded-full bg-spruce-soft font-semibold text-spruce before:content-[attr(data-initials)]",
        className,
      )}
    />
  );
}
