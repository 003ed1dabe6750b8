import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { Schemas } from "@/api/client";
import { useTick } from "@/api/commands";
import { artifactQuery, type Project, promptsQuery, promptVersionsQuery } from "@/api/queries";
import { may, useRoleIn } from "@/app/workspace";
import { coverageOf, type Requirement, requirementsOf } from "@/lib/coverage";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, Section } from "@/ui/card";
import { CopyButton } from "@/ui/copy";
import { Markdown } from "@/ui/markdown";
import { Progress } from "@/ui/progress";
import { Select } from "@/ui/field";
import { Await, Empty, Loading } from "@/ui/states";
import { tellProblem } from "@/ui/toast";
import { useCan, useProject } from "./use-project";
import { useStalePrompts } from "./use-stale";

const DiffView = lazy(() => import("./diff-view"));

type Prompt = Schemas["PromptItem"];

export function PromptsTab() {
  const project = useProject();
  const stale = useStalePrompts(project);
  const spec = project.artifacts.find((artifact) => artifact.name === "spec");
  const text = useQuery({ ...artifactQuery(spec?.id ?? "", spec?.version ?? 0), enabled: spec !== undefined }).data?.content;
  const requirements = text === undefined ? undefined : requirementsOf(text);
  const query = useQuery(promptsQuery(project.project_id));
  return (
    <Await query={query}>
      {(prompts) =>
        prompts.length === 0 ? (
          <Empty title={t.prompt.none}>{t.prompt.noneHint}</Empty>
        ) : (
          <div className="space-y-10">
            <Section title={t.prompt.title} hint={t.prompt.hint}>
              <Overall prompts={prompts} />
              <ol className="space-y-4">
                {prompts.map((prompt) => (
                  <PromptCard key={prompt.number} project={project} prompt={prompt} isStale={stale.includes(prompt.number)} requirements={requirements} />
                ))}
              </ol>
            </Section>
            {requirements !== undefined && <CoverageTable project={project} prompts={prompts} requirements={requirements} />}
          </div>
        )
      }
    </Await>
  );
}

/** How much of all checklists is ticked. */
function Overall({ prompts }: { prompts: readonly Prompt[] }) {
  const items = prompts.flatMap((prompt) => prompt.checklist);
  const done = items.filter((item) => item.checked).length;
  if (items.length === 0) return null;
  return (
    <div className="max-w-md">
      <p className="mb-1.5 text-sm font-medium">{t.prompt.overall(done, items.length)}</p>
      <Progress value={done} max={items.length} label={t.prompt.overall(done, items.length)} />
    </div>
  );
}

interface PromptCardProps {
  project: Project;
  prompt: Prompt;
  isStale: boolean;
  /** What the specification asks for now; undefined until it is read. */
  requirements: readonly Requirement[] | undefined;
}

function PromptCard({ project, prompt, isStale, requirements }: PromptCardProps) {
  const [open, setOpen] = useState(false);
  const can = useCan(project);
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
              {isStale && <Badge tone="clay">{t.prompt.stale}</Badge>}
            </p>
            <h3 id={`prompt-${prompt.number}`} className="mt-1 text-lg">
              {prompt.title}
            </h3>
          </div>
          <CopyButton text={prompt.content} label={t.prompt.copy} look="primary" />
        </div>
        {isStale && (
          <p className="mt-2 text-sm">
            {t.prompt.staleHint}{" "}
            {can("refine") && (
              <Link to="/projects/$projectId" params={{ projectId: project.project_id }} hash={`refine-${String(prompt.number).padStart(2, "0")}`} className="font-medium text-spruce underline underline-offset-2">
                {t.prompt.refine}
              </Link>
            )}
          </p>
        )}
        <p className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">
          {prompt.covers.length > 0 && (
            <span>
              {t.prompt.covers}{" "}
              {prompt.covers.map((id) =>
                requirements === undefined || requirements.some((one) => one.id === id) ? (
                  <Link
                    key={id}
                    to="/projects/$projectId/artifacts/$name"
                    params={{ projectId: project.project_id, name: "spec" }}
                    hash={id}
                    className="mr-1.5 inline-block min-h-6 font-mono text-spruce underline underline-offset-2"
                  >
                    {id}
                  </Link>
                ) : (
                  <span key={id} className="mr-1.5 inline-block min-h-6">
                    <span className="font-mono line-through">{id}</span> {t.prompt.gone}
                  </span>
                ),
              )}
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
            {prompt.version > 1 && <Earlier project={project} prompt={prompt} />}
          </div>
        )}
      </article>
    </Card>
  );
}

/** What the prompt said before it was rewritten, beside what it says now. */
function Earlier({ project, prompt }: { project: Project; prompt: Prompt }) {
  const [version, setVersion] = useState<number | null>(null);
  const query = useQuery({ ...promptVersionsQuery(project.project_id), enabled: version !== null });
  const versions = Array.from({ length: prompt.version - 1 }, (_, index) => prompt.version - 1 - index);
  return (
    <div className="mt-6 space-y-4">
      <Select label={t.prompt.earlier} value={version ?? ""} onChange={(event) => setVersion(event.target.value === "" ? null : Number(event.target.value))} className="w-64 max-w-full">
        <option value="">{t.artifactPage.noCompare}</option>
        {versions.map((one) => (
          <option key={one} value={one}>
            {t.project.version(one)}
          </option>
        ))}
      </Select>
      {version !== null && (
        <Await query={query} lines={2}>
          {(all) => {
            const older = all.find((one) => one.number === prompt.number && one.version === version);
            if (older === undefined) return <p className="text-muted">{t.artifactPage.none}</p>;
            return (
              <Suspense fallback={<Loading />}>
                <DiffView before={older.content} after={prompt.content} beforeLabel={t.project.version(version)} afterLabel={t.project.version(prompt.version)} />
              </Suspense>
            );
          }}
        </Await>
      )}
    </div>
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

function CoverageTable({ project, prompts, requirements }: { project: Project; prompts: readonly Prompt[]; requirements: readonly Requirement[] }) {
  const rows = coverageOf(requirements, prompts).filter((row) => row.id.startsWith("FR"));
  if (rows.length === 0) return <Section title={t.coverage.title} hint={t.coverage.unknown}>{null}</Section>;
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
