import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { type ProjectItem, waitingQuery } from "@/api/queries";
import { useTitle } from "@/app/title";
import { inboxQuery, type PersonRequest } from "@/api/decisions";
import { useFollow } from "@/live/live";
import { words } from "@/lib/format";
import { rank } from "@/lib/projects";
import { t } from "@/text/en";
import { PhaseBadge, SimulatedBadge } from "@/ui/badge";
import { Card, PageHead } from "@/ui/card";
import { Await, Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { Offers } from "./offers";

const FOLLOWED_MAX = 20;

/** Everything that waits for a person, over all workspaces: questions, decisions, failures, invitations. */
export function InboxPage() {
  useTitle(t.nav.inbox);
  const query = useQuery(waitingQuery);
  const requests = useQuery(inboxQuery).data?.items ?? [];
  useFollow((query.data ?? []).slice(0, FOLLOWED_MAX).map((project) => ({ id: project.project_id, after: 0 })));
  return (
    <>
      <PageHead title={t.inbox.title} hint={t.inbox.hint} />
      <div className="space-y-8">
        <Offers />
        <Await query={query}>
          {(projects) =>
            projects.length === 0 ? (
              <Empty title={t.inbox.empty}>{t.inbox.emptyHint}</Empty>
            ) : (
              <ul className="space-y-3">
                {[...projects]
                  .sort((a, b) => rank(a) - rank(b))
                  .map((project) => (
                    <Waiting key={project.project_id} project={project} request={requests.find((one) => one.project_id === project.project_id)} />
                  ))}
              </ul>
            )
          }
        </Await>
      </div>
    </>
  );
}

/** What a project wants, as exactly as is known. */
function wish(project: ProjectItem, request: PersonRequest | undefined): string {
  if (request === undefined) return t.inbox.wants[project.phase] ?? t.waits.other ?? "";
  if (request.kind === "question") return request.request_content;
  return t.inbox.gate(t.artifact[request.artifact_name ?? request.gate] ?? words(request.gate));
}

function Waiting({ project, request }: { project: ProjectItem; request: PersonRequest | undefined }) {
  return (
    <Card as="li" className="relative flex items-center gap-4 p-5 hover:border-edge">
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
          <PhaseBadge phase={project.phase} />
          {project.simulated && <SimulatedBadge />}
          <Ago at={project.last_activity_at} />
        </p>
        <Link to="/projects/$projectId" params={{ projectId: project.project_id }} className="mt-1.5 block truncate font-serif text-lg font-semibold after:absolute after:inset-0">
          {project.title}
        </Link>
        <p className="line-clamp-2 text-muted">{wish(project, request)}</p>
        {request?.waits_for_me === false && <p className="text-sm text-muted">{t.gate.forOthers}</p>}
        {request?.recommendation != null && <p className="text-sm">{request.recommendation === "approve" ? t.gate.adviceApprove : t.gate.adviceRevise}</p>}
      </div>
      <ArrowRight className="size-5 shrink-0 text-muted" aria-hidden />
    </Card>
  );
}
