import { useQuery } from "@tanstack/react-query";
import { memo, useMemo } from "react";
import { useNameOf } from "@/api/people";
import { conversationQuery } from "@/api/queries";
import { cx } from "@/lib/cx";
import { words } from "@/lib/format";
import { type Said, saidOf, type Turn } from "@/lib/talk";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Section } from "@/ui/card";
import { Markdown } from "@/ui/markdown";
import { Await, Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { WindowList } from "@/ui/window-list";
import { useProject } from "./use-project";

/** Of a turn of usual length, in pixels. */
const TURN_PX = 130;

/** What people and agents said to each other, oldest first. */
export function ConversationTab() {
  const project = useProject();
  const query = useQuery(conversationQuery(project.project_id));
  return (
    <Section title={t.conversation.title} hint={t.conversation.hint}>
      <Await query={query}>{(turns) => (turns.length === 0 ? <Empty title={t.conversation.none} /> : <Turns turns={turns} />)}</Await>
    </Section>
  );
}

function Turns({ turns }: { turns: readonly Turn[] }) {
  const said = useMemo(() => saidOf(turns), [turns]);
  return (
    <div className="max-w-3xl">
      <WindowList items={said} keyOf={({ turn }) => turn.id} height={TURN_PX} label={t.conversation.title}>
        {({ turn, question, isAssumed, isPerson }) => <TurnItem turn={turn} question={question} isAssumed={isAssumed} isPerson={isPerson} />}
      </WindowList>
    </div>
  );
}

/** Remembered: each new turn must not have all of them set again. */
const TurnItem = memo(function TurnItem({ turn, question, isAssumed, isPerson }: Said) {
  const nameOf = useNameOf(useProject().workspace_id);
  const speaker = isPerson ? nameOf(turn.user_id) : turn.agent_role == null ? t.actor.system : (t.agent[turn.agent_role] ?? words(turn.agent_role));
  return (
    <div className={cx("max-w-[92%] pb-4", isPerson && "ml-auto w-fit")}>
      <p className={cx("mb-1 flex flex-wrap items-center gap-x-2 text-sm text-muted", isPerson && "justify-end")}>
        {isAssumed ? <Badge>{t.question.assumed}</Badge> : speaker} · <Ago at={turn.at} />
      </p>
      <div className={cx("rounded-lg border px-5 py-3.5", isPerson ? "border-spruce/30 bg-spruce-soft" : "border-line bg-surface")}>
        {question !== null && (
          <p dir="auto" className="mb-2 border-l-2 border-spruce/40 pl-3 text-sm text-muted">
            {question}
          </p>
        )}
        {isPerson ? <OwnWords text={turn.content} /> : <Markdown text={turn.content} />}
      </div>
    </div>
  );
});

/** What a person wrote, letter by letter. */
export function OwnWords({ text }: { text: string }) {
  return (
    <p dir="auto" className="document whitespace-pre-wrap">
      {text}
    </p>
  );
}
