import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { pipelinesQuery } from "@/api/pipelines";
import { SimulatedFigures } from "@/app/simulated";
import { useTitle } from "@/app/title";
import { may, useWorkspace } from "@/app/workspace";
import { costOf } from "./cost";
import { isBeside } from "@/lib/stages";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { LinkButton } from "@/ui/button";
import { Card, PageHead } from "@/ui/card";
import { Await } from "@/ui/states";

/** What can be started, and what each gives. */
export function PipelinesPage() {
  useTitle(t.nav.pipelines);
  const { current } = useWorkspace();
  const query = useQuery(pipelinesQuery(current?.id));
  const canCreate = may(current?.role, "editor") && current?.lifecycle === "active";
  return (
    <>
      <PageHead
        title={t.nav.pipelines}
        hint={
          <>
            {t.pipelinePage.hint} <SimulatedFigures />
          </>
        }
        action={
          canCreate && (
            <LinkButton to="/pipelines/new" search={{}}>
              {t.pipelinePage.own}
            </LinkButton>
          )
        }
      />
      <Await query={query}>{(pipelines) => (
      <ul className="grid gap-4 md:grid-cols-2">
        {pipelines.map((pipeline) => {
          const told = t.pipeline[pipeline.id];
          return (
            <Card as="li" key={pipeline.id} className="flex flex-col gap-3 p-6">
              <div className="flex items-start justify-between gap-3">
                <h2 className="text-xl">{told?.title ?? pipeline.title}</h2>
                <span className="flex gap-1.5">
                  {pipeline.origin === "workspace" && <Badge tone="sky">{t.pipelinePage.ours}</Badge>}
                  <Badge>{t.project.version(pipeline.version)}</Badge>
                </span>
              </div>
              <p className="text-muted">{told?.gives ?? pipeline.description}</p>
              <p className="text-sm text-muted">
                {costOf(pipeline)}
              </p>
              <div className="mt-auto flex flex-wrap gap-2 pt-2">
                {canCreate && (
                  <LinkButton to="/projects/new" search={{ pipeline: pipeline.id }} look="primary" size="sm">
                    {t.pipelinePage.start}
                  </LinkButton>
                )}
                <Link to="/pipelines/$pipelineId" params={{ pipelineId: pipeline.id }} className="inline-flex min-h-8 items-center px-2 text-sm font-medium text-spruce underline underline-offset-2">
                  {t.pipelinePage.look(pipeline.stages.filter((stage) => !isBeside(stage.id)).length)}
                </Link>
              </div>
            </Card>
          );
        })}
      </ul>
      )}</Await>
    </>
  );
}
