import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, client } from "@/api/client";
import { queryClient } from "@/app/query-client";
import { words } from "@/lib/format";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Section } from "@/ui/card";
import { Await, Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { tell, tellProblem } from "@/ui/toast";

const TROUBLES = ["admin", "troubles"] as const;
const DEAD = ["admin", "dead-letters"] as const;

/** As operators find it in Temporal's own UI. */
function Workflow({ project }: { project: string }) {
  return (
    <span className="block text-xs text-muted">
      {t.operations.temporal} <code className="select-all font-mono">project-{project}</code>
    </span>
  );
}

/** Projects that the supervision found stuck, failing or over budget. */
export function Troubles() {
  const query = useQuery({ queryKey: TROUBLES, queryFn: async () => (await answer(client.GET("/api/v1/admin/troubles"))).items });
  const look = useMutation({
    mutationFn: () => answer(client.POST("/api/v1/admin/troubles")),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: TROUBLES }),
    onError: tellProblem,
  });
  return (
    <Section
      title={t.operations.troubles}
      action={
        <Button size="sm" busy={look.isPending} onClick={() => look.mutate()}>
          {t.operations.look}
        </Button>
      }
    >
      <Await query={query} lines={1}>
        {(troubles) =>
          troubles.length === 0 ? (
            <Empty title={t.operations.noTroubles} />
          ) : (
            <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
              {troubles.map((trouble) => (
                <li key={`${trouble.project_id}/${trouble.kind}`} className="flex flex-wrap items-center gap-3 px-5 py-3">
                  <Badge tone="clay">{t.operations.kind[trouble.kind] ?? words(trouble.kind)}</Badge>
                  <span className="min-w-0 grow">
                    <Link to="/projects/$projectId" params={{ projectId: trouble.project_id }} className="font-mono text-sm underline underline-offset-2">
                      {trouble.project_id.slice(0, 8)}
                    </Link>{" "}
                    {trouble.stage != null && (t.stage[trouble.stage] ?? words(trouble.stage))}
                    <Workflow project={trouble.project_id} />
                  </span>
                  <span className="text-sm text-muted">
                    <Ago at={trouble.since} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </Section>
  );
}

/** Stages that failed for good, each to be replayed. */
export function DeadLetters() {
  const query = useQuery({ queryKey: DEAD, queryFn: async () => (await answer(client.GET("/api/v1/admin/dead-letters", { params: { query: { limit: 50 } } }))).items });
  const replay = useMutation({
    mutationFn: (id: string) => answer(client.POST("/api/v1/admin/dead-letters/{dead_letter_id}/replay", { params: { path: { dead_letter_id: id } } })),
    onSuccess: () => {
      tell(t.operations.replayed);
      void queryClient.invalidateQueries({ queryKey: DEAD });
    },
    onError: tellProblem,
  });
  return (
    <Section title={t.operations.dead}>
      <Await query={query} lines={1}>
        {(letters) =>
          letters.length === 0 ? (
            <Empty title={t.operations.noDead} />
          ) : (
            <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
              {letters.map((letter) => (
                <li key={letter.project_id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
                  <span className="min-w-0 grow">
                    <span className="font-medium">{t.stage[letter.stage ?? ""] ?? words(letter.stage ?? "")}</span> <span className="text-muted">{letter.pipeline}</span>{" "}
                    <code className="font-mono text-sm">{letter.code}</code>
                    <Workflow project={letter.project_id} />
                  </span>
                  <span className="text-sm text-muted">
                    <Ago at={letter.failed_at} />
                  </span>
                  <Button size="sm" busy={replay.isPending} onClick={() => replay.mutate(letter.project_id)}>
                    {t.operations.replay}
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </Section>
  );
}
