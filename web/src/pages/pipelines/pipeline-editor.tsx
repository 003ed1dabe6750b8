import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Check, TriangleAlert } from "lucide-react";
import { lazy, Suspense, useDeferredValue } from "react";
import { answer, client } from "@/api/client";
import { type Pipeline, pipelineQuery } from "@/api/pipelines";
import { isProblem } from "@/api/problem";
import { queryClient } from "@/app/query-client";
import { useTitle } from "@/app/title";
import { useWorkspace } from "@/app/workspace";
import { useDraft } from "@/lib/draft";
import { useSettled } from "@/lib/use-settled";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { PageHead } from "@/ui/card";
import { Await, explain, Failed, Loading } from "@/ui/states";
import { tell } from "@/ui/toast";

const PipelineGraph = lazy(() => import("./pipeline-graph"));

const CHECK_MS = 500;

/** A pipeline of the workspace, begun from one that there is, and checked by the server while it is written. */
export function PipelineEditorPage() {
  useTitle(t.editor.title);
  const { from } = useSearch({ from: "/signed-in/pipelines/new" });
  const { current } = useWorkspace();
  const query = useQuery(pipelineQuery(from ?? "promptr", current?.id));
  return (
    <>
      <PageHead title={t.editor.title} hint={t.editor.hint} />
      <Await query={query}>{(pipeline) => <Editor key={pipeline.id} from={pipeline.id} toml={pipeline.source} workspace={current?.id ?? null} />}</Await>
    </>
  );
}

function Editor({ from, toml, workspace }: { from: string; toml: string; workspace: string | null }) {
  // What was written and not kept is there again after a look elsewhere.
  const [draft, setDraft] = useDraft(`pipeline.${from}`);
  const text = draft === "" ? toml : draft;
  const settled = useSettled(text, CHECK_MS);
  const check = useQuery({
    queryKey: ["pipeline-check", workspace, settled],
    queryFn: () => answer(client.POST("/api/v1/pipelines", { body: { source: settled, workspace_id: workspace, check_only: true } })),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const navigate = useNavigate();
  const save = useMutation({
    mutationFn: () => answer(client.POST("/api/v1/pipelines", { body: { source: text, check_only: false, workspace_id: workspace } })),
    onSuccess: async (kept) => {
      await queryClient.invalidateQueries({ queryKey: ["pipelines"] });
      setDraft("");
      tell(t.editor.kept);
      await navigate({ to: "/pipelines/$pipelineId", params: { pipelineId: kept.id } });
    },
  });
  const shown = useDeferredValue(check.data);
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,1.1fr)_minmax(0,1fr)]">
      <div className="space-y-3">
        <textarea
          aria-label={t.editor.label}
          aria-describedby="pipeline-verdict"
          spellCheck={false}
          value={text}
          onChange={(event) => setDraft(event.target.value)}
          className="h-[65dvh] w-full rounded-md border border-edge bg-surface p-4 font-mono text-[0.8125rem] leading-relaxed"
        />
        {save.error !== null && <Failed error={save.error} />}
        <div className="flex flex-wrap gap-2">
        <Button look="primary" busy={save.isPending} disabled={check.isError || check.isFetching || settled !== text} onClick={() => save.mutate()}>
          {t.editor.save}
        </Button>
        {draft !== "" && (
          <Button look="quiet" onClick={() => setDraft("")}>
            {t.editor.discard}
          </Button>
        )}
        </div>
      </div>
      <div className="space-y-4">
        <div id="pipeline-verdict" role="status">
          <Verdict pipeline={check.data} error={check.error} />
        </div>
        {shown !== undefined && (
          <Suspense fallback={<Loading lines={1} />}>
            <PipelineGraph pipeline={shown} />
          </Suspense>
        )}
      </div>
    </div>
  );
}

function Verdict({ pipeline, error }: { pipeline: Pipeline | undefined; error: unknown }) {
  if (error !== null) {
    const fields = isProblem(error) ? [...error.fields.entries()] : [];
    return (
      <div className="rounded-lg border border-danger/40 bg-danger-soft/60 px-5 py-4">
        <p className="flex gap-2 font-medium text-danger">
          <TriangleAlert className="mt-0.5 size-5 shrink-0" aria-hidden />
          {explain(error)}
        </p>
        <ul className="mt-2 list-disc pl-9">
          {fields.map(([name, message]) => (
            <li key={name}>
              <code className="font-mono text-sm">{name}</code> {message}
            </li>
          ))}
        </ul>
      </div>
    );
  }
  if (pipeline === undefined) return <p className="text-muted">{t.editor.checking}</p>;
  return (
    <p className="flex gap-2 rounded-lg border border-spruce/40 bg-spruce-soft/60 px-5 py-4 font-medium text-spruce">
      <Check className="mt-0.5 size-5 shrink-0" aria-hidden />
      {t.editor.valid(pipeline.title, pipeline.version)}
    </p>
  );
}
