import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { commentsQuery, refreshComments } from "@/api/decisions";
import { useNameOf } from "@/api/people";
import { meQuery, type Project } from "@/api/queries";
import { may, useRoleIn } from "@/app/workspace";
import { useDraft } from "@/lib/draft";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Input, Select, Textarea } from "@/ui/field";
import { Await } from "@/ui/states";
import { Ago } from "@/ui/time";
import { tellProblem } from "@/ui/toast";

type Comment = Schemas["Comment"];
type Kind = Schemas["CommentType"];

const KINDS: readonly Kind[] = ["comment", "question", "suggestion", "issue"];

interface CommentsProps {
  artifactId: string;
  version: number;
  project: Project;
}

/** Threads beside a document. They stay with it over all its versions. */
export function Comments({ artifactId, version, project }: CommentsProps) {
  const query = useQuery(commentsQuery(artifactId));
  const canSpeak = may(useRoleIn(project.workspace_id), "editor") && project.lifecycle === "active";
  return (
    <section className="space-y-4">
      <h3 className="text-lg">{t.comment.title(query.data?.open ?? 0)}</h3>
      <Await query={query} lines={1}>
        {({ items }) => (
          <ul className="space-y-3">
            {items
              .filter((comment) => comment.parent_id == null)
              .map((comment) => (
                <Thread key={comment.id} project={project} comment={comment} replies={items.filter((one) => one.parent_id === comment.id)} canSpeak={canSpeak} />
              ))}
          </ul>
        )}
      </Await>
      {canSpeak && <NewComment artifactId={artifactId} version={version} />}
    </section>
  );
}

function Thread({ project, comment, replies, canSpeak }: { project: Project; comment: Comment; replies: readonly Comment[]; canSpeak: boolean }) {
  const [replying, setReplying] = useState(false);
  const resolve = useMutation({
    mutationFn: () => answer(client.POST("/api/v1/comments/{comment_id}/resolve", { params: { path: { comment_id: comment.id } } })),
    onSuccess: () => refreshComments(comment.artifact_id),
    onError: tellProblem,
  });
  return (
    <li className="rounded-lg border border-line bg-surface p-4">
      <Said comment={comment} project={project} />
      <ul className="mt-3 space-y-3 border-l-2 border-line pl-4 empty:hidden">
        {replies.map((reply) => (
          <li key={reply.id}>
            <Said comment={reply} project={project} />
          </li>
        ))}
      </ul>
      {canSpeak && comment.deleted_at == null && (
        <div className="mt-3 flex flex-wrap gap-1">
          <Button look="quiet" size="sm" onClick={() => setReplying(!replying)}>
            {t.comment.reply}
          </Button>
          {comment.resolved_at == null && (
            <Button look="quiet" size="sm" busy={resolve.isPending} onClick={() => resolve.mutate()}>
              {t.comment.resolve}
            </Button>
          )}
        </div>
      )}
      {replying && <NewComment artifactId={comment.artifact_id} version={comment.version} parent={comment.id} onDone={() => setReplying(false)} />}
    </li>
  );
}

