import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { lazy, Suspense } from "react";
import { hasGate, type Pipeline, pipelineQuery } from "@/api/pipelines";
import { isProblem } from "@/api/problem";
import { useTitle } from "@/app/title";
import { SimulatedFigures } from "@/app/simulated";
import { may, useWorkspace } from "@/app/workspace";
import { words } from "@/lib/format";
import { isBeside } from "@/lib/stages";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { LinkButton } from "@/ui/button";
import { PageHead, Section } from "@/ui/card";
import { Select } from "@/ui/field";
import { Await, Empty, Loading } from "@/ui/states";

import { costOf } from "./cost";

const PipelineGraph = lazy(() => import("./pipeline-graph"));

export function PipelinePage() {
  const { pipelineId } = useParams({ from: "/signed-in/pipelines/$pipelineId" });
  const { current } = useWorkspace();
  const { version } = useSearch({ from: "/signed-in/pipelines/$pipelineId" });
  const query = useQuery(pipelineQuery(pipelineId, current?.id, version));
  if (isProblem(query.error) && query.error.status === 404) return <Empty top title={t.pipelinePage.none} />;
  return <Await query={query}>{(pipeline) => <Shown pipeline={pipeline} toml={pipeline.source} versions={pipeline.versions} />}</Await>;
}

function Shown({ pipeline, toml, versions }: { pipeline: Pipeline; toml: string; versions: readonly number[] }) {
  const navigate = useNavigate({ from: "/pipelines/$pipelineId" });
  useTitle(t.pipeline[pipeline.id]?.title ?? pipeline.title);
  const told = t.pipeline[pipeline.id];
  const { current } = useWorkspace();
  const canCreate = may(current?.role, "editor") && current?.lifecycle === "active";
  return (
    <>
      <PageHead
        over={
          <Link to="/pipelines" className="mb-2 inline-flex items-center gap-1.5 text-sm text-muted hover:text-ink">
            <ArrowLeft className="size-4" aria-hidden />
            {t.nav.pipelines}
          </Link>
        }
        title={told?.title ?? pipeline.title}
        hint={pipeline.description}
        action={
          canCreate && (
            <>
              <LinkButton to="/pipelines/new" search={{ from: pipeline.id }}>
                {t.pipelinePage.copy}
              </LinkButton>
              <LinkButton to="/projects/new" search={{ pipeline: pipeline.id }} look="primary">
                {t.pipelinePage.start}
              </LinkButton>
            </>
          )
        }
      />
      <div className="space-y-10">
        {versions.length > 1 && (
          <Select label={t.artifactPage.version} value={pipeline.version} onChange={(event) => void navigate({ search: { version: Number(event.target.value) } })} className="w-40">
            {versions.map((one) => (
              <option key={one} value={one}>
                {t.project.version(one)}
              </option>
            ))}
          </Select>
        )}
        <Suspense fallback={<Loading lines={2} />}>
          <PipelineGraph pipeline={pipeline} />
        </Suspense>
        <p className="text-muted">
          {costOf(pipeline)} <SimulatedFigures />
        </p>
        <Section title={t.pipelinePage.stages}>
          <Stages pipeline={pipeline} />
        </Section>
        <details>
          <summary className="cursor-pointer font-medium">{t.pipelinePage.source}</summary>
          <pre tabIndex={0} className="mt-3 overflow-x-auto rounded-lg border border-line bg-sunken p-5 font-mono text-sm">
            {toml}
          </pre>
        </details>
      </div>
    </>
  );
}

/** The same as the picture, in words. */
function Stages({ pipeline }: { pipeline: Pipeline }) {
  // What is done beside the way is no step of it, and has no number.
  const steps = pipeline.stages.filter((stage) => !isBeside(stage.id));
  return (
    <ol className="divide-y divide-line rounded-lg border border-line bg-surface">
      {pipeline.stages.map((stage) => (
        <li key={stage.id} className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-4 py-3.5 sm:px-5 sm:py-4">
          <span className="min-w-[1ch] font-mono text-sm text-muted">{steps.includes(stage) ? steps.indexOf(stage) + 1 : ""}</span>
          <span className="font-medium">{t.stage[stage.id] ?? words(stage.id)}</span>
          {stage.agent != null && <span className="text-muted">{t.agent[stage.agent] ?? words(stage.agent)}</span>}
          {stage.produces !== stage.id && t.artifact[stage.produces] !== (t.stage[stage.id] ?? "") && <span className="text-sm text-muted">{t.pipelinePage.produces(t.artifact[stage.produces] ?? words(stage.produces))}</span>}
          {!steps.includes(stage) && <span className="text-sm text-muted">{t.pipelinePage.beside}</span>}
          {hasGate(stage) && <Badge tone="clay">{t.pipelinePage.gate}</Badge>}
          {stage.needs.length > 0 && <span className="text-sm text-muted max-sm:w-full sm:ml-auto">{t.pipelinePage.after(stage.needs.map((need) => t.stage[need] ?? words(need)))}</span>}
        </li>
      ))}
    </ol>
  );
}
