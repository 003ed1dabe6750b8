import { Link } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { Archive, ArchiveRestore, MoreHorizontal, Pencil, Trash2 } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { useCommand, useRename } from "@/api/commands";
import { meQuery, type ProjectItem } from "@/api/queries";
import { may, useRoleIn } from "@/app/workspace";
import { money, words } from "@/lib/format";
import { standOf, wishOf } from "@/lib/projects";
import { t } from "@/text/en";
import { PhaseBadge, SimulatedBadge } from "@/ui/badge";
import { Button, buttonClass } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Menu, MenuItem } from "@/ui/menu";
import { Ago } from "@/ui/time";
import { tellProblem } from "@/ui/toast";
import { TitleEditor } from "./title-editor";

const ROW_PX = 84;
/** Longer lists keep only what is on the screen in the page. */
const VIRTUAL_FROM = 60;

export function ProjectList({ projects, canEdit }: { projects: readonly ProjectItem[]; canEdit: boolean }) {
  if (projects.length >= VIRTUAL_FROM) return <VirtualList projects={projects} canEdit={canEdit} />;
  return (
    <ul className="divide-y divide-line overflow-clip rounded-lg border border-line bg-surface">
      {projects.map((project) => (
        <li key={project.project_id}>
          <Row project={project} canEdit={canEdit} />
        </li>
      ))}
    </ul>
  );
}

function VirtualList({ projects, canEdit }: { projects: readonly ProjectItem[]; canEdit: boolean }) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY), []);
  const rows = useWindowVirtualizer({ count: projects.length, estimateSize: () => ROW_PX, overscan: 8, scrollMargin: top });
  return (
    <ul ref={list} className="relative overflow-clip rounded-lg border border-line bg-surface" style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map((row) => {
        const project = projects[row.index];
        return project === undefined ? null : (
          <li
            key={project.project_id}
            ref={rows.measureElement}
            data-index={row.index}
            aria-setsize={projects.length}
            aria-posinset={row.index + 1}
            className="absolute inset-x-0 top-0 border-b border-line"
            style={{ transform: `translateY(${row.start - top}px)` }}
          >
            <Row project={project} canEdit={canEdit} />
          </li>
        );
      })}
    </ul>
  );
}

function Row({ project, canEdit }: { project: ProjectItem; canEdit: boolean }) {
  const [editing, setEditing] = useState(false);
  const rename = useRename(project.project_id);
  const stand = standOf(project);
  const waits = project.phase.startsWith("awaiting") && stand !== "deleted";
  const row = useRef<HTMLDivElement>(null);
  // The focus goes back to what opened the editor.
  const close = () => {
    setEditing(false);
    window.setTimeout(() => row.current?.querySelector<HTMLElement>("[aria-haspopup]")?.focus());
  };
  return (
    <div ref={row} className="relative flex items-center gap-3 px-4 py-3.5 hover:bg-sunken/60 sm:gap-4 sm:px-5">
      <span aria-hidden className={waits ? "absolute inset-y-0 left-0 w-1 bg-clay" : "hidden"} />
      <div className="min-w-0 grow">
        {editing ? (
          <TitleEditor
            title={project.title}
            onCancel={close}
            onSave={(title) => {
              close();
              rename.mutate(title, { onError: tellProblem });
            }}
          />
        ) : project.lifecycle === "deleted" ? (
          // There is no page of it to go to until it is restored.
          <p dir="auto" className="truncate text-base font-medium text-muted">
            {project.title}
          </p>
        ) : (
          <Link to="/projects/$projectId" params={{ projectId: project.project_id }} dir="auto" className="block truncate text-base font-medium after:absolute after:inset-0">
            {rename.isPending ? rename.variables : project.title}
          </Link>
        )}
        <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
          <PhaseBadge phase={stand} />
          {waits && wishOf(project.waiting_for) !== null && <span className="font-medium text-clay">{wishOf(project.waiting_for)}</span>}
          {!waits && project.stage != null && stand !== "deleted" && <span>{t.stage[project.stage] ?? words(project.stage)}</span>}
          <span className="hidden sm:inline">{t.pipeline[project.pipeline]?.title ?? words(project.pipeline)}</span>
          {project.simulated && <SimulatedBadge />}
          <span className="tabular-nums sm:hidden">
            <Ago at={project.last_activity_at} /> · {money(project.cost_usd)}
          </span>
        </p>
      </div>
      <div className="hidden text-right text-sm text-muted sm:block">
        <Ago at={project.last_activity_at} />
        <p className="tabular-nums">{money(project.cost_usd)}</p>
      </div>
      {canEdit && (project.lifecycle === "deleted" ? <Restore project={project} /> : <RowMenu project={project} onRename={() => setEditing(true)} />)}
    </div>
  );
}

/** All that can be done with a deleted project. */
function Restore({ project }: { project: ProjectItem }) {
  const command = useCommand(project.project_id);
  return (
    <Button size="sm" busy={command.isPending} aria-label={t.project.restore(project.title)} onClick={() => command.mutate({ command: "restore" }, { onError: tellProblem })}>
      <ArchiveRestore className="size-4" aria-hidden />
      {t.action.restore}
    </Button>
  );
}

function RowMenu({ project, onRename }: { project: ProjectItem; onRename: () => void }) {
  const me = useQuery(meQuery).data?.user.id;
  const role = useRoleIn(project.workspace_id);
  const canDelete = may(role, "admin") || project.created_by === me;
  const command = useCommand(project.project_id);
  const say = (name: "archive" | "restore") => command.mutate({ command: name }, { onError: tellProblem });
  const menu = (askDelete: () => void) => (
    <Menu
      trigger={
        <button type="button" aria-label={t.project.actions(project.title)} className={buttonClass("quiet", "icon", "relative z-10")}>
          <MoreHorizontal className="size-5" aria-hidden />
        </button>
      }
    >
      {project.lifecycle === "active" && (
        <MenuItem onSelect={onRename}>
          <Pencil className="size-4" aria-hidden />
          {t.action.rename}
        </MenuItem>
      )}
      {project.lifecycle === "active" && (
        <MenuItem onSelect={() => say("archive")}>
          <Archive className="size-4" aria-hidden />
          {t.action.archive}
        </MenuItem>
      )}
      {project.lifecycle !== "active" && (
        <MenuItem onSelect={() => say("restore")}>
          <ArchiveRestore className="size-4" aria-hidden />
          {t.action.restore}
        </MenuItem>
      )}
      {canDelete && (
        <MenuItem danger onSelect={askDelete}>
          <Trash2 className="size-4" aria-hidden />
          {t.action.delete}
        </MenuItem>
      )}
    </Menu>
  );
  return <Confirm {...t.project.deleteDialog} onConfirm={() => command.mutateAsync({ command: "delete" })} trigger={menu} />;
}