function Said({ comment, project }: { comment: Comment; project: Project }) {
  const me = useQuery(meQuery).data?.user;
  const nameOf = useNameOf(project.workspace_id);
  const role = useRoleIn(project.workspace_id);
  const [editing, setEditing] = useState(false);
  const remove = useMutation({
    mutationFn: () => answer(client.DELETE("/api/v1/comments/{comment_id}", { params: { path: { comment_id: comment.id } } })),
    onSuccess: () => refreshComments(comment.artifact_id),
    onError: tellProblem,
  });
  const isMine = comment.created_by === me?.id;
  const stands = comment.deleted_at == null && project.lifecycle === "active";
  return (
    <div>
      <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
        <span className="font-medium text-ink">{nameOf(comment.created_by)}</span>
        <Ago at={comment.created_at} />
        {comment.edited_at != null && <span>{t.comment.edited}</span>}
        {comment.comment_type !== "comment" && <Badge tone="sky">{t.comment.kind[comment.comment_type] ?? comment.comment_type}</Badge>}
        {comment.section != null && <span className="font-mono text-xs">{comment.section}</span>}
        <span>{t.project.version(comment.version)}</span>
        {comment.resolved_at != null && <Badge tone="spruce">{t.comment.resolved}</Badge>}
      </p>
      {editing ? (
        <EditComment comment={comment} onDone={() => setEditing(false)} />
      ) : (
        <p dir="auto" className="mt-1 whitespace-pre-wrap">{comment.deleted_at == null ? comment.text : t.comment.deleted}</p>
      )}
      {stands && !editing && (isMine || may(role, "admin")) && (
        <div className="-ml-3 flex flex-wrap">
          {isMine && (
            <Button look="quiet" size="sm" className="text-muted" onClick={() => setEditing(true)}>
              {t.comment.edit}
            </Button>
          )}
          <Button look="quiet" size="sm" className="text-muted" busy={remove.isPending} onClick={() => remove.mutate()}>
            {t.action.delete}
          </Button>
        </div>
      )}
    </div>
  );
}

function EditComment({ comment, onDone }: { comment: Comment; onDone: () => void }) {
  const [text, setText] = useState(comment.text);
  const change = useMutation({
    mutationFn: () => answer(client.PATCH("/api/v1/comments/{comment_id}", { params: { path: { comment_id: comment.id } }, body: { text: text.trim() } })),
    onSuccess: async () => {
      await refreshComments(comment.artifact_id);
      onDone();
    },
    onError: tellProblem,
  });
  return (
    <form
      className="mt-2 space-y-2"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate();
      }}
    >
      <Textarea label={t.comment.editing} rows={3} required autoFocus value={text} onChange={(event) => setText(event.target.value)} />
      <div className="flex gap-2">
        <Button type="submit" size="sm" busy={change.isPending} disabled={text.trim() === "" || text.trim() === comment.text}>
          {t.action.save}
        </Button>
        <Button size="sm" look="quiet" onClick={onDone}>
          {t.action.cancel}
        </Button>
      </div>
    </form>
  );
}

interface NewCommentProps {
  artifactId: string;
  version: number;
  parent?: string;
  onDone?: () => void;
}

function NewComment({ artifactId, version, parent, onDone }: NewCommentProps) {
  const [text, setText] = useDraft(`comment.${artifactId}.${parent ?? ""}`);
  const [section, setSection] = useState("");
  const [kind, setKind] = useState<Kind>("comment");
  const add = useMutation({
    mutationFn: () =>
      answer(
        client.POST("/api/v1/artifacts/{artifact_id}/comments", {
          params: { path: { artifact_id: artifactId } },
          body: { text: text.trim(), comment_type: kind, section: section.trim() === "" ? null : section.trim(), parent_id: parent ?? null, version },
        }),
      ),
    onSuccess: async () => {
      setText("");
      setSection("");
      await refreshComments(artifactId);
      onDone?.();
    },
    onError: tellProblem,
  });
  return (
    <form
      className="space-y-3 pt-2"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Textarea label={parent === undefined ? t.comment.new : t.comment.reply} rows={2} required value={text} onChange={(event) => setText(event.target.value)} />
      {parent === undefined && (
        <div className="grid gap-3 sm:grid-cols-2">
          <Input label={t.comment.section} value={section} maxLength={200} onChange={(event) => setSection(event.target.value)} placeholder={t.comment.sectionPlaceholder} />
          <Select label={t.comment.as} value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {t.comment.kind[one]}
              </option>
            ))}
          </Select>
        </div>
      )}
      <Button type="submit" size="sm" busy={add.isPending} disabled={text.trim() === ""}>
        {t.comment.send}
      </Button>
    </form>
  );
}
