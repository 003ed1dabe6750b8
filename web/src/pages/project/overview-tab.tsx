import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import type { Project } from "@/api/queries";
import { dateTime, words } from "@/lib/format";
import { t } from "@/text/en";
import { LinkButton } from "@/ui/button";
import { Card, Section } from "@/ui/card";
import { ActivityPanel } from "./activity-panel";
import { BriefPanel, Chat } from "./chat";
import { FailureCard } from "./failure-card";
import { QuestionForm } from "./question-form";
import { RefineForm } from "./refine-form";
import { RequestsPanel } from "./requests-panel";
import { Uploads } from "./uploads";
import { useCan, useProject } from "./use-project";

/** What is to be done now, what is being done, and what is there already: in this order. */
export function OverviewTab() {
  const project = useProject();
  const can = useCan(project);
  return (
    <div className="grid gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_19rem]">
      <div className="min-w-0 space-y-8">
        {project.phase === "failed" && <FailureCard project={project} />}
        {project.phase === "awaiting_input" && project.open_questions.length > 0 && <QuestionForm project={project} />}
        {project.phase === "drafting" && <BriefPanel project={project} />}
        {project.phase === "awaiting_approval" && <RequestsPanel project={project} />}
        {project.pipeline !== "promptr" && (project.phase === "drafting" || project.phase === "awaiting_approval") && <Chat project={project} />}
        {project.phase === "working" && <ActivityPanel project={project} />}
        {project.phase === "paused" && <Note title={t.project.paused} text={t.project.pausedHint} />}
        {project.phase === "cancelled" && <Note title={t.project.cancelled} text={t.project.cancelledHint} />}
        {project.phase === "completed" && <Completed project={project} />}
        {can("refine") && project.refinements_used < project.refinements_max && <RefineForm project={project} />}
        <Uploads project={project} />
        <Section title={t.project.idea}>
          <blockquote className="document whitespace-pre-wrap border-l-4 border-spruce-soft pl-5">{project.idea}</blockquote>
        </Section>
      </div>
      <Aside project={project} />
    </div>
  );
}

function Note({ title, text }: { title: string; text: string }) {
  return (
    <Card className="p-6">
      <h2 className="text-xl">{title}</h2>
      <p className="mt-1 text-muted">{text}</p>
    </Card>
  );
}

function Completed({ project }: { project: Project }) {
  const params = { projectId: project.project_id };
  return (
    <Card tone="good" className="p-6">
      <h2 className="text-2xl">{t.completed.title}</h2>
      <p className="mt-1 max-w-xl">{t.completed.text(project.final_prompts_count)}</p>
      <div className="mt-5 flex flex-wrap gap-2">
        <LinkButton to="/projects/$projectId/prompts" params={params} look="primary">
          {t.completed.prompts}
          <ArrowRight className="size-4" aria-hidden />
        </LinkButton>
        <LinkButton to="/projects/$projectId/artifacts/$name" params={{ ...params, name: "spec" }}>
          {t.completed.spec}
        </LinkButton>
      </div>
    </Card>
  );
}

function Aside({ project }: { project: Project }) {
  return (
    <aside className="space-y-6">
      <section>
        <h2 className="mb-2 text-lg">{t.project.documents}</h2>
        {project.artifacts.length === 0 ? (
          <p className="text-sm text-muted">{t.project.noDocuments}</p>
        ) : (
          <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
            {project.artifacts.map((artifact) => (
              <li key={artifact.id}>
                <Link
                  to="/projects/$projectId/artifacts/$name"
                  params={{ projectId: project.project_id, name: artifact.name }}
                  className="block px-4 py-3 hover:bg-sunken/60"
                >
                  <span className="flex items-baseline justify-between gap-2">
                    <span className="font-medium">{t.artifact[artifact.name] ?? words(artifact.name)}</span>
                    <span className="text-sm text-muted">{t.project.version(artifact.version)}</span>
                  </span>
                  <span className="block truncate text-sm text-muted">
                    {t.agent[artifact.agent] ?? words(artifact.agent)}
                    {artifact.model != null && ` · ${artifact.model}`}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </section>
      <dl className="space-y-2 text-sm">
        {(
          [
            [t.project.created, dateTime(project.created_at)],
            [t.project.pipelineVersion, `${project.pipeline} ${project.pipeline_version}`],
            [t.project.refinements, `${project.refinements_used} / ${project.refinements_max}`],
          ] as const
        ).map(([name, value]) => (
          <div key={name} className="flex justify-between gap-4">
            <dt className="text-muted">{name}</dt>
            <dd className="text-right">{value}</dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}
