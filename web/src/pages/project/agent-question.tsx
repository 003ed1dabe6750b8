import { useCommand } from "@/api/commands";
import type { Decision, PersonRequest } from "@/api/decisions";
import { cx } from "@/lib/cx";
import { useDraft } from "@/lib/draft";
import { backToTop } from "@/lib/focus";
import { words } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Textarea } from "@/ui/field";
import { Markdown } from "@/ui/markdown";
import { Failed } from "@/ui/states";
import { tell } from "@/ui/toast";

interface AgentQuestionProps {
  projectId: string;
  request: PersonRequest;
  onDone?: () => void;
  /** In a dialog, which has a frame and a title of its own. */
  bare?: boolean;
}

/** What an agent asks in the middle of its work: yes, no and why, or an answer in one's own words. */
export function AgentQuestion({ projectId, request, onDone, bare = false }: AgentQuestionProps) {
  const command = useCommand(projectId);
  const [text, setText] = useDraft(`question.${request.request_id}`);
  const isEmpty = text.trim() === "";
  const decide = (decision: Decision) =>
    command.mutate(
      { command: "decide", gate: request.gate, digest: request.digest, decision, comment: text.trim() === "" ? null : text.trim() },
      {
        onSuccess: () => {
          setText("");
          tell(t.gate.decided[decision]);
          onDone?.();
          if (!bare) backToTop();
        },
      },
    );
  return (
    <Card tone="person" as="section" className={cx("space-y-4", bare ? "border-0 bg-transparent!" : "p-5 sm:p-6")}>
      {!bare && <h2 className="text-xl">{t.ask.title(t.stage[request.stage] ?? words(request.stage))}</h2>}
      <Markdown text={request.request_content} />
      {request.waits_for_me ? (
        <>
          <Textarea label={t.ask.answer} rows={3} value={text} onChange={(event) => setText(event.target.value)} />
          {command.error !== null && <Failed error={command.error} />}
          <div className="flex flex-wrap gap-2">
            <Button look="primary" busy={command.isPending && command.variables?.command === "decide" && command.variables.decision === "amend"} disabled={isEmpty || command.isPending} onClick={() => decide("amend")}>
              {t.ask.amend}
            </Button>
            <Button disabled={command.isPending} onClick={() => decide("approve")}>
              {t.ask.approve}
            </Button>
            <Button look="danger" disabled={isEmpty || command.isPending} onClick={() => decide("request_changes")}>
              {t.ask.reject}
            </Button>
          </div>
          {isEmpty && <p className="text-sm text-muted">{t.ask.needsWords}</p>}
        </>
      ) : (
        <p className="text-muted">{t.gate.notYours}</p>
      )}
    </Card>
  );
}
