import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

interface CardProps {
  children: ReactNode;
  className?: string;
  as?: "div" | "section" | "article" | "li";
  tone?: keyof typeof CARD_TONES;
}

const CARD_TONES = {
  plain: "border-line bg-surface",
  good: "border-spruce/40 bg-spruce-soft/60",
  person: "border-clay/50 bg-clay-soft/50",
};

export function Card({ children, className, as: Tag = "div", tone = "plain" }: CardProps) {
  return <Tag className={cx("rounded-lg border", CARD_TONES[tone], className)}>{children}</Tag>;
}

/** A section of a page, with its heading and, at its right, what can be done with it. */
export function Section({ title, hint, action, children, id }: { title: string; hint?: ReactNode; action?: ReactNode; children: ReactNode; id?: string }) {
  return (
    <section className="space-y-4" id={id}>
      <div className="flex flex-wrap items-end justify-between gap-3">
        <div className="max-w-2xl">
          <h2 className="text-xl">{title}</h2>
          {hint !== undefined && <p className="mt-1 text-muted">{hint}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}

export function PageHead({ title, hint, action, over }: { title: ReactNode; hint?: ReactNode; action?: ReactNode; over?: ReactNode }) {
  return (
    <header className="mb-8 flex flex-wrap items-end justify-between gap-4">
      <div className="min-w-0 max-w-3xl">
        {over}
        <h1 className="text-3xl leading-tight sm:text-4xl">{title}</h1>
        {hint !== undefined && <p className="mt-2 text-muted">{hint}</p>}
      </div>
      {action !== undefined && <div className="flex flex-wrap gap-2">{action}</div>}
    </header>
  );
}

/** Name and value, as in a colophon. */
export function Facts({ items }: { items: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-4">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt className="text-sm text-muted">{name}</dt>
          <dd className="mt-0.5 text-lg font-medium tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
