import { FileUp, Paperclip, X } from "lucide-react";
import { type ChangeEvent, useEffect, useId, useState } from "react";
import { answer, client } from "@/api/client";
import { keys } from "@/api/queries";
import { isProblem } from "@/api/problem";
import { isRead, sift, UPLOAD_KINDS, waitingFiles } from "@/api/uploads";
import { draftOwner, useWaitingFiles, type WaitingFile } from "@/api/waiting-files";
import { queryClient } from "@/app/query-client";
import { useWorkspace } from "@/app/workspace";
import { base64Of, fitting } from "@/lib/along";
import { bytesOf, IDEA_BYTES_MAX } from "@/lib/bytes";
import { byteSize } from "@/lib/format";
import { t } from "@/text/en";
import { Button, buttonClass } from "@/ui/button";
import { Textarea } from "@/ui/field";
import { Failed } from "@/ui/states";
import { tell } from "@/ui/toast";
import { Refused } from "../project/file-list";
import { useForm } from "../auth/use-form";

const DRAFT = "gw.idea";
const DRAFT_ID = "gw.idea.id";
const NEAR = 0.8;

/** Of this tab, until its idea became a project: files wait under this name. */
function draftId(): string {
  const id = sessionStorage.getItem(DRAFT_ID) ?? crypto.randomUUID();
  sessionStorage.setItem(DRAFT_ID, id);
  return id;
}

/** What the server has against files that went along, each by its name. */
function refusedOf(error: unknown, along: readonly WaitingFile[]): string[] {
  if (!isProblem(error)) return [];
  return along.flatMap(({ file }, index) => {
    const why = error.fields.get(`files[${index}]`);
    return why === undefined ? [] : [t.upload.refused(file.name, why)];
  });
}

/** Where an idea is written down, or taken from a text file. It and its files stay in this tab until they became a project. */
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
  const [draft] = useState(() => draftOwner(draftId()));
  const files = useWaitingFiles(waitingFiles, draft);
  const [refused, setRefused] = useState<readonly string[]>([]);
  useEffect(() => void waitingFiles.load(), []);
  const form = useForm(async () => {
    const { along } = fitting(files);
    const bodies = await Promise.all(along.map(async ({ file }) => ({ filename: file.name, content_base64: await base64Of(file) })));
    const begin = answer(
      client.POST("/api/v1/projects", {
        params: { header: { "idempotency-key": key } },
        body: { idea: idea.trim(), pipeline, workspace_id: current?.id ?? null, ...(bodies.length === 0 ? {} : { files: bodies }) },
      }),
    );
    const made = await begin.catch((error: unknown) => {
      const words = refusedOf(error, along);
      setRefused(words);
      // Said by name below the files; what is wrong with anything else is said above.
      if (words.length === 0) throw error;
      return null;
    });
    if (made === null) return;
    for (const one of along) waitingFiles.remove(one.key);
    sessionStorage.removeItem(DRAFT);
    sessionStorage.removeItem(DRAFT_ID);
    // Larger ones follow as soon as there is a project: its page shows them on their way.
    await waitingFiles.hand(draft, made.project_id);
    void queryClient.invalidateQueries({ queryKey: keys.projects });
    onCreated(made.project_id);
  });
  const remove = (one: string) => {
    waitingFiles.remove(one);
    setRefused([]);
    setKey(crypto.randomUUID());
  };
  const { later } = fitting(files);
  const bytes = bytesOf(idea);
  const tooLong = bytes > IDEA_BYTES_MAX;
  return (
    <form onSubmit={form.submit} className="space-y-4">
      {form.error !== null && <Failed error={form.error} />}
      <Textarea
        label={t.idea.label}
        rows={7}
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
        <FromFile
          onText={(text, name) => {
            // What was typed stays: what a file says comes after it.
            const typed = idea.trim();
            write(typed === "" ? text : `${typed}\n\n${text}`);
            if (typed !== "") tell(t.idea.added(name));
          }}
        />
        <Attach
          onFiles={(more) => {
            const found = sift(more);
            setRefused(found.refused);
            waitingFiles.add(draft, found.taken);
            setKey(crypto.randomUUID());
          }}
        />
      </div>
      <Refused words={refused} />
      {later.length > 0 && <p className="text-sm text-muted">{t.idea.follow(later.map(({ file }) => file.name))}</p>}
      {files.length > 0 && (
        <ul aria-label={t.idea.attached} className="divide-y divide-line rounded-md border border-line bg-surface">
          {files.map(({ key: one, file }) => (
            <li key={one} className="flex items-center gap-3 px-3 py-1.5">
              <span className="min-w-0 grow truncate">{file.name}</span>
              <span className="text-sm text-muted">
                {!isRead(file.name) && `${t.upload.unread} · `}
                {byteSize(file.size)}
              </span>
              <Button look="quiet" size="sm" aria-label={t.upload.detach(file.name)} onClick={() => remove(one)}>
                <X className="size-4" aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}

function FromFile({ onText }: { onText: (text: string, name: string) => void }) {
  const id = useId();
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    if (file === undefined) return;
    if (file.size > IDEA_BYTES_MAX) tell(t.idea.tooLong(byteSize(file.size), byteSize(IDEA_BYTES_MAX)), { bad: true });
    else onText(await file.text(), file.name);
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

/** Documents, tables and pictures that belong to the idea (D-19). */
function Attach({ onFiles }: { onFiles: (files: readonly File[]) => void }) {
  const id = useId();
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    onFiles([...(event.target.files ?? [])]);
    event.target.value = "";
  };
  return (
    <span>
      <input id={id} type="file" multiple accept={UPLOAD_KINDS.join(",")} className="peer sr-only" onChange={take} />
      <label htmlFor={id} className={buttonClass("quiet", "md", "cursor-pointer peer-focus-visible:outline-2 peer-focus-visible:outline-spruce")}>
        <Paperclip className="size-4" aria-hidden />
        {t.idea.attach}
      </label>
    </span>
  );
}
