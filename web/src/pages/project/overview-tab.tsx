import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { requestsQuery } from "@/api/decisions";
import type { Project } from "@/api/queries";
import { dateTime, words } from "@/lib/format";
import { inOrder } from "@/lib/stages";
import { t } from "@/text/en";
import { LinkButton } from "@/ui/button";
import { Card, Section } from "@/ui/card";
import { ActivityPanel } from "./activity-panel";
import { OverBudget } from "./budget";
import { BriefPanel, Chat, chatStage } from "./chat";
import { FailureCard } from "./failure-card";
import { GivenAnswers } from "./given-answers";
import { LastRefinement } from "./last-refinement";
import { QuestionForm } from "./question-form";
import { RefineForm } from "./refine-form";
import { RequestsPanel } from "./requests-panel";
import { Uploads } from "./uploads";
import { useCan, useProject } from "./use-project";
import { useStalePrompts } from "./use-stale";

/**
 * What there is to do, what happens, and what it is about. Branches of a project go on beside each other, and what waits can be settled
 * while it is paused: so what is shown goes by what the project takes now, and not by its phase.
 */
export function OverviewTab() {
  const project = useProject();
  const can = useCan(project);
  const takes = (command: string) => project.allowed.includes(command);
  const requests = useQuery(requestsQuery(project.project_id));
  // What the analyst answers is seen in the talk itself.
  const works = project.tasks.some((task) => task.status === "working" && task.stage !== chatStage(project));
  return (
    <div className="grid gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_19rem]">
      <div className="min-w-0 space-y-8">
        {project.phase === "paused" && <Note title={t.project.paused} text={t.project.pausedHint} />}
        {project.phase === "cancelled" && <Note title={t.project.cancelled} text={t.project.cancelledHint} />}
        {(project.phase === "failed" || takes("retry")) && <FailureCard project={project} />}
        {takes("set_budget") && <OverBudget project={project} />}
        {project.open_questions.length > 0 && project.lifecycle === "active" && <QuestionForm project={project} />}
        <RequestsPanel project={project} query={requests} />
        {project.phase !== "paused" && (project.phase === "working" || works) && <ActivityPanel project={project} />}
        {(takes("message") || project.phase === "drafting") && <Chat project={project} />}
        {project.phase === "drafting" && <BriefPanel project={project} />}
        {project.phase === "completed" && <Completed project={project} />}
        {can("refine") && project.refinements_used < project.refinements_max && <RefineForm project={project} />}
        <GivenAnswers project={project} />
        <Uploads project={project} />
        <Section title={t.project.idea}>
          <blockquote dir="auto" className="document whitespace-pre-wrap border-l-4 border-spruce-soft pl-5">{project.idea}</blockquote>
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

/** The end of the way, and where what came out of it can be read and taken. */
function Completed({ project }: { project: Project }) {
  const params = { projectId: project.project_id };
  const has = (name: string) => project.artifacts.some((artifact) => artifact.name === name);
  const hasPrompts = project.final_prompts_count > 0;
  const stale = useStalePrompts(project);
  const hasCode = has("code");
  const [title, text] = hasPrompts ? [t.completed.title, t.completed.text(project.final_prompts_count)] : hasCode ? [t.completed.codeTitle, has("verdict") ? t.completed.codeReviewed : t.completed.codeText] : [t.completed.doneTitle, t.completed.doneText];
  const reads = ["verdict", "software_specification", "spec"].find(has);
  return (
    <Card tone="good" className="p-6">
      <h2 className="text-2xl">{title}</h2>
      <p className="mt-1 max-w-xl">{text}</p>
      {stale.length > 0 && (
        <p className="mt-2 max-w-xl font-medium text-clay">{t.completed.stale(stale)}</p>
      )}
      <LastRefinement project={project} />
      <div className="mt-5 flex flex-wrap gap-2">
        {hasPrompts && (
          <LinkButton to="/projects/$projectId/prompts" params={params} look="primary">
            {t.completed.prompts}
            <ArrowRight className="size-4" aria-hidden />
          </LinkButton>
        )}
        {hasCode && (
          <LinkButton to="/projects/$projectId/artifacts/$name" params={{ ...params, name: "code" }} look="primary">
            {t.completed.code}
            <ArrowRight className="size-4" aria-hidden />
          </LinkButton>
        )}
        {reads !== undefined && (
          <LinkButton {...(reads === "verdict" ? { to: "/projects/$projectId/review", params } : { to: "/projects/$projectId/artifacts/$name", params: { ...params, name: reads } })}>
            {reads === "verdict" ? t.completed.review : t.completed.spec}
          </LinkButton>
        )}
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
            {inOrder(project.artifacts, project.tasks).map((artifact) => (
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
                    {artifact.model != null && ` · ${t.model(artifact.model)}`}
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
            [t.project.pipelineVersion, `${t.pipeline[project.pipeline]?.title ?? words(project.pipeline)}, ${t.project.version(project.pipeline_version)}`],
            ...(project.refinements_max > 0 && project.pipeline === "promptr" ? ([[t.project.refinements, `${project.refinements_used} / ${project.refinements_max}`]] as const) : []),
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
