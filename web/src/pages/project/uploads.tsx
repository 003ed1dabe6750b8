import { useMutation, useQuery } from "@tanstack/react-query";
import { FileUp, Paperclip } from "lucide-react";
import { type ChangeEvent, useId } from "react";
import { answer, client } from "@/api/client";
import { keys, type Project } from "@/api/queries";
import { UPLOAD_KINDS, uploadFile } from "@/api/uploads";
import { queryClient } from "@/app/query-client";
import { may, useRoleIn } from "@/app/workspace";
import { byteSize } from "@/lib/format";
import { t } from "@/text/en";
import { Button, buttonClass } from "@/ui/button";
import { Section } from "@/ui/card";
import { tellProblem } from "@/ui/toast";

/** Files that people brought along (D-19). */
export function Uploads({ project }: { project: Project }) {
  const id = useId();
  const key = [...keys.project(project.project_id), "uploads"] as const;
  const path = { project_id: project.project_id };
  const query = useQuery({ queryKey: key, queryFn: async () => (await answer(client.GET("/api/v1/projects/{project_id}/uploads", { params: { path } }))).items });
  const refresh = () => queryClient.invalidateQueries({ queryKey: key });
  const add = useMutation({
    mutationFn: (file: File) => uploadFile(project.project_id, file),
    onSuccess: refresh,
    onError: tellProblem,
  });
  const remove = useMutation({
    mutationFn: (upload: string) => answer(client.DELETE("/api/v1/projects/{project_id}/uploads/{upload_id}", { params: { path: { ...path, upload_id: upload } } })),
    onSuccess: refresh,
    onError: tellProblem,
  });
  const canAdd = may(useRoleIn(project.workspace_id), "editor") && project.lifecycle === "active";
  const files = query.data ?? [];
  if (files.length === 0 && !canAdd) return null;
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    if (file !== undefined) add.mutate(file);
  };
  return (
    <Section
      title={t.upload.title}
      hint={t.upload.hint}
      action={
        canAdd && (
          <span>
            <input id={id} type="file" accept={UPLOAD_KINDS} className="peer sr-only" onChange={choose} disabled={add.isPending} />
            <label htmlFor={id} aria-busy={add.isPending} className={buttonClass("secondary", "sm", "cursor-pointer peer-focus-visible:outline-2 peer-focus-visible:outline-spruce")}>
              <FileUp className="size-4" aria-hidden />
              {t.upload.add}
            </label>
          </span>
        )
      }
    >
      {files.length > 0 && (
        <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
          {files.map((file) => (
            <li key={file.id} className="flex items-center gap-3 px-4 py-2.5">
              <Paperclip className="size-4 shrink-0 text-muted" aria-hidden />
              <a href={`/api/v1/projects/${project.project_id}/uploads/${file.id}`} download={file.filename} className="min-w-0 grow truncate underline-offset-2 hover:underline">
                {file.filename}
              </a>
              <span className="text-sm text-muted">{byteSize(file.size_bytes)}</span>
              {canAdd && (
                <Button look="quiet" size="sm" aria-label={t.upload.remove(file.filename)} onClick={() => remove.mutate(file.id)}>
                  {t.action.delete}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
