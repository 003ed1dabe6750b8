import { FileUp } from "lucide-react";
import { type ChangeEvent, useId, useState } from "react";
import { answer, client } from "@/api/client";
import { keys } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { useWorkspace } from "@/app/workspace";
import { bytesOf, IDEA_BYTES_MAX } from "@/lib/bytes";
import { byteSize } from "@/lib/format";
import { t } from "@/text/en";
import { Button, buttonClass } from "@/ui/button";
import { Textarea } from "@/ui/field";
import { Failed } from "@/ui/states";
import { tell } from "@/ui/toast";
import { useForm } from "../auth/use-form";

const DRAFT = "gw.idea";
const NEAR = 0.8;

/** Where an idea is written down, or taken from a text file. A draft stays in this tab until it became a project. */
export function IdeaForm({ pipeline, onCreated }: { pipeline: string; onCreated: (projectId: string) => void }) {
  const { current } = useWorkspace();
  const [idea, setIdea] = useState(() => sessionStorage.getItem(DRAFT) ?? "");
  // One key a text: asking again after a lost answer makes no second project.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const write = (text: string) => {
    setIdea(text);
    setKey(crypto.randomUUID());
    sessionStorage.setItem(DRAFT, text);
  };
  const form = useForm(async () => {
    const made = await answer(
      client.POST("/api/v1/projects", {
        params: { header: { "idempotency-key": key } },
        body: { idea: idea.trim(), pipeline, workspace_id: current?.id ?? null },
      }),
    );
    sessionStorage.removeItem(DRAFT);
    void queryClient.invalidateQueries({ queryKey: keys.projects });
    onCreated(made.project_id);
  });
  const bytes = bytesOf(idea);
  const tooLong = bytes > IDEA_BYTES_MAX;
  return (
    <form onSubmit={form.submit} className="space-y-4">
      {form.error !== null && <Failed error={form.error} />}
      <Textarea
        label={t.idea.label}
        rows={9}
        required
        value={idea}
        onChange={(event) => write(event.target.value)}
        placeholder={t.idea.placeholder}
        error={tooLong ? t.idea.tooLong(byteSize(bytes), byteSize(IDEA_BYTES_MAX)) : form.field("idea")}
        hint={bytes > IDEA_BYTES_MAX * NEAR ? t.idea.size(byteSize(bytes), byteSize(IDEA_BYTES_MAX)) : t.idea.hint}
      />
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" look="primary" busy={form.busy} disabled={idea.trim() === "" || tooLong}>
          {t.idea.start}
        </Button>
        <FromFile onText={write} />
      </div>
    </form>
  );
}

function FromFile({ onText }: { onText: (text: string) => void }) {
  const id = useId();
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    if (file === undefined) return;
    if (file.size > IDEA_BYTES_MAX) tell(t.idea.tooLong(byteSize(file.size), byteSize(IDEA_BYTES_MAX)), true);
    else onText(await file.text());
  };
  return (
    <span>
      <input id={id} type="file" accept=".md,.txt,text/markdown,text/plain" className="peer sr-only" onChange={(event) => void read(event)} />
      <label htmlFor={id} className={buttonClass("quiet", "md", "cursor-pointer peer-focus-visible:outline-2 peer-focus-visible:outline-spruce")}>
        <FileUp className="size-4" aria-hidden />
        {t.idea.fromFile}
      </label>
    </span>
  );
}
