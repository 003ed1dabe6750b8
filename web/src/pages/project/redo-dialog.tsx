import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Command, useCommand } from "@/api/commands";
import { previewQuery } from "@/api/decisions";
import { MODELS } from "@/api/pipelines";
import type { Project } from "@/api/queries";
import { duration, money, words } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Select, Textarea } from "@/ui/field";
import { Await, Failed } from "@/ui/states";

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
  const query = useQuery({ ...previewQuery(project.project_id, name, name === "rewind" ? stage : null), enabled: name === "revise" || stage !== "" });
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
            <Select label={t.failure.model} value={model} onChange={(event) => setModel(event.target.value)}>
              <option value="">{t.failure.sameModel}</option>
              {MODELS.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.id}
                </option>
              ))}
            </Select>
          </div>
        ) : (
          <Textarea label={t.redo.brief} hint={t.redo.briefHint} rows={6} value={brief} onChange={(event) => setBrief(event.target.value)} />
        )}
        <Await query={query} lines={1}>
          {(preview) => (
            <div className="rounded-md bg-sunken px-4 py-3">
              <p className="font-medium">{t.redo.would}</p>
              <ul className="mt-1 list-disc pl-5">
                {preview.stages.map((one) => (
                  <li key={one.stage}>{t.stage[one.stage] ?? words(one.stage)}</li>
                ))}
                {preview.superseded.length > 0 && <li>{t.redo.superseded(preview.superseded.length)}</li>}
              </ul>
              <p className="mt-2 text-sm text-muted">{t.redo.cost(money(preview.cost_usd), duration(preview.active_ms))}</p>
            </div>
          )}
        </Await>
        {command.error !== null && <Failed error={command.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t.action.cancel}</Button>
          <Button look="primary" busy={command.isPending} onClick={() => command.mutate(said, { onSuccess: onClose })}>
            {t.redo[name].action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
