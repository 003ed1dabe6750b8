import { useEffect, useState } from "react";
import type { PersonRequest, RequestList } from "@/api/decisions";
import { useNameOf } from "@/api/people";
import type { Project } from "@/api/queries";
import { readFailure } from "@/api/shapes";
import { useDraft } from "@/lib/draft";
import { backToTop } from "@/lib/focus";
import { words as inWords } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { CopyButton } from "@/ui/copy";
import { Failed } from "@/ui/states";
import { AgentQuestion } from "./agent-question";
import { decisionDraft } from "./decision-form";
import { GatePanel } from "./gate-panel";

interface RequestsPanelProps {
  project: Project;
  query: { data: RequestList | undefined; error: unknown; refetch: () => unknown };
}

/** Everything in a project that waits for a decision, and what others decided while this page was open. */
export function RequestsPanel({ project, query }: RequestsPanelProps) {
  const items = query.data?.items ?? [];
  // What waited when it was first seen here: when somebody else settles it, the reader is told by whom.
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const fresh = items.filter((item) => item.status === "pending" && !seen.has(item.request_id));
  if (fresh.length > 0) setSeen(new Set([...seen, ...fresh.map((item) => item.request_id)]));
  const forget = (id: string) => setSeen(new Set([...seen].filter((one) => one !== id)));
  if (query.data === undefined) return query.error == null ? null : <Failed error={query.error} retry={() => void query.refetch()} />;
  return (
    <>
      {items
        .filter((item) => seen.has(item.request_id) && item.decided_by != null && item.status !== "pending")
        .map((item) => (
          <Settled key={item.request_id} project={project} request={item} onClose={() => forget(item.request_id)} />
        ))}
      {items
        .filter((item) => item.status === "pending")
        .map((request) =>
          request.kind === "gate" ? <GatePanel key={request.gate} project={project} request={request} /> : <AgentQuestion key={request.request_id} projectId={project.project_id} request={request} />,
        )}
    </>
  );
}

/** Somebody else was faster; one's own decisions are known. */
function Settled({ project, request, onClose }: { project: Project; request: PersonRequest; onClose: () => void }) {
  const nameOf = useNameOf(project.workspace_id);
  const who = nameOf(request.decided_by);
  const failure = readFailure(project.failure);
  // Sent back and rejected for good are one status: the project stopping there makes the difference.
  const status = request.status === "rejected" && failure?.code === "rejected" && failure.stage === request.stage ? "refused" : request.status;
  const [words, setWords] = useDraft(decisionDraft(project.project_id, request.gate));
  // What was sent is no draft any more, also where the form was gone before the answer came.
  const unsent = request.response_content?.includes(words.trim()) === true ? "" : words.trim();
  // Whoever was writing has lost the place where they wrote.
  useEffect(() => {
    if (unsent !== "") backToTop();
  }, [unsent]);
  if (who === t.actor.you && unsent === "") return null;
  const close = () => {
    setWords("");
    onClose();
  };
  return (
    <Card className="flex flex-wrap items-center justify-between gap-3 px-5 py-4">
      {unsent !== "" && (
        <div className="order-1 w-full space-y-2">
          <p className="text-sm text-muted">{t.gate.unsent}</p>
          <blockquote dir="auto" className="whitespace-pre-wrap border-l-2 border-clay pl-3">
            {unsent}
          </blockquote>
          <CopyButton text={unsent} label={t.gate.copyUnsent} />
        </div>
      )}
      <p role="status">
        {t.gate.settled(who, t.artifact[request.artifact_name ?? request.gate] ?? inWords(request.gate), status)}
        {request.response_content != null && <span className="block text-muted">{request.response_content}</span>}
      </p>
      <Button size="sm" look="quiet" onClick={close}>
        {t.action.close}
      </Button>
    </Card>
  );
}
