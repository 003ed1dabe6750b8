import { useQuery } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useNameOf } from "@/api/people";
import { questionsQuery } from "@/api/queries";
import type { ProjectEvent } from "@/api/shapes";
import { cx } from "@/lib/cx";
import { actorOf, type Asked, describe, type EventTone, passes, type Sieve, toneOf } from "@/lib/events";
import { dateOnly, dateTime, integer } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Section } from "@/ui/card";
import { Choice } from "@/ui/choice";
import { Await, Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useEventLog } from "./use-event-log";
import { useProject } from "./use-project";

const ROW_PX = 68;
const DOTS: Record<EventTone, string> = {
  plain: "bg-edge",
  good: "bg-spruce",
  bad: "bg-danger",
  person: "bg-clay",
  agent: "bg-sky",
};
const SIEVES: readonly Sieve[] = ["main", "decisions", "all"];

/** Everything that happened, the latest first. What is shown is the event log itself. */
export function TimelineTab() {
  const project = useProject();
  const [sieve, setSieve] = useState<Sieve>("main");
  const { query, events: all } = useEventLog(project);
  const events = useMemo(() => all.filter((event) => passes(event, sieve)).sort((a, b) => b.sequence - a.sequence), [all, sieve]);
  const questions = useQuery({ ...questionsQuery(project.project_id), enabled: all.some((event) => event.event.startsWith("question_")) }).data;
  const asked = useCallback((id: string) => questions?.find((question) => question.id === id)?.text ?? null, [questions]);
  return (
    <Section
      title={t.timeline.title}
      hint={t.timeline.hint(integer(project.last_sequence))}
      action={<Choice label={t.timeline.show} value={sieve} options={SIEVES.map((one) => [one, t.timeline.sieve[one]] as const)} onChange={setSieve} />}
    >
      <Await query={query}>{() => (events.length === 0 ? <Empty title={project.last_sequence === 0 ? t.timeline.none : t.timeline.nothing} /> : <Events key={sieve} events={events} asked={asked} />)}</Await>
      {query.hasNextPage && (
        <div className="text-center">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t.timeline.earlier}
          </Button>
        </div>
      )}
    </Section>
  );
}

function Events({ events, asked }: { events: readonly ProjectEvent[]; asked: Asked }) {
  const list = useRef<HTMLOListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY), []);
  const rows = useWindowVirtualizer({
    count: events.length,
    estimateSize: () => ROW_PX,
    overscan: 10,
    scrollMargin: top,
    getItemKey: (index) => events[index]?.sequence ?? index,
  });
  return (
    <ol ref={list} aria-label={t.timeline.title} className="relative" style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map((row) => {
        const event = events[row.index];
        const before = events[row.index - 1];
        return event === undefined ? null : (
          <li
            key={event.sequence}
            ref={rows.measureElement}
            data-index={row.index}
            aria-setsize={events.length}
            aria-posinset={row.index + 1}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${row.start - top}px)` }}
          >
            {(before === undefined || dateOnly(before.timestamp) !== dateOnly(event.timestamp)) && (
              <p className="pb-3 pt-1 text-sm font-semibold text-muted">{dateOnly(event.timestamp)}</p>
            )}
            <Row event={event} asked={asked} />
          </li>
        );
      })}
    </ol>
  );
}

function Row({ event, asked }: { event: ProjectEvent; asked: Asked }) {
  const nameOf = useNameOf(useProject().workspace_id);
  return (
    <div className="relative flex gap-4 pb-4 pl-1">
      <span aria-hidden className="absolute bottom-0 left-[0.5625rem] top-4 w-px bg-line" />
      <span aria-hidden className={cx("relative mt-1.5 size-3 shrink-0 rounded-full border-2 border-paper", DOTS[toneOf(event)])} />
      <div className="min-w-0 grow">
        <p className="line-clamp-3 whitespace-pre-line">{describe(event, asked).replaceAll("`", "")}</p>
        <p className="text-sm text-muted" title={dateTime(event.timestamp)}>
          {actorOf(event, nameOf)} · <Ago at={event.timestamp} />
        </p>
      </div>
    </div>
  );
}
