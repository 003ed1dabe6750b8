import { useEffect, useRef } from "react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { eventsQuery, type Project } from "@/api/queries";
import { text as textOf } from "@/api/shapes";
import { type Running, useRunningTexts } from "@/live/streams";
import { words } from "@/lib/format";
import { stagesOf } from "@/lib/stages";
import { t } from "@/text/en";
import { Card } from "@/ui/card";
import { Ago } from "@/ui/time";
import { chatStage } from "./chat";

/** Who works now, and what they write as they write it. */
export function ActivityPanel({ project }: { project: Project }) {
  const chat = chatStage(project);
  const running = useRunningTexts(project.project_id).filter((one) => one.stage !== chat);
  const working = stagesOf(project.tasks).filter((stage) => stage.status === "working");
  const message = useLastMessage(project);
  return (
    <Card as="section" className="overflow-clip">
      <div className="border-b border-line px-6 py-4">
        <h2 className="flex items-center gap-2.5 text-xl">
          <span aria-hidden className="size-2.5 animate-breathe rounded-full bg-sky" />
          {t.activity.title}
        </h2>
        <p role="status" className="mt-1">
          {message ?? t.activity.between}
        </p>
        <ul className="mt-1 space-y-0.5 text-sm text-muted">
          {working.map((stage) => (
            <li key={stage.id}>
              {t.activity.works(t.agent[stage.agent] ?? words(stage.agent), t.stage[stage.id] ?? words(stage.id))} · <Ago at={stage.changedAt} />
            </li>
          ))}
        </ul>
      </div>
      {running.length === 0 && <p className="px-6 py-5 text-sm text-muted">{t.activity.silent}</p>}
      {running.map((one) => (
        <RunningText key={`${one.stage}/${one.attempt}`} running={one} isOne={running.length === 1} />
      ))}
    </Card>
  );
}

/** What the pipeline says of the stage under way, in its own plain words (M-04). */
function useLastMessage(project: Project): string | undefined {
  const query = useInfiniteQuery(eventsQuery(project.project_id, project.last_sequence));
  const events = query.data?.pages[0]?.events ?? [];
  const last = events.findLast((event) => event.event === "progress_update" && textOf(event.fields.message) !== null);
  return textOf(last?.fields.message) ?? undefined;
}

function RunningText({ running, isOne }: { running: Running; isOne: boolean }) {
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  const name = t.stage[running.stage] ?? words(running.stage);
  useEffect(() => {
    const element = box.current;
    if (element !== null && follows.current) element.scrollTop = element.scrollHeight;
  }, [running.text]);
  return (
    <div className="border-line [&+&]:border-t">
      {!isOne && <h3 className="px-6 pt-4 text-base">{name}</h3>}
      <pre
        ref={box}
        tabIndex={0}
        role="group"
        aria-label={isOne ? t.activity.text : t.activity.textOf(name)}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          follows.current = scrollHeight - scrollTop - clientHeight < 40;
        }}
        className="max-h-96 overflow-y-auto whitespace-pre-wrap px-6 py-5 font-mono text-[0.8125rem] leading-relaxed"
      >
        {running.missing > 0 && <span className="text-muted">… </span>}
        {running.text}
      </pre>
    </div>
  );
}
