import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { ArrowLeft, Pencil } from "lucide-react";
import { useRef, useState } from "react";
import { useRename } from "@/api/commands";
import { isProblem } from "@/api/problem";
import type { Project } from "@/api/queries";
import { useTitle } from "@/app/title";
import { may, useRoleIn } from "@/app/workspace";
import { useFollow } from "@/live/live";
import { cx } from "@/lib/cx";
import { words } from "@/lib/format";
import { standOf } from "@/lib/projects";
import { inOrder } from "@/lib/stages";
import { t } from "@/text/en";
import { PhaseBadge, SimulatedBadge } from "@/ui/badge";
import { buttonClass, LinkButton } from "@/ui/button";
import { Await, Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { tellProblem } from "@/ui/toast";
import { useActiveInView } from "@/ui/use-active-in-view";
import { TitleEditor } from "../dashboard/title-editor";
import { ProjectActions } from "./project-actions";
import { isReview } from "./review-tab";
import { Stepper } from "./stepper";
import { ProjectContext, useProjectId, useProjectQuery } from "./use-project";

export function ProjectFrame() {
  const query = useProjectQuery();
  if (isProblem(query.error) && query.error.status === 404) {
    return (
      <Empty top title={t.project.gone} action={<LinkButton to="/projects">{t.nav.projects}</LinkButton>}>
        {t.project.goneHint}
      </Empty>
    );
  }
  return <Await query={query}>{(project) => <Loaded project={project} />}</Await>;
}

function Loaded({ project }: { project: Project }) {
  useTitle(project.title);
  const isOverview = useLocation().pathname.replace(/\/$/, "").endsWith(project.project_id);
  const stand = standOf(project);
  useFollow([{ id: useProjectId(), after: project.last_sequence }]);
  return (
    <ProjectContext value={project}>
      <Link to="/projects" className={cx("mb-3 inline-flex min-h-6 items-center gap-1.5 text-sm text-muted hover:text-ink", !isOverview && "max-sm:hidden")}>
        <ArrowLeft className="size-4" aria-hidden />
        {t.nav.projects}
      </Link>
      <header className={cx("flex items-start justify-between gap-x-6 gap-y-3 sm:flex-wrap", isOverview && "max-sm:flex-wrap")}>
        <div className={cx("min-w-0 grow", isOverview ? "basis-64" : "sm:basis-80")}>
          <Title project={project} isShort={!isOverview} />
          <p className={cx("mt-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted max-sm:mt-1", !isOverview && "max-sm:*:nth-[n+3]:hidden")}>
            <PhaseBadge phase={stand} />
            {project.simulated && <SimulatedBadge explains />}
            {project.lifecycle !== "active" && <span className="font-medium">{t.lifecycle[project.lifecycle as "archived"]}</span>}
            <span className="max-sm:hidden">{t.pipeline[project.pipeline]?.title ?? words(project.pipeline)}</span>
            <span>
              {t.project.active} <Ago at={project.last_activity_at} />
            </span>
          </p>
        </div>
        <div className={cx(!isOverview && "max-sm:hidden")}>
          <ProjectActions project={project} />
        </div>
      </header>
      {/* Said aloud when it changes: who does not see the page hears where the work stands. */}
      <p role="status" className="sr-only">
        {[t.phase[stand] ?? stand, project.stage == null ? "" : (t.stage[project.stage] ?? words(project.stage))].filter((word) => word !== "").join(": ")}
      </p>
      <Stepper project={project} isShort={!isOverview} />
      <Tabs project={project} />
      <Outlet />
    </ProjectContext>
  );
}

function Title({ project, isShort }: { project: Project; isShort: boolean }) {
  const [editing, setEditing] = useState(false);
  const rename = useRename(project.project_id);
  const canRename = may(useRoleIn(project.workspace_id), "editor") && project.lifecycle === "active";
  const button = useRef<HTMLButtonElement>(null);
  // The focus goes back to what opened the editor.
  const close = () => {
    setEditing(false);
    window.setTimeout(() => button.current?.focus());
  };
  if (editing) {
    return (
      <TitleEditor
        title={project.title}
        onCancel={close}
        onSave={(title) => {
          close();
          rename.mutate(title, { onError: tellProblem });
        }}
      />
    );
  }
  return (
    <h1 dir="auto" className={cx("wrap-anywhere leading-tight sm:text-3xl", isShort ? "text-lg max-sm:line-clamp-1" : "text-xl max-sm:line-clamp-3")}>
      {rename.isPending ? rename.variables : project.title}
      {canRename && (
        <button ref={button} type="button" aria-label={t.action.rename} onClick={() => setEditing(true)} className={buttonClass("quiet", "sm", cx("ml-1 align-middle text-muted", isShort && "max-sm:hidden"))}>
          <Pencil className="size-4" aria-hidden />
        </button>
      )}
    </h1>
  );
}

type TabPath = `/projects/$projectId/${"prompts" | "review" | "conversation" | "timeline" | "usage"}`;

const TABS: readonly { to: TabPath; label: string; shown: (project: Project) => boolean }[] = [
  { to: "/projects/$projectId/prompts", label: t.tab.prompts, shown: (project) => project.final_prompts_count > 0 },
  { to: "/projects/$projectId/review", label: t.tab.review, shown: (project) => project.artifacts.some((artifact) => isReview(artifact.name)) },
  { to: "/projects/$projectId/conversation", label: t.tab.conversation, shown: () => true },
  { to: "/projects/$projectId/timeline", label: t.tab.timeline, shown: () => true },
  { to: "/projects/$projectId/usage", label: t.tab.usage, shown: () => true },
];
const TAB = "whitespace-nowrap border-b-2 border-transparent px-1 py-2.5 text-muted hover:text-ink";
const TAB_ACTIVE = { className: "border-spruce! text-ink! font-medium" };

function Tabs({ project }: { project: Project }) {
  const params = { projectId: project.project_id };
  const row = useActiveInView<HTMLElement>();
  // Prompts have a tab of their own; everything else that was written is a document.
  const documents = inOrder(project.artifacts, project.tasks).filter((artifact) => artifact.name !== "prompts" && artifact.name !== "title" && !isReview(artifact.name));
  return (
    <nav ref={row} aria-label={t.tab.label} className="relative mb-6 flex gap-5 overflow-x-auto border-b border-line sm:mb-8">
      <Link to="/projects/$projectId" params={params} activeOptions={{ exact: true }} className={TAB} activeProps={TAB_ACTIVE}>
        {t.tab.overview}
      </Link>
      {documents.map((artifact) => (
        <Link key={artifact.id} to="/projects/$projectId/artifacts/$name" params={{ ...params, name: artifact.name }} className={TAB} activeProps={TAB_ACTIVE}>
          {t.artifact[artifact.name] ?? words(artifact.name)}
        </Link>
      ))}
      {TABS.filter((tab) => tab.shown(project)).map((tab) => (
        <Link key={tab.to} to={tab.to} params={params} className={TAB} activeProps={TAB_ACTIVE}>
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}
