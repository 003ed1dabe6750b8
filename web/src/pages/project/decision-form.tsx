import { useQuery } from "@tanstack/react-query";
import { Check, MessageSquareWarning } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { useCommand } from "@/api/commands";
import { commentsQuery, type Decision, type PersonRequest } from "@/api/decisions";
import { isProblem } from "@/api/problem";
import type { Project } from "@/api/queries";
import { useDraft } from "@/lib/draft";
import { backToTop } from "@/lib/focus";
import { missingParts } from "@/lib/outline";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Textarea } from "@/ui/field";
import { Failed } from "@/ui/states";
import { tell, tellProblem } from "@/ui/toast";
import { openNotes, withNotes } from "./inline-notes";
import { Missing, Sure } from "./missing-parts";
import { RedoDialog } from "./redo-dialog";
import { useCan } from "./use-project";

interface DecisionFormProps {
  project: Project;
  request: PersonRequest;
  artifactId: string;
  version: number;
  /** Of the version on the screen: a decision on another one is refused. */
  digest: string;
  content: string;
  canAmend: boolean;
  /** Shows the version that waits now; null where that is offered already. */
  onLatest: (() => void) | null;
}

/** What is done more rarely. */
const SMALL = "px-2! text-sm max-sm:min-h-8 max-sm:py-1";

/** Where the words beside a decision are kept until they are sent. */
export const decisionDraft = (project: string, gate: string): string => `decision.${project}.${gate}`;

type Mode = "choose" | "request_changes" | "amend" | "reject";
const MODES: readonly Mode[] = ["request_changes", "amend", "reject"];
const readMode = (word: string): Mode => MODES.find((mode) => mode === word) ?? "choose";

