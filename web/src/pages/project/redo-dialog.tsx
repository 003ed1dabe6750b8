import { useState } from "react";
import { type Command, useCommand } from "@/api/commands";
import type { Project } from "@/api/queries";
import { words } from "@/lib/format";
import { backToTop } from "@/lib/focus";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Select, Textarea } from "@/ui/field";
import { Failed } from "@/ui/states";
import { ModelSelect } from "./model-select";
import { RedoPreview } from "./redo-preview";

interface RedoDialogProps {
  project: Project;
  command: "revise" | "rewind";
  onClose: () => void;
}

/** Says what would be done again and about what it would cost, before it is done. */
export function RedoDialog({ project, command: name, onClose }: RedoDialogProps) {
  const stages = [...new Set(project.tasks.filter((task) => task.status !== "pending").map((task) => task.stage))];
  const [stage, setStage] = useState(stages[0] ?? "");
  const [model, setModel] = useState("");
  const [brief, setBrief] = useState("");
  const command = useCommand(project.project_id);
  const said: Command =
    name === "revise" ? { command: "revise", brief: brief.trim() === "" ? null : brief.trim() } : { command: "rewind", stage, model: model === "" ? null : model };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t.redo[name].title} hint={t.redo[name].hint}>
      <div className="space-y-4">
        {name === "rewind" ? (
          <div className="grid gap-4 sm:grid-cols-2">
            <Select label={t.redo.from} value={stage} onChange={(event) => setStage(event.target.value)}>
              {stages.map((one) => (
                <option key={one} value={one}>
                  {t.stage[one] ?? words(one)}
                </option>
              ))}
            </Select>
            <ModelSelect value={model} onChange={setModel} />
          </div>
        ) : (
          <Textarea label={t.redo.brief} hint={t.redo.briefHint} rows={6} value={brief} onChange={(event) => setBrief(event.target.value)} />
        )}
        {(name === "revise" || stage !== "") && <RedoPreview project={project} command={name} target={name === "rewind" ? stage : null} />}
        {command.error !== null && <Failed error={command.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t.action.cancel}</Button>
          <Button look="primary" busy={command.isPending} onClick={() => command.mutate(said, {
                onSuccess: () => {
                  onClose();
                  backToTop();
                },
              })}>
            {t.redo[name].action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
