import { Link } from "@tanstack/react-router";
import type { Project } from "@/api/queries";
import { words } from "@/lib/format";
import { lastRefinement, partName } from "@/lib/refinement";
import { t } from "@/text/en";
import { Ago } from "@/ui/time";
import { useEventLog } from "./use-event-log";

/** What became of the last refinement, and where it can be compared with what was before. */
export function LastRefinement({ project }: { project: Project }) {
  const { events } = useEventLog(project, project.refinements_max > 0 && project.pipeline === "promptr");
  const last = lastRefinement(events);
  if (last === null) return null;
  const part = partName(last.section);
  if (last.made === null) {
    return (
      <p className="mt-3 max-w-xl text-danger">
        {t.refine.failed(part, last.why)} <Ago at={last.at} />
      </p>
    );
  }
  const { artifact, version } = last.made;
  return (
    <p className="mt-3 max-w-xl">
      {t.refine.done(part, `${t.artifact[artifact] ?? words(artifact)} ${t.project.version(version)}`)} <Ago at={last.at} />
      {version > 1 && (
        <>
          {" · "}
          <Link
            to="/projects/$projectId/artifacts/$name"
            params={{ projectId: project.project_id, name: artifact }}
            search={{ version, against: version - 1 }}
            className="font-medium text-spruce underline underline-offset-2"
          >
            {t.refine.compare}
          </Link>
        </>
      )}
    </p>
  );
}
