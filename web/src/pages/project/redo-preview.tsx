import { useQuery } from "@tanstack/react-query";
import { previewQuery, type Redo } from "@/api/decisions";
import type { Project } from "@/api/queries";
import { duration, money, words } from "@/lib/format";
import { t } from "@/text/en";
import { Await } from "@/ui/states";

interface RedoPreviewProps {
  project: Project;
  command: Redo;
  target: string | null;
}

/** What a command would have done again, and about what that would cost. */
export function RedoPreview({ project, command, target }: RedoPreviewProps) {
  const query = useQuery(previewQuery(project.project_id, command, target));
  return (
    <Await query={query} lines={1}>
      {(preview) => (
        <div className="rounded-md bg-sunken px-4 py-3">
          {preview.stages.length === 0 ? (
            <p>{t.redo.nothing}</p>
          ) : (
            <>
              <p className="font-medium">{t.redo.would}</p>
              <ul className="mt-1 list-disc pl-5">
                {preview.stages.map((one) => (
                  <li key={one.stage}>{t.stage[one.stage] ?? words(one.stage)}</li>
                ))}
                {preview.superseded.length > 0 && <li>{t.redo.superseded(preview.superseded.length)}</li>}
              </ul>
              <p className="mt-2 text-sm text-muted">{t.redo.cost(money(preview.cost_usd), duration(preview.active_ms))}</p>
            </>
          )}
        </div>
      )}
    </Await>
  );
}
