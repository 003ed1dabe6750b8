// What a page shows before, instead of, or around its content.
import { CloudOff, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { isProblem } from "@/api/problem";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";
import { Button } from "./button";

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cx("animate-pulse rounded-md bg-sunken", className)} />;
}

export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <div role="status" className="space-y-3 py-4">
      <span className="sr-only">{t.state.loading}</span>
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} className={cx("h-16", index % 3 === 2 && "w-2/3")} />
      ))}
    </div>
  );
}

/** `top`: it is all that the page has to say, so its title is that of the page. */
export function Empty({ title, children, action, art, top = false }: { title: string; children?: ReactNode; action?: ReactNode; art?: ReactNode; top?: boolean }) {
  const Title = top ? "h1" : "h2";
  return (
    <div className="strata rounded-lg border border-dashed border-edge/50 px-6 py-12 text-center">
      <div className="mx-auto w-fit max-w-md space-y-3 rounded-lg bg-paper px-6 py-4">
        {art}
        <Title className="text-xl">{title}</Title>
        {children !== undefined && <div className="text-muted">{children}</div>}
        {action !== undefined && <div className="pt-2">{action}</div>}
      </div>
    </div>
  );
}

/** What an error says to a person. */
export function explain(error: unknown): string {
  if (isProblem(error, "unreachable")) return t.state.unreachable;
  if (isProblem(error, "not_sent")) return t.state.notSent;
  if (isProblem(error, "paused_by_operators")) return t.state.pausedByOperators;
  if (isProblem(error, "outcome_unknown")) return t.state.outcomeUnknown;
  if (isProblem(error)) return error.message;
  return t.state.unexpected;
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const away = isProblem(error, "unreachable") || isProblem(error, "not_sent");
  const requestId = isProblem(error) ? error.requestId : null;
  return (
    <div role="alert" className="rounded-lg border border-danger/40 bg-danger-soft/60 px-5 py-4">
      <p className="flex items-start gap-2 font-medium text-danger">
        {away ? <CloudOff className="mt-0.5 size-5 shrink-0" aria-hidden /> : <TriangleAlert className="mt-0.5 size-5 shrink-0" aria-hidden />}
        {explain(error)}
      </p>
      {/* What a field refused, where nobody shows it beside the field. */}
      {isProblem(error) && error.fields.size > 0 && (
        <ul className="mt-1 list-disc pl-12">
          {[...error.fields.values()].map((message) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
      {requestId !== null && <p className="mt-1 pl-7 font-mono text-xs text-muted">{t.state.requestId(requestId)}</p>}
      {retry !== undefined && (
        <div className="mt-3 pl-7">
          <Button size="sm" onClick={retry}>
            {t.state.again}
          </Button>
        </div>
      )}
    </div>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** The content, once it is there; what is there already stays when asking again fails. */
export function Await<T>({ query, children, lines }: { query: Asked<T>; children: (data: T) => ReactNode; lines?: number }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isPending) return <Loading lines={lines} />;
  return <Failed error={query.error} retry={() => void query.refetch()} />;
}
