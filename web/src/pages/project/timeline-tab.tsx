import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { eventsQuery, meQuery } from "@/api/queries";
import type { ProjectEvent } from "@/api/shapes";
import { cx } from "@/lib/cx";
import { actorOf, describe, type EventTone, toneOf } from "@/lib/events";
import { dateTime, integer } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Section } from "@/ui/card";
import { Await, Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useProject } from "./use-project";

const ROW_PX = 68;
const DOTS: Record<EventTone, string> = {
  plain: "bg-edge",
  good: "bg-spruce",
  bad: "bg-danger",
  person: "bg-clay",
  agent: "bg-sky",
};

/** Everything that happened, the latest first. What is shown is the event log itself. */
export function TimelineTab() {
  const project = useProject();
  const query = useInfiniteQuery(eventsQuery(project.project_id, project.last_sequence));
  const events = useMemo(() => {
    const all = query.data?.pages.flatMap((page) => page.events) ?? [];
    return all.sort((a, b) => b.sequence - a.sequence);
  }, [query.data]);
  return (
    <Section title={t.timeline.title} hint={t.timeline.hint(integer(project.last_sequence))}>
      <Await query={query}>{() => (events.length === 0 ? <Empty title={t.timeline.none} /> : <Events events={events} />)}</Await>
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

function Events({ events }: { events: readonly ProjectEvent[] }) {
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
            <Row event={event} />
          </li>
        );
      })}
    </ol>
  );
}

function Row({ event }: { event: ProjectEvent }) {
  const me = useQuery(meQuery).data?.user.id;
  return (
    <div className="relative flex gap-4 pb-4 pl-1">
      <span aria-hidden className="absolute bottom-0 left-[0.5625rem] top-4 w-px bg-line" />
      <span aria-hidden className={cx("relative mt-1.5 size-3 shrink-0 rounded-full border-2 border-paper", DOTS[toneOf(event)])} />
      <div className="min-w-0 grow">
        <p className="line-clamp-3 whitespace-pre-line">{describe(event)}</p>
        <p className="text-sm text-muted" title={dateTime(event.timestamp)}>
          {actorOf(event, me)} · <Ago at={event.timestamp} /> · <span className="font-mono text-xs">#{event.sequence}</span>
        </p>
      </div>
    </div>
  );
}
