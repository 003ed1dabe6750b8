import { Check, MessageSquareWarning, PencilLine, Undo2, X } from "lucide-react";
import { useState } from "react";
import { useCommand } from "@/api/commands";
import { type Decision, type PersonRequest } from "@/api/decisions";
import { isProblem } from "@/api/problem";
import { keys, type Project } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Textarea } from "@/ui/field";
import { Failed } from "@/ui/states";
import { tell } from "@/ui/toast";
import { RedoDialog } from "./redo-dialog";
import { useCan } from "./use-project";

interface DecisionFormProps {
  project: Project;
  request: PersonRequest;
  /** Of the version on the screen: a decision on another one is refused. */
  digest: string;
  content: string;
  canAmend: boolean;
}

type Mode = "choose" | "request_changes" | "amend" | "reject";

export function DecisionForm({ project, request, digest, content, canAmend }: DecisionFormProps) {
  const command = useCommand(project.project_id);
  const can = useCan(project);
  const [mode, setMode] = useState<Mode>("choose");
  const [comment, setComment] = useState("");
  const [text, setText] = useState(content);
  const [revising, setRevising] = useState(false);
  if (!request.waits_for_me) return <p className="text-muted">{t.gate.notYours}</p>;
  const decide = (decision: Decision) => {
    const said = comment.trim() === "" ? null : comment.trim();
    command.mutate(
      { command: "decide", gate: request.gate, digest, decision, comment: said, ...(decision === "amend" ? { content: text } : {}) },
      { onSuccess: () => tell(t.gate.decided[decision]) },
    );
  };
  const stale = isProblem(command.error) && command.error.status === 409;
  return (
    <Card tone="person" className="space-y-4 p-5 sm:p-6">
      <h3 className="text-lg">{t.gate.decide}</h3>
      {command.error !== null && (
        <div className="space-y-2">
          <Failed error={command.error} />
          {stale && (
            <Button
              size="sm"
              onClick={() => {
                command.reset();
                void queryClient.invalidateQueries({ queryKey: keys.project(project.project_id) });
              }}
            >
              {t.gate.reload}
            </Button>
          )}
        </div>
      )}
      {mode === "amend" && <Textarea label={t.gate.amendText} rows={18} className="font-mono" value={text} onChange={(event) => setText(event.target.value)} />}
      {mode !== "choose" && (
        <Textarea
          label={mode === "request_changes" ? t.gate.whatToChange : t.gate.comment}
          rows={4}
          required={mode === "request_changes"}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
        />
      )}
      {mode === "choose" ? (
        <div className="flex flex-wrap gap-2">
          <Button look="primary" busy={command.isPending} onClick={() => decide("approve")}>
            <Check className="size-4" aria-hidden />
            {t.gate.approve}
          </Button>
          <Button onClick={() => setMode("request_changes")}>
            <MessageSquareWarning className="size-4" aria-hidden />
            {t.gate.requestChanges}
          </Button>
          {canAmend && (
            <Button onClick={() => setMode("amend")}>
              <PencilLine className="size-4" aria-hidden />
              {t.gate.amend}
            </Button>
          )}
          {can("revise") && (
            <Button look="quiet" onClick={() => setRevising(true)}>
              <Undo2 className="size-4" aria-hidden />
              {t.gate.revise}
            </Button>
          )}
          <Button look="danger" onClick={() => setMode("reject")}>
            <X className="size-4" aria-hidden />
            {t.gate.reject}
          </Button>
        </div>
      ) : (
        <div className="flex flex-wrap gap-2">
          <Button
            look={mode === "reject" ? "danger" : "primary"}
            busy={command.isPending}
            disabled={(mode === "request_changes" && comment.trim() === "") || (mode === "amend" && (text.trim() === "" || text === content))}
            onClick={() => decide(mode)}
          >
            {t.gate.send[mode]}
          </Button>
          <Button look="quiet" onClick={() => setMode("choose")}>
            {t.action.cancel}
          </Button>
        </div>
      )}
      <p className="text-sm text-muted">{t.gate.bound(digest.slice(0, 12))}</p>
      {revising && <RedoDialog project={project} command="revise" onClose={() => setRevising(false)} />}
    </Card>
  );
}
