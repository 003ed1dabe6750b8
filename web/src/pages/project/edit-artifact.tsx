import { useQuery } from "@tanstack/react-query";
import { PencilLine } from "lucide-react";
import { useDeferredValue, useState } from "react";
import type { Schemas } from "@/api/client";
import { useCommand } from "@/api/commands";
import { previewQuery } from "@/api/decisions";
import type { Project } from "@/api/queries";
import { useDraft } from "@/lib/draft";
import { money, words } from "@/lib/format";
import { missingParts } from "@/lib/outline";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Textarea } from "@/ui/field";
import { Failed } from "@/ui/states";
import { Missing, Sure } from "./missing-parts";
import { isReview } from "./review-tab";
import { useCan } from "./use-project";

interface EditProps {
  project: Project;
  item: Schemas["ArtifactItem"];
  text: string;
}

/** A text of one's own as the next version, but of no review: nobody writes what another one found. What rests on the document is made again, and approvals of it are void. */
export function EditArtifact({ project, item, text }: EditProps) {
  const can = useCan(project);
  const [open, setOpen] = useState(false);
  if (!can("edit") || item.state !== "current" || item.format !== "markdown" || isReview(item.name)) return null;
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        <PencilLine className="size-4" aria-hidden />
        {t.edit.action}
      </Button>
      {open && <Editor project={project} item={item} text={text} onClose={() => setOpen(false)} />}
    </>
  );
}

function Editor({ project, item, text, onClose }: EditProps & { onClose: () => void }) {
  const [own, setOwn] = useDraft(`edit.${item.id}.${item.digest}`);
  const [draft, setDraft] = useState(own === "" ? text : own);
  const write = (fresh: string) => {
    setDraft(fresh);
    setOwn(fresh);
  };
  const settled = useDeferredValue(draft);
  const missing = missingParts(text, settled);
  const command = useCommand(project.project_id);
  const preview = useQuery(previewQuery(project.project_id, "edit", item.name)).data;
  const save = () =>
    command.mutate(
      { command: "edit", artifact: item.name, base_digest: item.digest, content: draft },
      {
        onSuccess: () => {
          setOwn("");
          onClose();
        },
      },
    );
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title={t.edit.title(t.artifact[item.name] ?? words(item.name))} hint={t.edit.hint}>
      <div className="space-y-4">
        <Textarea label={t.edit.text} tall mono value={draft} onChange={(event) => write(event.target.value)} />
        {missing.length > 0 && <Missing parts={missing} />}
        {preview !== undefined && preview.stages.length > 0 && (
          <p className="text-sm text-muted">{t.edit.redo(preview.stages.map((one) => t.stage[one.stage] ?? words(one.stage)), money(preview.cost_usd))}</p>
        )}
        {command.error !== null && <Failed error={command.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t.action.cancel}</Button>
          <Sure parts={missing} onSure={save}>
            {(ask) => (
              <Button look="primary" busy={command.isPending} disabled={draft === text || draft.trim() === ""} onClick={ask}>
                {t.edit.save}
              </Button>
            )}
          </Sure>
        </div>
      </div>
    </Dialog>
  );
}
