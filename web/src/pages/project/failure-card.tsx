import { useQuery } from "@tanstack/react-query";
import { Ban, FilePen, RotateCcw, TriangleAlert, Undo2 } from "lucide-react";
import { useState } from "react";
import { useCommand } from "@/api/commands";
import { requestsQuery } from "@/api/decisions";
import { useNameOf } from "@/api/people";
import type { Project } from "@/api/queries";
import { MODELS } from "@/api/pipelines";
import { type Failure, failedReviews, readFailure } from "@/api/shapes";
import { backToTop } from "@/lib/focus";
import { dateTime, words } from "@/lib/format";
import { t } from "@/text/en";
import { Button, LinkButton } from "@/ui/button";
import { Card } from "@/ui/card";
import { Failed } from "@/ui/states";
import { ModelSelect } from "./model-select";
import { RedoDialog } from "./redo-dialog";
import { useCan } from "./use-project";

/** Agents and models by the names that people know them by. */
function inPlainWords(message: string): string {
  const named = MODELS.reduce((text, { id }) => text.replaceAll(new RegExp(`\\b${id}\\b(?!-)`, "g"), t.model(id)), message);
  return named.replaceAll(/\b[a-z]+_[a-z_]+\b/g, (word) => (t.agent[word] ?? t.artifact[word])?.toLowerCase() ?? word);
}

/** Why nothing goes on: what happened, and every way on that the project takes now. */
export function FailureCard({ project }: { project: Project }) {
  const failure = readFailure(project.failure);
  return failure?.code === "rejected" ? <RejectedCard project={project} stage={failure.stage ?? project.stage ?? ""} /> : <BrokenCard project={project} failure={failure} />;
}

/** What a person rejected is no failure: who did, why, and how it can begin again. */
function RejectedCard({ project, stage }: { project: Project; stage: string }) {
  const rejections = (useQuery(requestsQuery(project.project_id)).data?.items ?? []).filter((item) => item.kind === "gate" && item.stage === stage && item.status === "rejected");
  const last = rejections.toSorted((a, b) => (b.decided_at ?? "").localeCompare(a.decided_at ?? ""))[0];
  const nameOf = useNameOf(project.workspace_id);
  const what = t.artifact[last?.artifact_name ?? stage] ?? t.stage[stage] ?? words(stage);
  return (
    <Card as="section" className="p-5 sm:p-6">
      <h2 className="flex items-start gap-2.5 text-xl">
        <Ban className="mt-1 size-5 shrink-0 text-muted" aria-hidden />
        {t.rejected.title(what)}
      </h2>
      {last?.decided_at != null && <p className="mt-1 text-sm text-muted">{t.rejected.by(nameOf(last.decided_by), dateTime(last.decided_at))}</p>}
      {last?.response_content != null && (
        <blockquote dir="auto" className="mt-3 max-w-2xl whitespace-pre-wrap border-l-2 border-edge pl-3">
          {last.response_content}
        </blockquote>
      )}
      <p className="mt-3 max-w-2xl text-muted">{t.rejected.hint}</p>
      <OtherWays project={project} />
    </Card>
  );
}

function BrokenCard({ project, failure }: { project: Project; failure: Failure | null }) {
  const command = useCommand(project.project_id);
  const can = useCan(project);
  const [model, setModel] = useState("");
  const stage = failure?.stage ?? project.stage ?? null;
  const reviews = failure === null ? [] : failedReviews(failure);
  // What reviews found is mended when it is tried again.
  const hopeless = failure?.permanent === true && reviews.length === 0;
  return (
    <section className="rounded-lg border border-danger/50 bg-danger-soft/50 p-5 sm:p-6">
      <h2 className="flex items-start gap-2.5 text-xl">
        <TriangleAlert className="mt-1 size-5 shrink-0 text-danger" aria-hidden />
        {t.failure.title(stage === null ? "" : (t.stage[stage] ?? words(stage)))}
      </h2>
      <p className="mt-2 max-w-2xl">{failure === null ? t.failure.unknown : inPlainWords(failure.message)}</p>
      <p className="mt-1 text-sm text-muted">
        {failure !== null && (t.failureCode[failure.code] ?? words(failure.code))}
        {failure?.attempt != null && ` · ${t.failure.attempts(failure.attempt)}`}
        {hopeless && ` · ${t.failure.permanent}`}
      </p>
      {command.error !== null && (
        <div className="mt-4">
          <Failed error={command.error} />
        </div>
      )}
      {can("retry") && (
        <div className="mt-5 flex flex-wrap items-end gap-3">
          <ModelSelect value={model} onChange={setModel} className="w-64 max-w-full" />
          <Button
            // The same once more is no way out of what failed for good.
            look={hopeless && model === "" ? "secondary" : "primary"}
            busy={command.isPending}
            onClick={() => command.mutate(model === "" ? { command: "retry" } : { command: "retry", model }, { onSuccess: backToTop })}
          >
            <RotateCcw className="size-4" aria-hidden />
            {model === "" ? t.failure.retry : t.failure.retryWith}
          </Button>
          {reviews.length > 0 && (
            <LinkButton to="/projects/$projectId/review" params={{ projectId: project.project_id }}>
              {t.failure.reviews}
            </LinkButton>
          )}
        </div>
      )}
      <OtherWays project={project} />
      <p className="mt-4 text-sm text-muted">{t.failure.kept}</p>
    </section>
  );
}

/** Back to a stage, or from another brief. */
function OtherWays({ project }: { project: Project }) {
  const can = useCan(project);
  const [redo, setRedo] = useState<"revise" | "rewind" | null>(null);
  if (!can("revise") && !can("rewind")) return null;
  return (
    <div className="mt-4 flex flex-wrap gap-2">
      {can("rewind") && (
        <Button size="sm" onClick={() => setRedo("rewind")}>
          <Undo2 className="size-4" aria-hidden />
          {t.redo.rewind.action}
        </Button>
      )}
      {can("revise") && (
        <Button size="sm" onClick={() => setRedo("revise")}>
          <FilePen className="size-4" aria-hidden />
          {t.redo.revise.action}
        </Button>
      )}
      {redo !== null && <RedoDialog project={project} command={redo} onClose={() => setRedo(null)} />}
    </div>
  );
}
