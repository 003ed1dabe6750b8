import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Command, useCommand } from "@/api/commands";
import { artifactQuery, type Project } from "@/api/queries";
import { useDraft } from "@/lib/draft";
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

/** The brief as it stands, to be changed; what was typed and not sent is there again. `changed`: what of it is to be said, none where it stays. */
function useBrief(project: Project) {
  const item = project.artifacts.find((artifact) => artifact.name === "brief");
  const present = useQuery({ ...artifactQuery(item?.id ?? "", item?.version ?? 0), enabled: item !== undefined }).data?.content ?? "";
  // Of the brief that it was made from: words on an older one are no words on this one.
  const [draft, setDraft] = useDraft(`redo.${project.project_id}.${item?.digest ?? ""}`);
  const [typed, setTyped] = useState(draft === "" ? null : draft);
  const text = typed ?? present;
  const isSame = text.trim() === "" || text.trim() === present.trim();
  return {
    text,
    isPresent: present !== "",
    changed: isSame ? null : text.trim(),
    write(fresh: string) {
      setTyped(fresh);
      setDraft(fresh);
    },
    forget: () => setDraft(""),
  };
}

/** Says what would be done again and about what it would cost, before it is done. */
export function RedoDialog({ project, command: name, onClose }: RedoDialogProps) {
  const stages = [...new Set(project.tasks.filter((task) => task.status !== "pending").map((task) => task.stage))];
  const [stage, setStage] = useState(stages[0] ?? "");
  const [model, setModel] = useState("");
  const brief = useBrief(project);
  const command = useCommand(project.project_id);
  const said: Command =
    name === "revise" ? { command: "revise", brief: brief.changed } : { command: "rewind", stage, model: model === "" ? null : model };
  const send = () =>
    command.mutate(said, {
      onSuccess: () => {
        if (name === "revise") brief.forget();
        onClose();
        backToTop();
      },
    });
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
          <Textarea label={t.redo.brief} hint={brief.isPresent ? t.redo.briefPresent : t.redo.briefHint} rows={10} value={brief.text} onChange={(event) => brief.write(event.target.value)} />
        )}
        {(name === "revise" || stage !== "") && <RedoPreview project={project} command={name} target={name === "rewind" ? stage : null} />}
        {command.error !== null && <Failed error={command.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t.action.cancel}</Button>
          <Button look="primary" busy={command.isPending} onClick={send}>
            {t.redo[name].action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
