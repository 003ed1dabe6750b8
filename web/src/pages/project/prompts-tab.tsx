import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { useTick } from "@/api/commands";
import { artifactQuery, type Project, promptsQuery } from "@/api/queries";
import { may, useRoleIn } from "@/app/workspace";
import { coverageOf, requirementsOf } from "@/lib/coverage";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, Section } from "@/ui/card";
import { CopyButton } from "@/ui/copy";
import { Markdown } from "@/ui/markdown";
import { Progress } from "@/ui/progress";
import { Await, Empty } from "@/ui/states";
import { tellProblem } from "@/ui/toast";
import { useProject } from "./use-project";

type Prompt = Schemas["PromptItem"];

export function PromptsTab() {
  const project = useProject();
  const query = useQuery(promptsQuery(project.project_id));
  return (
    <Await query={query}>
      {(prompts) =>
        prompts.length === 0 ? (
          <Empty title={t.prompt.none}>{t.prompt.noneHint}</Empty>
        ) : (
          <div className="space-y-10">
            <Section title={t.prompt.title} hint={t.prompt.hint}>
              <ol className="space-y-4">
                {prompts.map((prompt) => (
                  <PromptCard key={prompt.number} project={project} prompt={prompt} />
                ))}
              </ol>
            </Section>
            <CoverageTable project={project} prompts={prompts} />
          </div>
        )
      }
    </Await>
  );
}

function PromptCard({ project, prompt }: { project: Project; prompt: Prompt }) {
  const [open, setOpen] = useState(false);
  const done = prompt.checklist.filter((item) => item.checked).length;
  const specLink = (id: string) => `/projects/${project.project_id}/artifacts/spec#${id}`;
  return (
    <Card as="li" className="list-none">
      <article aria-labelledby={`prompt-${prompt.number}`} className="p-5 sm:p-6">
        <div className="flex flex-wrap items-start justify-between gap-3">
          <div className="min-w-0 grow basis-72">
            <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
              <span className="font-mono">{t.prompt.number(prompt.number)}</span>
              <Badge>{t.promptStage[prompt.stage] ?? prompt.stage}</Badge>
              {prompt.version > 1 && <span>{t.project.version(prompt.version)}</span>}
              {prompt.is_stale && (
                <Badge tone="clay" title={t.prompt.staleHint}>
                  {t.prompt.stale}
                </Badge>
              )}
            </p>
            <h3 id={`prompt-${prompt.number}`} className="mt-1 text-lg">
              {prompt.title}
            </h3>
          </div>
          <CopyButton text={prompt.content} label={t.prompt.copy} look="primary" />
        </div>
        <p className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">
          {prompt.covers.length > 0 && (
            <span>
              {t.prompt.covers}{" "}
              {prompt.covers.map((id) => (
                <a key={id} href={specLink(id)} className="mr-1.5 font-mono text-spruce underline underline-offset-2">
                  {id}
                </a>
              ))}
            </span>
          )}
          {prompt.needs.length > 0 && <span>{t.prompt.needs(prompt.needs)}</span>}
        </p>
        <Checklist project={project} prompt={prompt} done={done} />
        <Button look="quiet" size="sm" className="-ml-3 mt-3" aria-expanded={open} onClick={() => setOpen(!open)}>
          <ChevronDown className={cx("size-4 transition-transform", open && "rotate-180")} aria-hidden />
          {open ? t.prompt.hide : t.prompt.read}
        </Button>
        {open && (
          <div className="mt-3 border-t border-line pt-5">
            <Markdown text={prompt.content} requirementLink={specLink} />
          </div>
        )}
      </article>
    </Card>
  );
}

function Checklist({ project, prompt, done }: { project: Project; prompt: Prompt; done: number }) {
  const tick = useTick(project.project_id);
  const canTick = may(useRoleIn(project.workspace_id), "editor") && project.lifecycle === "active";
  if (prompt.checklist.length === 0) return null;
  return (
    <fieldset className="mt-4" disabled={!canTick}>
      <legend className="text-sm font-medium">{t.prompt.checklist(done, prompt.checklist.length)}</legend>
      <div className="mb-1 mt-1.5 max-w-xs">
        <Progress value={done} max={prompt.checklist.length} label={t.prompt.checklist(done, prompt.checklist.length)} />
      </div>
      {prompt.checklist.map((item) => (
        <label key={item.position} className="flex cursor-pointer gap-2.5 rounded-sm py-1.5">
          <input
            type="checkbox"
            checked={item.checked}
            onChange={(event) => tick.mutate({ number: prompt.number, position: item.position, checked: event.target.checked }, { onError: tellProblem })}
            className="mt-1 size-4 shrink-0 accent-(--spruce)"
          />
          <span className={cx(item.checked && "text-muted line-through decoration-edge/60")}>{item.text}</span>
        </label>
      ))}
    </fieldset>
  );
}

function CoverageTable({ project, prompts }: { project: Project; prompts: readonly Prompt[] }) {
  const spec = project.artifacts.find((artifact) => artifact.name === "spec");
  const text = useQuery({ ...artifactQuery(spec?.id ?? "", spec?.version ?? 0), enabled: spec !== undefined }).data?.content;
  if (text === undefined) return null;
  const rows = coverageOf(requirementsOf(text), prompts).filter((row) => row.id.startsWith("FR"));
  const covered = rows.filter((row) => row.prompts.length > 0).length;
  return (
    <Section title={t.coverage.title} hint={t.coverage.hint(covered, rows.length)}>
      <ul className="grid gap-2 sm:grid-cols-2">
        {rows.map((row) => (
          <li key={row.id} className="flex items-baseline gap-3 rounded-md border border-line bg-surface px-4 py-2.5">
            <Link to="/projects/$projectId/artifacts/$name" params={{ projectId: project.project_id, name: "spec" }} hash={row.id} className="font-mono text-sm text-spruce underline underline-offset-2">
              {row.id}
            </Link>
            <span className="min-w-0 grow">{row.title}</span>
            {row.prompts.length === 0 ? <Badge tone="danger">{t.coverage.none}</Badge> : <span className="whitespace-nowrap text-sm text-muted">{t.coverage.prompts(row.prompts)}</span>}
          </li>
        ))}
      </ul>
    </Section>
  );
}
