import { useQuery } from "@tanstack/react-query";
import { Download, FileCode } from "lucide-react";
import { useMemo, useState } from "react";
import { exportProject } from "@/api/commands";
import { keys, type Project } from "@/api/queries";
import { count, field, list, text as readText } from "@/api/shapes";
import { cx } from "@/lib/cx";
import { save } from "@/lib/download";
import { byteSize } from "@/lib/format";
import { highlight, type Ink } from "@/lib/highlight";
import { entriesOf } from "@/lib/unzip";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { Await } from "@/ui/states";
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

/** Where an export has the files that an implementer wrote. */
const CODE = /^(?:[^/]+\/)?code\//;

/** The present files with their texts, as the export has them. */
const codeQuery = (project: Project, digest: string) => ({
  queryKey: [...keys.project(project.project_id), "code", digest] as const,
  queryFn: async () => {
    const { bytes } = await exportProject(project.project_id, "zip");
    const entries = entriesOf(await bytes.arrayBuffer()).filter((entry) => CODE.test(entry.path));
    return new Map(await Promise.all(entries.map(async (entry) => [entry.path.replace(CODE, ""), await entry.text()] as const)));
  },
  staleTime: Number.POSITIVE_INFINITY,
});

/** The files that an implementer wrote. They are kept, read and given out, never run. */
export function CodeFiles({ project, text, current = true, digest = "" }: { project: Project; text: string; current?: boolean; digest?: string }) {
  const [busy, setBusy] = useState(false);
  const files = useMemo(() => filesOf(text), [text]);
  const [chosen, setChosen] = useState<string | null>(null);
  const path = chosen ?? files.find((file) => /readme/i.test(file.path))?.path ?? files[0]?.path;
  const take = async () => {
    setBusy(true);
    try {
      const file = await exportProject(project.project_id, "zip");
      save(file.name, file.bytes);
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
      <div className={cx("grid gap-4", current && "lg:grid-cols-[17rem_minmax(0,1fr)]")}>
        <ul aria-label={t.code.files} className="max-h-[70dvh] self-start overflow-y-auto rounded-md border border-line bg-surface font-mono text-[0.8125rem] max-lg:max-h-52">
          {files.map((file) => (
            <li key={file.path} className="border-b border-line last:border-b-0">
              <button
                type="button"
                disabled={!current}
                aria-pressed={current ? file.path === path : undefined}
                onClick={() => setChosen(file.path)}
                className={cx("flex min-h-9 w-full items-center gap-2.5 px-3 py-1.5 text-left", current && file.path === path ? "bg-spruce-soft text-spruce" : "hover:bg-sunken")}
              >
                <FileCode className="size-4 shrink-0 text-muted" aria-hidden />
                <span className="min-w-0 grow wrap-anywhere">{file.path}</span>
                <span className="whitespace-nowrap text-muted">{byteSize(file.bytes)}</span>
              </button>
            </li>
          ))}
        </ul>
        {current && path !== undefined && <FileText project={project} path={path} digest={digest} />}
      </div>
    </div>
  );
}

const INKS: Record<Ink, string> = { plain: "", comment: "text-muted italic", text: "text-spruce", number: "text-clay", word: "text-plum" };

function FileText({ project, path, digest }: { project: Project; path: string; digest: string }) {
  const query = useQuery(codeQuery(project, digest));
  return (
    <section aria-label={path} className="min-w-0 overflow-clip rounded-md border border-line bg-surface">
      <Await query={query} lines={4}>
        {(texts) => {
          const text = texts.get(path);
          if (text === undefined) return <p className="p-5 text-muted">{t.code.unreadable}</p>;
          return (
            <>
              <div className="flex items-center justify-between gap-3 border-b border-line bg-sunken/60 px-4 py-2">
                <h3 className="min-w-0 truncate font-mono text-sm font-medium">{path}</h3>
                <CopyButton text={text} label={t.code.copy} look="quiet" />
              </div>
              <div tabIndex={0} role="group" aria-label={t.code.textOf(path)} className="flex max-h-[70dvh] overflow-auto py-3 font-mono text-[0.8125rem] leading-relaxed">
                <pre aria-hidden className="sticky left-0 select-none border-r border-line bg-surface px-3 text-right text-muted">
                  {text.replace(/\n$/, "").split("\n").map((_, index) => index + 1).join("\n")}
                </pre>
                <pre className="px-4">
                  <code>
                    {highlight(path, text).map((token, index) => (
                      <span key={index} className={INKS[token.ink]}>
                        {token.text}
                      </span>
                    ))}
                  </code>
                </pre>
              </div>
            </>
          );
        }}
      </Await>
    </section>
  );
}
