import { FilePen, RotateCcw, TriangleAlert, Undo2 } from "lucide-react";
import { useState } from "react";
import { useCommand } from "@/api/commands";
import type { Project } from "@/api/queries";
import { MODELS } from "@/api/pipelines";
import { readFailure } from "@/api/shapes";
import { backToTop } from "@/lib/focus";
import { words } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Failed } from "@/ui/states";
import { ModelSelect } from "./model-select";
import { RedoDialog } from "./redo-dialog";
import { useCan } from "./use-project";

/** Agents and models by the names that people know them by. */
function inPlainWords(message: string): string {
  const named = MODELS.reduce((text, { id }) => text.replaceAll(new RegExp(`\\b${id}\\b(?!-)`, "g"), t.model(id)), message);
  return named.replaceAll(/\b[a-z]+_[a-z_]+\b/g, (word) => t.agent[word]?.toLowerCase() ?? word);
}

/** What happened, and every way on that the project takes now. */
export function FailureCard({ project }: { project: Project }) {
  const failure = readFailure(project.failure);
  const command = useCommand(project.project_id);
  const can = useCan(project);
  const [model, setModel] = useState("");
  const [redo, setRedo] = useState<"revise" | "rewind" | null>(null);
  const stage = failure?.stage ?? project.stage ?? null;
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
        {failure?.permanent === true && ` · ${t.failure.permanent}`}
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
            look={failure?.permanent === true && model === "" ? "secondary" : "primary"}
            busy={command.isPending}
            onClick={() => command.mutate(model === "" ? { command: "retry" } : { command: "retry", model }, { onSuccess: backToTop })}
          >
            <RotateCcw className="size-4" aria-hidden />
            {model === "" ? t.failure.retry : t.failure.retryWith}
          </Button>
        </div>
      )}
      {(can("revise") || can("rewind")) && (
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
        </div>
      )}
      <p className="mt-4 text-sm text-muted">{t.failure.kept}</p>
      {redo !== null && <RedoDialog project={project} command={redo} onClose={() => setRedo(null)} />}
    </section>
  );
}
