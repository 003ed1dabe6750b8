import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, memo, useEffect, useRef } from "react";
import type { Schemas } from "@/api/client";
import { useCommand } from "@/api/commands";
import { useNameOf } from "@/api/people";
import { artifactQuery, conversationQuery, type Project } from "@/api/queries";
import { useRunningTexts } from "@/live/streams";
import { cx } from "@/lib/cx";
import { useDraft } from "@/lib/draft";
import { backToTop } from "@/lib/focus";
import { replyOf } from "@/lib/reply";
import { words } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Markdown } from "@/ui/markdown";
import { Await, Failed } from "@/ui/states";
import { OwnWords } from "./conversation-tab";
import { useCan } from "./use-project";

/** Names of agents that people talk with. */
const CHAT_AGENTS = new Set(["ba"]);

/** The stage in which people talk: what is written there is the other side of the talk. */
export const chatStage = (project: Project): string | undefined => project.tasks.find((task) => CHAT_AGENTS.has(task.agent_type))?.stage;

type Turn = Schemas["Turn"];

/** Talk with the agent that shapes the brief; at gates it knows where the project stands (D-15, D-16, F-05). */
export function Chat({ project }: { project: Project }) {
  const query = useQuery(conversationQuery(project.project_id));
  const stage = chatStage(project);
  const isAnswering = project.tasks.some((task) => task.stage === stage && task.status === "working");
  const running = useRunningTexts(project.project_id).find((one) => one.stage === stage);
  const said = running === undefined ? "" : replyOf(running.text);
  const can = useCan(project);
  const nameOf = useNameOf(project.workspace_id);
  const list = useRef<HTMLDivElement>(null);
  const turns = query.data?.length ?? 0;
  // By hand: `scrollIntoView` would move the page too, while somebody reads a document on it.
  useEffect(() => {
    if (list.current !== null) list.current.scrollTop = list.current.scrollHeight;
  }, [turns, said]);
  return (
    <Card as="section" className="overflow-clip">
      <h2 className="border-b border-line px-5 py-3.5 text-xl">{t.chat.title}</h2>
      <Await query={query} lines={2}>
        {(all) => (
          <div ref={list} role="log" aria-label={t.chat.title} tabIndex={0} className="max-h-[55dvh] overflow-y-auto px-5 py-5">
            <ol className="space-y-4">
              {all.map((turn) => (
                <TurnItem key={turn.id} turn={turn} speaker={turn.agent_role == null ? nameOf(turn.user_id) : (t.agent[turn.agent_role] ?? words(turn.agent_role))} />
              ))}
            </ol>
            {said !== "" && (
              <p aria-hidden className="mt-4 max-w-[92%] whitespace-pre-wrap rounded-lg border border-dashed border-edge/60 px-4 py-3 font-serif">
                {said}
              </p>
            )}
            {isAnswering && said === "" && (
              <p role="status" className="mt-4 animate-breathe text-sm text-muted">
                {t.chat.thinking}
              </p>
            )}
          </div>
        )}
      </Await>
      {can("message") && <Compose project={project} />}
    </Card>
  );
}

/** Remembered: the text that runs below it must not have all of them set again. */
const TurnItem = memo(function TurnItem({ turn, speaker }: { turn: Turn; speaker: string }) {
  const isPerson = turn.kind === "user_input";
  return (
    <li className={cx("max-w-[92%]", isPerson && "ml-auto")}>
      <p className="mb-1 text-sm text-muted">{speaker}</p>
      <div className={cx("rounded-lg border px-4 py-3", isPerson ? "border-spruce/30 bg-spruce-soft" : "border-line bg-paper")}>
        {isPerson ? <OwnWords text={turn.content} /> : <Markdown text={turn.content} />}
      </div>
    </li>
  );
});

function Compose({ project }: { project: Project }) {
  const [text, setText] = useDraft(`message.${project.project_id}`);
  const command = useCommand(project.project_id);
  const send = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault();
    if (text.trim() === "" || command.isPending) return;
    command.mutate({ command: "message", text: text.trim() }, { onSuccess: () => setText("") });
  };
  return (
    <form onSubmit={send} className="space-y-3 border-t border-line p-4">
      {command.error !== null && <Failed error={command.error} />}
      <div className="flex items-end gap-2">
        <textarea
          aria-label={t.chat.say}
          placeholder={t.chat.say}
          rows={2}
          dir="auto"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && (event.metaKey || event.ctrlKey) && send(event)}
          className="min-h-11 grow rounded-md border border-edge bg-surface px-3.5 py-2.5"
        />
        <Button type="submit" look="primary" busy={command.isPending} disabled={text.trim() === ""}>
          {t.chat.send}
        </Button>
      </div>
      <p className="text-xs text-muted max-sm:hidden">{t.chat.keys}</p>
    </form>
  );
}

/** The brief as it stands, and the word that it is right: only that starts the specification (D-17). */
export function BriefPanel({ project }: { project: Project }) {
  const brief = project.artifacts.find((artifact) => artifact.name === "brief");
  const text = useQuery({ ...artifactQuery(brief?.id ?? "", brief?.version ?? 0), enabled: brief !== undefined });
  const command = useCommand(project.project_id);
  const can = useCan(project);
  if (brief === undefined) return <p className="text-muted">{t.chat.noBrief}</p>;
  return (
    <Card tone="person" as="section" className="space-y-4 p-6">
      <h2 className="text-xl">
        {t.chat.brief} <span className="text-base text-muted">{t.project.version(brief.version)}</span>
      </h2>
      <Await query={text}>{(artifact) => <Markdown text={artifact.content} />}</Await>
      {command.error !== null && <Failed error={command.error} />}
      {can("confirm_brief") && (
        <Button look="primary" busy={command.isPending} onClick={() => command.mutate({ command: "confirm_brief", digest: brief.digest }, { onSuccess: backToTop })}>
          {t.chat.confirm}
        </Button>
      )}
      <p className="text-sm text-muted">{t.chat.confirmHint}</p>
    </Card>
  );
}
