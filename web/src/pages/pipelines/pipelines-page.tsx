import { Link } from "@tanstack/react-router";
import { PIPELINES } from "@/api/pipelines";
import { useTitle } from "@/app/title";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { LinkButton } from "@/ui/button";
import { Card, PageHead } from "@/ui/card";

/** What can be started, and what each gives. */
export function PipelinesPage() {
  useTitle(t.nav.pipelines);
  return (
    <>
      <PageHead title={t.nav.pipelines} hint={t.pipelinePage.hint} />
      <ul className="grid gap-4 md:grid-cols-2">
        {PIPELINES.map((pipeline) => {
          const told = t.pipeline[pipeline.id];
          return (
            <Card as="li" key={pipeline.id} className="flex flex-col gap-3 p-6">
              <div className="flex items-start justify-between gap-3">
                <h2 className="text-xl">{told?.title ?? pipeline.title}</h2>
                <Badge>{t.project.version(pipeline.version)}</Badge>
              </div>
              <p className="text-muted">{told?.gives ?? pipeline.description}</p>
              {told !== undefined && <p className="text-sm text-muted">{told.costs}</p>}
              <div className="mt-auto flex flex-wrap gap-2 pt-2">
                <LinkButton to="/projects/new" search={{ pipeline: pipeline.id }} look="primary" size="sm">
                  {t.pipelinePage.start}
                </LinkButton>
                <Link to="/pipelines/$pipelineId" params={{ pipelineId: pipeline.id }} className="inline-flex min-h-8 items-center px-2 text-sm font-medium text-spruce underline underline-offset-2">
                  {t.pipelinePage.look(pipeline.stages.length)}
                </Link>
              </div>
            </Card>
          );
        })}
      </ul>
    </>
  );
}
