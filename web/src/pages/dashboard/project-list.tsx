import { Link } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { Archive, ArchiveRestore, MoreHorizontal, Pencil, Trash2 } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { useCommand, useRename } from "@/api/commands";
import type { ProjectItem } from "@/api/queries";
import { money, words } from "@/lib/format";
import { t } from "@/text/en";
import { PhaseBadge, SimulatedBadge } from "@/ui/badge";
import { buttonClass } from "@/ui/button";
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
  useLayoutEffect(() => setTop(list.current?.offsetTop ?? 0), []);
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
  const waits = project.phase.startsWith("awaiting");
  return (
    <div className="relative flex items-center gap-3 px-4 py-3.5 hover:bg-sunken/60 sm:gap-4 sm:px-5">
      <span aria-hidden className={waits ? "absolute inset-y-0 left-0 w-1 bg-clay" : "hidden"} />
      <div className="min-w-0 grow">
        {editing ? (
          <TitleEditor
            title={project.title}
            onCancel={() => setEditing(false)}
            onSave={(title) => {
              setEditing(false);
              rename.mutate(title, { onError: tellProblem });
            }}
          />
        ) : (
          <Link to="/projects/$projectId" params={{ projectId: project.project_id }} className="block truncate text-base font-medium after:absolute after:inset-0">
            {rename.isPending ? rename.variables : project.title}
          </Link>
        )}
        <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
          <PhaseBadge phase={project.phase} />
          {waits && <span className="font-medium text-clay">{t.waits[project.waiting_for ?? ""] ?? t.waits.other}</span>}
          {!waits && project.stage != null && <span>{t.stage[project.stage] ?? words(project.stage)}</span>}
          <span className="hidden sm:inline">{t.pipeline[project.pipeline]?.title ?? words(project.pipeline)}</span>
          {project.simulated && <SimulatedBadge />}
        </p>
      </div>
      <div className="hidden text-right text-sm text-muted sm:block">
        <Ago at={project.last_activity_at} />
        <p className="tabular-nums">{money(project.cost_usd)}</p>
      </div>
      {canEdit && <RowMenu project={project} onRename={() => setEditing(true)} />}
    </div>
  );
}

function RowMenu({ project, onRename }: { project: ProjectItem; onRename: () => void }) {
  const command = useCommand(project.project_id);
  const say = (name: "archive" | "restore" | "delete") => command.mutate({ command: name }, { onError: tellProblem });
  return (
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
      {project.lifecycle !== "deleted" && (
        <MenuItem danger onSelect={() => say("delete")}>
          <Trash2 className="size-4" aria-hidden />
          {t.action.delete}
        </MenuItem>
      )}
    </Menu>
  );
}
