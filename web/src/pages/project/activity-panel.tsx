import { useEffect, useRef } from "react";
import type { Project } from "@/api/queries";
import { useRunningText } from "@/live/streams";
import { words } from "@/lib/format";
import { stagesOf } from "@/lib/stages";
import { t } from "@/text/en";
import { Card } from "@/ui/card";
import { Ago } from "@/ui/time";

/** Who works now, and what they write as they write it. */
export function ActivityPanel({ project }: { project: Project }) {
  const running = useRunningText(project.project_id);
  const working = stagesOf(project.tasks).filter((stage) => stage.status === "working");
  return (
    <Card as="section" className="overflow-clip">
      <div className="border-b border-line px-6 py-4">
        <h2 className="flex items-center gap-2.5 text-xl">
          <span aria-hidden className="size-2.5 animate-breathe rounded-full bg-sky" />
          {t.activity.title}
        </h2>
        <ul role="status" className="mt-1.5 space-y-0.5 text-muted">
          {working.length === 0 && <li>{t.activity.between}</li>}
          {working.map((stage) => (
            <li key={stage.id}>
              {t.activity.works(t.agent[stage.agent] ?? words(stage.agent), t.stage[stage.id] ?? words(stage.id))}{" "}
              <span className="text-sm">
                <Ago at={stage.startedAt} />
              </span>
            </li>
          ))}
        </ul>
      </div>
      <RunningText text={running?.text ?? ""} cut={(running?.missing ?? 0) > 0} />
    </Card>
  );
}

function RunningText({ text, cut }: { text: string; cut: boolean }) {
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element !== null && follows.current) element.scrollTop = element.scrollHeight;
  }, [text]);
  if (text === "") return <p className="px-6 py-5 text-sm text-muted">{t.activity.silent}</p>;
  return (
    <pre
      ref={box}
      tabIndex={0}
      aria-label={t.activity.text}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
      className="max-h-96 overflow-y-auto whitespace-pre-wrap px-6 py-5 font-mono text-[0.8125rem] leading-relaxed"
    >
      {cut && <span className="text-muted">… </span>}
      {text}
    </pre>
  );
}
