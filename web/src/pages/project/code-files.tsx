import { Download, FileCode } from "lucide-react";
import { useState } from "react";
import { answer, client } from "@/api/client";
import type { Project } from "@/api/queries";
import { count, field, list, text as readText } from "@/api/shapes";
import { save } from "@/lib/download";
import { short } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { tellProblem } from "@/ui/toast";

interface CodeFile {
  path: string;
  bytes: number;
}

/** Files of a manifest; none where the text is no manifest. */
export function filesOf(manifest: string): CodeFile[] {
  let value: unknown;
  try {
    value = JSON.parse(manifest);
  } catch {
    return [];
  }
  const files = Array.isArray(value) ? value : list(field(value, "files"));
  return files.flatMap((one) => {
    const path = readText(field(one, "path"));
    return path === null ? [] : [{ path, bytes: count(field(one, "bytes")) ?? count(field(one, "size")) ?? 0 }];
  });
}

/** The files that an implementer wrote. They are kept and given out, never run. */
export function CodeFiles({ project, text }: { project: Project; text: string }) {
  const [busy, setBusy] = useState(false);
  const files = filesOf(text);
  const take = async () => {
    setBusy(true);
    try {
      const { data, error, response } = await client.GET("/api/v1/features/{feature_id}/download", {
        params: { path: { feature_id: project.project_id } },
        parseAs: "blob",
      });
      const bytes: unknown = await answer(Promise.resolve({ data, error, response }));
      if (bytes instanceof Blob) save("code.zip", bytes);
    } catch (problem) {
      tellProblem(problem);
    } finally {
      setBusy(false);
    }
  };
  if (files.length === 0) return <pre tabIndex={0} className="overflow-x-auto font-mono text-sm">{text}</pre>;
  return (
    <div className="space-y-4">
      <Button busy={busy} onClick={() => void take()}>
        <Download className="size-4" aria-hidden />
        {t.code.download(files.length)}
      </Button>
      <ul className="divide-y divide-line rounded-md border border-line font-mono text-sm">
        {files.map((file) => (
          <li key={file.path} className="flex items-center gap-3 px-4 py-2">
            <FileCode className="size-4 shrink-0 text-muted" aria-hidden />
            <span className="min-w-0 grow wrap-anywhere">{file.path}</span>
            <span className="text-muted">{t.code.bytes(short(file.bytes))}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
