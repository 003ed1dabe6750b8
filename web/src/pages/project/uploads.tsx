import { useMutation, useQuery } from "@tanstack/react-query";
import { FileUp, Paperclip } from "lucide-react";
import { type ChangeEvent, useEffect, useId, useState } from "react";
import { answer, client } from "@/api/client";
import type { Project } from "@/api/queries";
import { sift, UPLOAD_KINDS, uploadsKey, waitingFiles } from "@/api/uploads";
import { useWaitingFiles } from "@/api/waiting-files";
import { queryClient } from "@/app/query-client";
import { may, useRoleIn } from "@/app/workspace";
import { byteSize } from "@/lib/format";
import { t } from "@/text/en";
import { Button, buttonClass } from "@/ui/button";
import { Section } from "@/ui/card";
import { tellProblem } from "@/ui/toast";
import { OnTheWay, Refused } from "./file-list";

/** Files that people brought along (D-19). */
export function Uploads({ project }: { project: Project }) {
  const id = useId();
  const key = uploadsKey(project.project_id);
  const path = { project_id: project.project_id };
  const query = useQuery({ queryKey: key, queryFn: async () => (await answer(client.GET("/api/v1/projects/{project_id}/uploads", { params: { path } }))).items });
  const refresh = () => queryClient.invalidateQueries({ queryKey: key });
  const remove = useMutation({
    mutationFn: (upload: string) => answer(client.DELETE("/api/v1/projects/{project_id}/uploads/{upload_id}", { params: { path: { ...path, upload_id: upload } } })),
    onSuccess: refresh,
    onError: tellProblem,
  });
  const canAdd = may(useRoleIn(project.workspace_id), "editor") && project.lifecycle === "active";
  const files = query.data ?? [];
  const waiting = useWaitingFiles(waitingFiles, project.project_id);
  const [refused, setRefused] = useState<readonly string[]>([]);
  // What another page of this project, or this one before it was loaded again, did not bring to its end.
  useEffect(() => {
    if (canAdd) void waitingFiles.send(project.project_id);
  }, [canAdd, project.project_id]);
  if (files.length === 0 && !canAdd) return null;
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    const found = sift([...(event.target.files ?? [])]);
    event.target.value = "";
    setRefused(found.refused);
    waitingFiles.add(project.project_id, found.taken);
    void waitingFiles.send(project.project_id);
  };
  return (
    <Section
      title={t.upload.title}
      hint={t.upload.hint}
      action={
        canAdd && (
          <span>
            <input id={id} type="file" multiple accept={UPLOAD_KINDS.join(",")} className="peer sr-only" onChange={choose} />
            <label htmlFor={id} className={buttonClass("secondary", "sm", "cursor-pointer peer-focus-visible:outline-2 peer-focus-visible:outline-spruce")}>
              <FileUp className="size-4" aria-hidden />
              {t.upload.add}
            </label>
          </span>
        )
      }
    >
      <Refused words={refused} />
      {canAdd && <OnTheWay files={waiting} />}
      {files.length > 0 && (
        <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
          {files.map((file) => (
            <li key={file.id} className="flex items-center gap-3 px-4 py-2.5">
              <Paperclip className="size-4 shrink-0 text-muted" aria-hidden />
              <a href={`/api/v1/projects/${project.project_id}/uploads/${file.id}`} download={file.filename} className="min-w-0 grow truncate underline-offset-2 hover:underline">
                {file.filename}
              </a>
              <span className="text-sm text-muted">
                {!file.has_text && `${t.upload.unread} · `}
                {byteSize(file.size_bytes)}
              </span>
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
