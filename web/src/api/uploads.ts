// Files that people bring to a project.
import { queryClient } from "@/app/query-client";
import { byteSize } from "@/lib/format";
import { deviceShelf, onForgetFiles } from "@/lib/kept-files";
import { t } from "@/text/en";
import { explain } from "@/ui/states";
import { tell } from "@/ui/toast";
import { readProblem, withSession } from "./client";
import { ApiProblem, isProblem } from "./problem";
import { keys } from "./queries";
import { WaitingFiles } from "./waiting-files";

/** What the server takes (`api/src/file_kind.rs`). */
export const UPLOAD_KINDS = [".pdf", ".docx", ".md", ".txt", ".png", ".jpg", ".jpeg", ".gif", ".csv", ".json", ".yaml", ".yml", ".sql", ".proto"] as const;

/** Those of them that no agent reads: what is in them is no plain text. */
const UNREAD_KINDS: readonly string[] = [".pdf", ".docx", ".png", ".jpg", ".jpeg", ".gif"] satisfies (typeof UPLOAD_KINDS)[number][];

/** Whether agents will read a file of this name. */
export const isRead = (name: string): boolean => !UNREAD_KINDS.some((kind) => name.toLowerCase().endsWith(kind));

export const uploadsKey = (project: string) => [...keys.project(project), "uploads"] as const;

/** What is chosen and can be sent, and what is wrong with the rest, by name. */
export function sift(files: readonly File[]): { taken: File[]; refused: string[] } {
  const isTaken = (file: File): boolean => UPLOAD_KINDS.some((kind) => file.name.toLowerCase().endsWith(kind));
  return {
    taken: files.filter((file) => isTaken(file) && file.size > 0),
    refused: files.flatMap((file) => (isTaken(file) ? (file.size > 0 ? [] : [t.upload.empty(file.name)]) : [t.upload.wrongKind(file.name, UPLOAD_KINDS)])),
  };
}

/** Why a file was not taken: the server speaks of it without its name. */
export function whyNot(file: File, error: unknown): string {
  if (isProblem(error, "unreachable")) return t.upload.away(file.name);
  if (isProblem(error) && error.status === 413) {
    const most = /at most (\d+) bytes/.exec(error.message)?.[1];
    return t.upload.tooLarge(file.name, byteSize(file.size), most === undefined ? null : byteSize(Number(most)));
  }
  const of = isProblem(error) ? error.fields.get("file") : undefined;
  return of === undefined ? t.upload.failed(file.name, explain(error)) : t.upload.refused(file.name, of);
}

/** By hand, since `fetch` does not say how much of a body is sent. */
function post(path: string, file: File, key: string, onShare: (share: number) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("idempotency-key", key);
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => lengthComputable && onShare(loaded / total);
    request.onload = () => resolve(new Response(request.responseText, { status: request.status }));
    request.onerror = () => reject(ApiProblem.unreachable());
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}

export const waitingFiles = new WaitingFiles(deviceShelf, {
  async send(project, file, key, onShare) {
    const path = `/api/v1/projects/${project}/uploads`;
    const response = await withSession(path, () => post(path, file, key, onShare));
    if (!response.ok) throw new ApiProblem(await readProblem(response), response.status);
  },
  onSent: (project) => void queryClient.invalidateQueries({ queryKey: uploadsKey(project) }),
  onFailed: ({ file, owner, error }) => tell(whyNot(file, error), { bad: true, projectId: owner }),
});
onForgetFiles(() => waitingFiles.forget());
