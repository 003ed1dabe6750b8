import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { useState } from "react";
import type { PersonRequest } from "@/api/decisions";
import { useTitle } from "@/app/title";
import { useWaits } from "@/app/waiting";
import { useWorkspace } from "@/app/workspace";
import { useFollow } from "@/live/live";
import { words } from "@/lib/format";
import type { Wait } from "@/lib/inbox";
import { standOf } from "@/lib/projects";
import { t } from "@/text/en";
import { PhaseBadge, SimulatedBadge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, PageHead, Section } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Await, Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { AgentQuestion } from "../project/agent-question";
import { Offers, Unconfirmed } from "./offers";

const FOLLOWED_MAX = 20;

/** Everything that waits for a person, over all workspaces: questions, decisions, failures, invitations. */
export function InboxPage() {
  useTitle(t.nav.inbox);
  const query = useWaits();
  useFollow((query.data ?? []).slice(0, FOLLOWED_MAX).map(({ project }) => ({ id: project.project_id, after: project.last_sequence })));
  const [answering, setAnswering] = useState<PersonRequest | null>(null);
  return (
    <>
      <PageHead title={t.inbox.title} hint={t.inbox.hint} />
      <div className="space-y-8">
        <Offers />
        <Await query={query}>
          {(waits) => {
            const mine = waits.filter((wait) => wait.isMine);
            const others = waits.filter((wait) => !wait.isMine);
            return (
              <>
                {mine.length === 0 ? <Empty title={t.inbox.empty}>{t.inbox.emptyHint}</Empty> : <Waits waits={mine} onAnswer={setAnswering} />}
                {others.length > 0 && (
                  <Section title={t.inbox.others} hint={t.inbox.othersHint}>
                    <Waits waits={others} onAnswer={setAnswering} />
                  </Section>
                )}
              </>
            );
          }}
        </Await>
        <Unconfirmed />
      </div>
      {answering !== null && (
        <Dialog open onOpenChange={(open) => !open && setAnswering(null)} title={t.ask.title(t.stage[answering.stage] ?? words(answering.stage))} hint={answering.project_title}>
          <AgentQuestion bare projectId={answering.project_id} request={answering} onDone={() => setAnswering(null)} />
        </Dialog>
      )}
    </>
  );
}

interface WaitsProps {
  waits: readonly Wait[];
  onAnswer: (request: PersonRequest) => void;
}

function Waits({ waits, onAnswer }: WaitsProps) {
  return (
    <ul className="space-y-3">
      {waits.map((wait) => (
        <Waiting key={`${wait.project.project_id}/${wait.request?.request_id ?? ""}`} wait={wait} onAnswer={onAnswer} />
      ))}
    </ul>
  );
}

/** What a project wants, as exactly as is known. */
function wish({ project, request }: Wait): string {
  if (request === undefined) return project.waiting_for === "budget" ? t.inbox.budget : (t.inbox.wants[project.phase] ?? t.waits.other ?? "");
  if (request.kind === "question") return request.request_content;
  return t.inbox.gate(t.artifact[request.artifact_name ?? request.gate] ?? words(request.gate));
}

function Waiting({ wait, onAnswer }: { wait: Wait; onAnswer: (request: PersonRequest) => void }) {
  const { project, request, isMine } = wait;
  const stand = standOf(project);
  const workspace = useWorkspace().all.find((one) => one.id === project.workspace_id)?.name;
  return (
    <Card as="li" className="relative flex flex-wrap items-center gap-x-4 gap-y-3 p-4 hover:border-edge sm:p-5">
      <div className="min-w-0 grow basis-64">
        <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
          <PhaseBadge phase={stand} />
          {project.simulated && <SimulatedBadge />}
          <Ago at={project.last_activity_at} />
          {workspace !== undefined && <span className="min-w-0 truncate">{workspace}</span>}
        </p>
        <Link to="/projects/$projectId" params={{ projectId: project.project_id }} className="mt-1.5 block truncate font-serif text-lg font-semibold after:absolute after:inset-0">
          {project.title}
        </Link>
        <p className="line-clamp-2 text-muted">{wish(wait)}</p>
        {request?.recommendation != null && <p className="text-sm">{request.recommendation === "approve" ? t.gate.adviceApprove : t.gate.adviceRevise}</p>}
      </div>
      {isMine && request?.kind === "question" ? (
        <Button size="sm" look="clay" className="relative z-10" onClick={() => onAnswer(request)}>
          {t.inbox.answer}
        </Button>
      ) : (
        <ArrowRight className="size-5 shrink-0 text-muted max-sm:hidden" aria-hidden />
      )}
    </Card>
  );
}
