import { useQuery } from "@tanstack/react-query";
import { memo } from "react";
import type { Schemas } from "@/api/client";
import { useNameOf } from "@/api/people";
import { conversationQuery } from "@/api/queries";
import { cx } from "@/lib/cx";
import { words } from "@/lib/format";
import { t } from "@/text/en";
import { Section } from "@/ui/card";
import { Markdown } from "@/ui/markdown";
import { Await, Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { useProject } from "./use-project";

type Turn = Schemas["Turn"];

/** What people and agents said to each other, oldest first. */
export function ConversationTab() {
  const project = useProject();
  const query = useQuery(conversationQuery(project.project_id));
  return (
    <Section title={t.conversation.title} hint={t.conversation.hint}>
      <Await query={query}>
        {(turns) =>
          turns.length === 0 ? (
            <Empty title={t.conversation.none} />
          ) : (
            <ol className="max-w-3xl space-y-4">
              {turns.map((turn) => (
                <TurnItem key={turn.id} turn={turn} />
              ))}
            </ol>
          )
        }
      </Await>
    </Section>
  );
}

/** Remembered: each new turn must not have all of them set again. */
const TurnItem = memo(function TurnItem({ turn }: { turn: Turn }) {
  const isPerson = turn.kind === "user_input";
  const nameOf = useNameOf(useProject().workspace_id);
  const speaker = isPerson ? nameOf(turn.user_id) : turn.agent_role == null ? t.actor.system : (t.agent[turn.agent_role] ?? words(turn.agent_role));
  return (
    <li className={cx("max-w-[92%]", isPerson && "ml-auto")}>
      <p className={cx("mb-1 text-sm text-muted", isPerson && "text-right")}>
        {speaker} · <Ago at={turn.at} />
      </p>
      <div className={cx("rounded-lg border px-5 py-3.5", isPerson ? "border-spruce/30 bg-spruce-soft" : "border-line bg-surface")}>
        <Markdown text={turn.content} />
      </div>
    </li>
  );
});
