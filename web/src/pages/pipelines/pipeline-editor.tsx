import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Check, TriangleAlert } from "lucide-react";
import { lazy, Suspense, useDeferredValue, useRef } from "react";
import { answer, client } from "@/api/client";
import { type Pipeline, pipelineQuery, pipelinesQuery } from "@/api/pipelines";
import { queryClient } from "@/app/query-client";
import { useTitle } from "@/app/title";
import { useWorkspace } from "@/app/workspace";
import { useDraft } from "@/lib/draft";
import { faultsOf, ownSource, placeOf } from "@/lib/own-pipeline";
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
  const others = useQuery(pipelinesQuery(current?.id));
  return (
    <>
      <PageHead title={t.editor.title} hint={t.editor.hint} />
      <Await query={query}>
        {(pipeline) => (
          <Await query={others}>
            {(all) => {
              const begun = ownSource({ id: pipeline.id, source: pipeline.source, isShipped: pipeline.origin === "shipped", versions: pipeline.versions }, all.map((one) => one.id));
              return <Editor key={pipeline.id} from={pipeline.id} toml={begun} workspace={current?.id ?? null} />;
            }}
          </Await>
        )}
      </Await>
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
  const area = useRef<HTMLTextAreaElement>(null);
  const show = (line: number) => {
    const element = area.current;
    if (element === null) return;
    element.focus();
    element.setSelectionRange(...placeOf(text, line));
    element.scrollTop = (element.scrollHeight * Math.max(0, line - 5)) / text.split("\n").length;
  };
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,1.1fr)_minmax(0,1fr)]">
      <div className="space-y-3">
        <textarea
          ref={area}
          aria-label={t.editor.label}
          aria-describedby="pipeline-verdict"
          spellCheck={false}
          value={text}
          onChange={(event) => setDraft(event.target.value)}
          className="h-[55dvh] w-full max-sm:h-[45dvh] rounded-md border border-edge bg-surface p-4 font-mono text-[0.8125rem] leading-relaxed"
        />
        {save.error !== null && <Failed error={save.error} />}
        {/* What is wrong stands by the button that waits for it to be mended, on a phone too. */}
        <div className="dock space-y-3">
          <div id="pipeline-verdict" role="status">
            <Verdict pipeline={check.data} error={check.error} onLine={show} />
          </div>
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
      </div>
      <div className="space-y-4">
        {shown !== undefined && (
          <Suspense fallback={<Loading lines={1} />}>
            <PipelineGraph pipeline={shown} />
          </Suspense>
        )}
      </div>
    </div>
  );
}

function Verdict({ pipeline, error, onLine }: { pipeline: Pipeline | undefined; error: unknown; onLine: (line: number) => void }) {
  if (error !== null) {
    const faults = faultsOf(error);
    return (
      <div tabIndex={0} role="group" aria-label={t.editor.faults} className="max-h-[30dvh] overflow-y-auto rounded-lg max-sm:max-h-[22dvh] border border-danger/40 bg-danger-soft px-4 py-3">
        <p className="flex gap-2 font-medium text-danger">
          <TriangleAlert className="mt-0.5 size-5 shrink-0" aria-hidden />
          {faults.length === 0 ? explain(error) : t.editor.cannot(faults.length)}
        </p>
        {faults.length > 0 && (
          <ul className="mt-1.5 space-y-1 pl-7">
            {faults.map(({ line, message }) => (
              <li key={`${line}/${message}`} className="wrap-anywhere">
                {line !== null && (
                  <button type="button" onClick={() => onLine(line)} className="mr-1.5 inline-block min-h-6 font-medium underline underline-offset-2">
                    {t.editor.line(line)}
                  </button>
                )}
                {message}
              </li>
            ))}
          </ul>
        )}
      </div>
    );
  }
  if (pipeline === undefined) return <p className="text-muted">{t.editor.checking}</p>;
  return (
    <p className="flex gap-2 rounded-lg border border-spruce/40 bg-spruce-soft px-4 py-3 font-medium text-spruce">
      <Check className="mt-0.5 size-5 shrink-0" aria-hidden />
      {t.editor.valid(pipeline.title, pipeline.version)}
    </p>
  );
}