export function DecisionForm({ project, request, artifactId, version, digest, content, canAmend, onLatest }: DecisionFormProps) {
  const command = useCommand(project.project_id);
  const can = useCan(project);
  const draft = decisionDraft(project.project_id, request.gate);
  const [comment, setComment] = useDraft(draft);
  // Of the version that it was made from: on another one it would undo what an agent wrote since.
  const [own, setOwn] = useDraft(`${draft}.${digest}`);
  // What somebody had begun to do is open again with their words, after a reload and on the next version.
  const [kept, setKept] = useDraft(`${draft}.mode`);
  const mode = readMode(kept);
  const setMode = (next: Mode) => setKept(next === "choose" ? "" : next);
  const [text, setText] = useState(own === "" ? content : own);
  const write = (fresh: string) => {
    setText(fresh);
    setOwn(fresh);
  };
  const settled = useDeferredValue(text);
  const missing = mode === "amend" ? missingParts(content, settled) : [];
  const [revising, setRevising] = useState(false);
  const [takesNotes, setTakesNotes] = useState(true);
  const notes = openNotes(useQuery(commentsQuery(artifactId)).data?.items ?? [], version);
  const form = useRef<HTMLDivElement & HTMLElement>(null);
  // What was asked for stands where the button stood: the reader goes on there.
  const shown = useRef(mode);
  useEffect(() => {
    if (mode !== "choose" && mode !== shown.current) form.current?.querySelector("textarea")?.focus();
    shown.current = mode;
  }, [mode]);
  // Two taps are one decision, however fast they are.
  const isSending = useRef(false);
  // The panel goes away if nothing waits here any more: then the reason is told where it can still be seen.
  const untold = useRef<unknown>(null);
  untold.current = command.error;
  useEffect(() => {
    const page = location.pathname;
    return () => {
      if (untold.current !== null && location.pathname === page) tellProblem(untold.current);
    };
  }, []);
  if (!request.waits_for_me) return <p className="text-muted">{t.gate.notYours}</p>;
  const sent = mode === "request_changes" && takesNotes ? withNotes(comment, notes) : comment.trim();
  const decide = (decision: Decision) => {
    if (isSending.current) return;
    isSending.current = true;
    command.mutate(
      { command: "decide", gate: request.gate, digest, decision, comment: sent === "" ? null : sent, ...(decision === "amend" ? { content: text } : {}) },
      {
        onSuccess: () => {
          setComment("");
          setOwn("");
          setMode("choose");
          tell(t.gate.decided[decision]);
          backToTop();
        },
        onError: () => {
          isSending.current = false;
        },
      },
    );
  };
  const stale = isProblem(command.error) && command.error.status === 409;
  const problem = command.error !== null && (
    <div className="space-y-2">
      <Failed error={command.error} />
      {stale && onLatest !== null && (
        <Button
          size="sm"
          onClick={() => {
            untold.current = null;
            command.reset();
            onLatest();
          }}
        >
          {t.gate.reload}
        </Button>
      )}
    </div>
  );
  if (mode === "choose") {
    return (
      <section ref={form} aria-label={t.gate.decide} className="dock space-y-2 bg-clay-soft!">
        {problem}
        <div className="flex flex-wrap gap-2">
          <Button look="primary" className="max-sm:grow" busy={command.isPending} onClick={() => decide("approve")}>
            <Check className="size-4" aria-hidden />
            {t.gate.approve}
          </Button>
          <Button className="max-sm:grow" onClick={() => setMode("request_changes")}>
            <MessageSquareWarning className="size-4" aria-hidden />
            {t.gate.requestChanges}
          </Button>
          <div className="flex gap-1 max-sm:w-full max-sm:justify-between sm:ml-auto">
            {canAmend && (
              <Button look="quiet" className={SMALL} onClick={() => setMode("amend")}>
                {t.gate.amend}
              </Button>
            )}
            {can("revise") && (
              <Button look="quiet" className={SMALL} onClick={() => setRevising(true)}>
                {t.gate.revise}
              </Button>
            )}
            <Button look="quiet" className={`${SMALL} text-danger!`} onClick={() => setMode("reject")}>
              {t.gate.reject}
            </Button>
          </div>
        </div>
        <p className="text-xs text-muted max-sm:sr-only">{t.gate.bound(t.project.version(version))}</p>
        {revising && <RedoDialog project={project} command="revise" onClose={() => setRevising(false)} />}
      </section>
    );
  }
  return (
    <div ref={form}>
      <Card tone="person" as="section" className="space-y-4 p-4 sm:p-5">
        <h3 className="text-lg">{t.gate.mode[mode]}</h3>
        {problem}
        {mode === "amend" && <Textarea label={t.gate.amendText} tall mono value={text} onChange={(event) => write(event.target.value)} />}
        {missing.length > 0 && <Missing parts={missing} />}
        <Textarea
          label={mode === "request_changes" ? t.gate.whatToChange : t.gate.comment}
          rows={4}
          required={mode === "request_changes" && sent === ""}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
        />
        {mode === "request_changes" && notes.length > 0 && (
          <div>
            <label className="flex items-center gap-2.5 py-1 font-medium">
              <input type="checkbox" checked={takesNotes} onChange={(event) => setTakesNotes(event.target.checked)} className="size-4 accent-(--spruce)" />
              {t.gate.withNotes(notes.length)}
            </label>
            {takesNotes && (
              <ul className="mt-1 space-y-1 pl-6.5 text-sm text-muted">
                {notes.map((note) => (
                  <li key={note.id}>
                    <span className="font-medium">{note.section}</span>: {note.text}
                  </li>
                ))}
              </ul>
            )}
          </div>
        )}
        <div className="flex flex-wrap gap-2">
          <Sure parts={missing} onSure={() => decide(mode)}>
            {(ask) => (
              <Button
                look={mode === "reject" ? "danger" : "primary"}
                busy={command.isPending}
                disabled={(mode === "request_changes" && sent === "") || (mode === "amend" && (text.trim() === "" || text === content))}
                onClick={ask}
              >
                {t.gate.send[mode]}
              </Button>
            )}
          </Sure>
          <Button look="quiet" onClick={() => setMode("choose")}>
            {t.action.cancel}
          </Button>
        </div>
        <p className="text-sm text-muted">{t.gate.bound(t.project.version(version))}</p>
      </Card>
    </div>
  );
}
