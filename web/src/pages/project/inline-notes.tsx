import { useMutation, useQuery } from "@tanstack/react-query";
import { MessageSquarePlus } from "lucide-react";
import { createContext, useContext, useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { commentsQuery, refreshComments } from "@/api/decisions";
import { useNameOf } from "@/api/people";
import type { Project } from "@/api/queries";
import { may, useRoleIn } from "@/app/workspace";
import { useDraft } from "@/lib/draft";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Textarea } from "@/ui/field";
import { tellProblem } from "@/ui/toast";

interface NotesPlace {
  artifactId: string;
  version: number;
  project: Project;
}

/** The document whose headings take comments. */
export const NotesContext = createContext<NotesPlace | null>(null);

type Comment = Schemas["Comment"];

/** Comments on this version that are open and name a part: what a request for changes can take along. */
export const openNotes = (comments: readonly Comment[], version: number): Comment[] =>
  comments.filter((one) => one.parent_id == null && one.deleted_at == null && one.resolved_at == null && one.section != null && one.version === version);

/** A request for changes that says of each part what was said of it. */
export function withNotes(comment: string, notes: readonly Comment[]): string {
  const lines = notes.map((note) => `${note.section ?? ""}: ${note.text}`);
  return [comment.trim(), ...lines].filter((line) => line !== "").join("\n\n");
}

/** Below a heading: what was said of that part, and a word of one's own. */
export function HeadingNotes({ heading, anchor }: { heading: string; anchor: string }) {
  const place = useContext(NotesContext);
  return place === null || heading === "" ? null : <Notes place={place} section={/^N?FR-\d+$/.test(anchor) ? anchor : heading.slice(0, 200)} />;
}

function Notes({ place: { artifactId, version, project }, section }: { place: NotesPlace; section: string }) {
  const comments = useQuery(commentsQuery(artifactId)).data?.items ?? [];
  const notes = comments.filter((one) => one.section === section && one.parent_id == null && one.deleted_at == null && one.resolved_at == null);
  const canSpeak = may(useRoleIn(project.workspace_id), "editor") && project.lifecycle === "active";
  const nameOf = useNameOf(project.workspace_id);
  const [open, setOpen] = useState(false);
  if (notes.length === 0 && !canSpeak) return null;
  return (
    <div className="note-line font-sans">
      {notes.map((note) => (
        <p key={note.id} className="mb-1.5 rounded-md border-l-3 border-clay bg-clay-soft/50 px-3 py-2 text-[0.9375rem] whitespace-pre-wrap">
          <span className="font-medium">{nameOf(note.created_by)}:</span> {note.text}
          {note.version !== version && <span className="text-sm text-muted"> ({t.project.version(note.version)})</span>}
        </p>
      ))}
      {open ? (
        <NoteForm artifactId={artifactId} version={version} section={section} onDone={() => setOpen(false)} />
      ) : (
        canSpeak && (
          <Button look="quiet" size="sm" className="-ml-3 text-muted" onClick={() => setOpen(true)}>
            <MessageSquarePlus className="size-4" aria-hidden />
            {t.comment.onPart}
            <span className="sr-only">{t.comment.onPartOf(section)}</span>
          </Button>
        )
      )}
    </div>
  );
}

function NoteForm({ artifactId, version, section, onDone }: { artifactId: string; version: number; section: string; onDone: () => void }) {
  const [text, setText] = useDraft(`note.${artifactId}.${section}`);
  const add = useMutation({
    mutationFn: () =>
      answer(
        client.POST("/api/v1/artifacts/{artifact_id}/comments", {
          params: { path: { artifact_id: artifactId } },
          body: { text: text.trim(), comment_type: "suggestion", section, parent_id: null, version },
        }),
      ),
    onSuccess: async () => {
      setText("");
      await refreshComments(artifactId);
      onDone();
    },
    onError: tellProblem,
  });
  return (
    <form
      className="space-y-2 rounded-md border border-line bg-paper p-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "") add.mutate();
      }}
    >
      <Textarea label={t.comment.of(section)} rows={2} autoFocus required value={text} onChange={(event) => setText(event.target.value)} />
      <div className="flex gap-2">
        <Button type="submit" size="sm" look="primary" busy={add.isPending} disabled={text.trim() === ""}>
          {t.comment.keep}
        </Button>
        <Button size="sm" look="quiet" onClick={onDone}>
          {t.action.cancel}
        </Button>
      </div>
    </form>
  );
}
