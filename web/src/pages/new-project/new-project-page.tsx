import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { hasGate, type Pipeline, pipelinesQuery } from "@/api/pipelines";
import { SimulatedFigures } from "@/app/simulated";
import { useTitle } from "@/app/title";
import { may, useWorkspace } from "@/app/workspace";
import { cx } from "@/lib/cx";
import { words } from "@/lib/format";
import { isBeside } from "@/lib/stages";
import { t } from "@/text/en";
import { PageHead, Section } from "@/ui/card";
import { Await, Empty } from "@/ui/states";
import { costOf } from "../pipelines/cost";
import { IdeaForm } from "./idea-form";

export function NewProjectPage() {
  useTitle(t.project.new);
  const { pipeline: wished } = useSearch({ from: "/signed-in/projects/new" });
  const { current } = useWorkspace();
  const [chosen, setChosen] = useState<string | null>(wished ?? null);
  const navigate = useNavigate();
  const query = useQuery(pipelinesQuery(current?.id));
  const usual = current?.settings.default_pipeline ?? query.data?.[0]?.id ?? "promptr";
  const pipeline = chosen ?? usual;
  if (current !== undefined && (!may(current.role, "editor") || current.lifecycle !== "active")) return <Empty top title={t.newProject.not}>{t.first.viewer}</Empty>;
  return (
    <>
      <PageHead title={t.project.new} hint={
          <>
            {t.newProject.hint} <SimulatedFigures />
          </>
        } />
      <div className="space-y-10">
        <Section title={t.newProject.what}>
          <Await query={query} lines={2}>
            {(pipelines) => (
              <div role="radiogroup" aria-label={t.newProject.what} className="grid gap-3 lg:grid-cols-2">
                {pipelines.map((one) => (
                  <PipelineCard key={one.id} pipeline={one} checked={one.id === pipeline} onChoose={() => setChosen(one.id)} />
                ))}
              </div>
            )}
          </Await>
        </Section>
        <Section title={t.newProject.idea}>
          <div className="max-w-3xl">
            <IdeaForm pipeline={pipeline} onCreated={(projectId) => void navigate({ to: "/projects/$projectId", params: { projectId } })} />
          </div>
        </Section>
      </div>
    </>
  );
}

function PipelineCard({ pipeline, checked, onChoose }: { pipeline: Pipeline; checked: boolean; onChoose: () => void }) {
  const told = t.pipeline[pipeline.id];
  return (
    <label className={cx("flex cursor-pointer gap-3 rounded-lg border bg-surface p-5 has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-spruce", checked ? "border-spruce ring-1 ring-spruce" : "border-line hover:border-edge")}>
      <input type="radio" name="pipeline" value={pipeline.id} checked={checked} onChange={onChoose} className="mt-1 size-4 accent-(--spruce)" />
      <span className="min-w-0 space-y-2">
        <span className="block font-serif text-lg font-semibold leading-snug">{told?.title ?? pipeline.title}</span>
        <span className="block text-muted">{told?.gives ?? pipeline.description}</span>
        {pipeline.delivers.length > 0 && told === undefined && <span className="block text-sm">{t.pipelinePage.delivers(pipeline.delivers.map((name) => t.artifact[name] ?? words(name)))}</span>}
        <span className="flex flex-wrap items-center gap-x-1.5 gap-y-1 text-sm">
          {pipeline.stages.filter((stage) => !isBeside(stage.id)).map((stage, index) => (
            <span key={stage.id} className="whitespace-nowrap">
              {index > 0 && <span aria-hidden className="mr-1.5 text-muted">→</span>}
              {t.stage[stage.id] ?? words(stage.id)}
              {hasGate(stage) && <span className="text-clay"> ◆<span className="sr-only"> {t.pipelinePage.gate}</span></span>}
            </span>
          ))}
          {pipeline.stages.some(hasGate) && <span aria-hidden className="w-full text-clay">◆ {t.pipelinePage.gate}</span>}
        </span>
        <span className="block text-sm text-muted">
          {costOf(pipeline)}
        </span>
      </span>
    </label>
  );
}
