import { useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, Ban, Download, FilePen, MoreHorizontal, Pause, Play, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";
import { type Command, exportProject, useCommand } from "@/api/commands";
import type { Project } from "@/api/queries";
import { save } from "@/lib/download";
import { t } from "@/text/en";
import { Button, LinkButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Dialog } from "@/ui/dialog";
import { Menu, MenuItem } from "@/ui/menu";
import { tell, tellProblem } from "@/ui/toast";
import { RedoDialog } from "./redo-dialog";
import { useCan } from "./use-project";
import { useStalePrompts } from "./use-stale";

export function ProjectActions({ project }: { project: Project }) {
  const can = useCan(project);
  const command = useCommand(project.project_id);
  const say = (body: Command) => command.mutate(body, { onError: tellProblem });
  const [redo, setRedo] = useState<"revise" | "rewind" | null>(null);
  return (
    <div className="flex flex-wrap items-center gap-2">
      {(project.final_prompts_count > 0 || (project.pipeline !== "promptr" && project.artifacts.length > 0)) && <ExportButton project={project} />}
      {can("pause") && (
        <Button onClick={() => say({ command: "pause" })}>
          <Pause className="size-4" aria-hidden />
          {t.action.pause}
        </Button>
      )}
      {can("resume") && (
        <Button look="primary" onClick={() => say({ command: "resume" })}>
          <Play className="size-4" aria-hidden />
          {t.action.resume}
        </Button>
      )}
      {can("restore") && (
        <Button look="primary" onClick={() => say({ command: "restore" })}>
          <ArchiveRestore className="size-4" aria-hidden />
          {t.action.restore}
        </Button>
      )}
      {(can("cancel") || can("archive") || can("delete")) && <More project={project} onRedo={setRedo} />}
      {redo !== null && <RedoDialog project={project} command={redo} onClose={() => setRedo(null)} />}
    </div>
  );
}

function ExportButton({ project }: { project: Project }) {
  const [busy, setBusy] = useState(false);
  const stale = useStalePrompts(project);
  // Asked before where what is exported is not what the specification says.
  const [asked, setAsked] = useState<"zip" | "markdown" | null>(null);
  const choose = (format: "zip" | "markdown") => (stale.length === 0 ? void take(format) : setAsked(format));
  const take = async (format: "zip" | "markdown") => {
    setBusy(true);
    try {
      const file = await exportProject(project.project_id, format);
      save(file.name, file.bytes);
      tell(t.export.done(file.name));
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
    <Menu
      trigger={
        <Button look={project.phase === "completed" ? "primary" : "secondary"} busy={busy}>
          <Download className="size-4" aria-hidden />
          {t.export.button}
        </Button>
      }
    >
      <MenuItem onSelect={() => choose("zip")}>{t.export.zip}</MenuItem>
      <MenuItem onSelect={() => choose("markdown")}>{t.export.markdown}</MenuItem>
    </Menu>
    <Dialog open={asked !== null} onOpenChange={(open) => !open && setAsked(null)} title={t.exportStale.title} hint={t.exportStale.hint(stale)}>
      <div className="mt-4 flex flex-wrap justify-end gap-2">
        <LinkButton to="/projects/$projectId/prompts" params={{ projectId: project.project_id }} onClick={() => setAsked(null)}>
          {t.completed.prompts}
        </LinkButton>
        <Button
          look="primary"
          onClick={() => {
            if (asked !== null) void take(asked);
            setAsked(null);
          }}
        >
          {t.exportStale.action}
        </Button>
      </div>
    </Dialog>
    </>
  );
}

function More({ project, onRedo }: { project: Project; onRedo: (command: "revise" | "rewind") => void }) {
  const can = useCan(project);
  const command = useCommand(project.project_id);
  const navigate = useNavigate();
  return (
    <Confirm
      {...t.project.cancelDialog}
      onConfirm={() => command.mutateAsync({ command: "cancel" })}
      trigger={(askCancel) => (
        <Confirm
          {...t.project.deleteDialog}
          onConfirm={async () => {
            await command.mutateAsync({ command: "delete" });
            await navigate({ to: "/projects" });
          }}
          trigger={(askDelete) => (
            <Menu
              trigger={
                <Button size="icon" aria-label={t.project.more}>
                  <MoreHorizontal className="size-5" aria-hidden />
                </Button>
              }
            >
              {can("rewind") && (
                <MenuItem onSelect={() => onRedo("rewind")}>
                  <Undo2 className="size-4" aria-hidden />
                  {t.redo.rewind.action}
                </MenuItem>
              )}
              {can("revise") && (
                <MenuItem onSelect={() => onRedo("revise")}>
                  <FilePen className="size-4" aria-hidden />
                  {t.redo.revise.action}
                </MenuItem>
              )}
              {can("archive") && (
                <MenuItem onSelect={() => command.mutate({ command: "archive" }, { onError: tellProblem })}>
                  <Archive className="size-4" aria-hidden />
                  {t.action.archive}
                </MenuItem>
              )}
              {can("cancel") && (
                <MenuItem danger onSelect={askCancel}>
                  <Ban className="size-4" aria-hidden />
                  {t.project.cancel}
                </MenuItem>
              )}
              {can("delete") && (
                <MenuItem danger onSelect={askDelete}>
                  <Trash2 className="size-4" aria-hidden />
                  {t.action.delete}
                </MenuItem>
              )}
            </Menu>
          )}
        />
      )}
    />
  );
}
