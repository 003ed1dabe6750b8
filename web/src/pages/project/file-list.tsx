import { Paperclip, X } from "lucide-react";
import { waitingFiles, whyNot } from "@/api/uploads";
import type { WaitingFile } from "@/api/waiting-files";
import { byteSize } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Progress } from "@/ui/progress";

/** What of the chosen files cannot be taken, and why. */
export function Refused({ words }: { words: readonly string[] }) {
  if (words.length === 0) return null;
  return (
    <div role="alert" className="space-y-1 rounded-md border border-danger/40 bg-danger-soft/60 px-4 py-2.5 text-danger">
      {words.map((word) => (
        <p key={word}>{word}</p>
      ))}
    </div>
  );
}

/** Files that the server does not have yet: how far each is, or why it did not go. */
export function OnTheWay({ files }: { files: readonly WaitingFile[] }) {
  if (files.length === 0) return null;
  return (
    <>
    <p className="text-sm text-muted">{t.upload.late}</p>
    <ul aria-label={t.upload.onTheWay} className="divide-y divide-line rounded-lg border border-edge bg-surface">
      {files.map((one) => (
        <li key={one.key} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
          <Paperclip className="size-4 shrink-0 text-muted" aria-hidden />
          <span className="min-w-0 grow truncate">{one.file.name}</span>
          {one.state === "waiting" && <span className="text-sm text-muted">{t.upload.next}</span>}
          {one.state === "failed" && (
            <Button size="sm" aria-label={`${t.upload.again}: ${one.file.name}`} onClick={() => waitingFiles.retry(one)}>
              {t.upload.again}
            </Button>
          )}
          <span className="text-sm text-muted">{byteSize(one.file.size)}</span>
          {one.state !== "sending" && (
            <Button look="quiet" size="sm" aria-label={t.upload.detach(one.file.name)} onClick={() => waitingFiles.remove(one.key)}>
              <X className="size-4" aria-hidden />
            </Button>
          )}
          {one.state === "sending" && (
            <div className="w-full">
              <Progress value={Math.round(one.share * 100)} max={100} label={t.upload.sending(one.file.name)} />
            </div>
          )}
          {one.state === "failed" && <p className="w-full text-sm text-danger">{whyNot(one.file, one.error)}</p>}
        </li>
      ))}
    </ul>
    </>
  );
}
