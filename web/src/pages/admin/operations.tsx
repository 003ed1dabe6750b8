import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ExternalLink, Pause, Play, RotateCcw } from "lucide-react";
import { useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { queryClient } from "@/app/query-client";
import { useWorkspace } from "@/app/workspace";
import { dateTime, words } from "@/lib/format";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Section } from "@/ui/card";
import { Confirm } from "@/ui/confirm";
import { Input } from "@/ui/field";
import { Await, Empty, Failed } from "@/ui/states";
import { Ago } from "@/ui/time";
import { tell, tellProblem } from "@/ui/toast";
import { useForm, value } from "../auth/use-form";

const TROUBLES = ["admin", "troubles"] as const;
const DEAD = ["admin", "dead-letters"] as const;
const REFRESH_MS = 30_000;
/** Rounds of 200 projects that one click asks for. */
const ROUNDS_MAX = 500;

interface OfTemporal {
  /** The page of our namespace in Temporal's own UI; null where nobody knows it. */
  temporal: string | null;
}

/** A project by its workflow, as operators find it in Temporal's own UI; by its page only for who may see it. */
function Workflow({ project, workspace, temporal }: { project: string; workspace: string } & OfTemporal) {
  const isMine = useWorkspace().all.some((one) => one.id === workspace);
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
      <code className="select-all font-mono text-xs break-all">project-{project}</code>
      {temporal !== null && (
        <a href={`${temporal}/workflows/project-${project}`} target="_blank" rel="noopener noreferrer" className="inline-flex items-center gap-1 text-spruce underline underline-offset-2">
          {t.operations.inTemporal}
          <ExternalLink className="size-3.5" aria-hidden />
        </a>
      )}
      {isMine && (
        <Link to="/projects/$projectId" params={{ projectId: project }} className="text-spruce underline underline-offset-2">
          {t.operations.open}
        </Link>
      )}
    </span>
  );
}

/** Projects that the supervision found stuck, failing or over budget. */
export function Troubles({ temporal }: OfTemporal) {
  const query = useQuery({ queryKey: TROUBLES, queryFn: async () => (await answer(client.GET("/api/v1/admin/troubles"))).items, refetchInterval: REFRESH_MS });
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
                <li key={`${trouble.project_id}/${trouble.kind}`} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3">
                  <Badge tone="clay">{t.operations.kind[trouble.kind] ?? words(trouble.kind)}</Badge>
                  <span className="min-w-0 grow basis-48">
                    {trouble.stage != null && <span className="font-medium">{t.stage[trouble.stage] ?? words(trouble.stage)}</span>}
                    <Workflow project={trouble.project_id} workspace={trouble.workspace_id} temporal={temporal} />
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

const refreshDead = () => void queryClient.invalidateQueries({ queryKey: DEAD });

/** Stages that failed for good, each, or all of them, to be replayed. */
export function DeadLetters({ temporal }: OfTemporal) {
  const query = useInfiniteQuery({
    queryKey: DEAD,
    queryFn: ({ pageParam }) => answer(client.GET("/api/v1/admin/dead-letters", { params: { query: { limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: REFRESH_MS,
  });
  const replay = useMutation({
    mutationFn: (id: string) => answer(client.POST("/api/v1/admin/dead-letters/{dead_letter_id}/replay", { params: { path: { dead_letter_id: id } } })),
    onSuccess: () => tell(t.operations.replayed),
    onError: tellProblem,
    onSettled: refreshDead,
  });
  const replayAll = async () => {
    const { applied, items } = await answer(client.POST("/api/v1/admin/dead-letters/replay", { body: {} }));
    tell(t.operations.moved(applied, items.length - applied));
    refreshDead();
  };
  const letters = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section
      title={t.operations.dead}
      action={
        letters.length > 1 && (
          <Confirm
            {...t.operations.replayAll}
            onConfirm={replayAll}
            trigger={(ask) => (
              <Button size="sm" onClick={ask}>
                <RotateCcw className="size-4" aria-hidden />
                {t.operations.replayAll.action}
              </Button>
            )}
          />
        )
      }
    >
      <Await query={query} lines={1}>
        {() =>
          letters.length === 0 ? (
            <Empty title={t.operations.noDead} />
          ) : (
            <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
              {letters.map((letter) => (
                <li key={`${letter.project_id}/${letter.stage ?? ""}`} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
                  <span className="min-w-0 grow basis-48">
                    <span className="font-medium">{t.stage[letter.stage ?? ""] ?? words(letter.stage ?? "")}</span>{" "}
                    <span className="text-muted">
                      {t.pipeline[letter.pipeline]?.title ?? letter.pipeline} · {t.failureCode[letter.code ?? ""] ?? words(letter.code ?? "")}
                      {letter.permanent && ` · ${t.failure.permanent}`}
                    </span>
                    <Workflow project={letter.project_id} workspace={letter.workspace_id} temporal={temporal} />
                  </span>
                  <span className="text-sm text-muted">
                    <Ago at={letter.failed_at} />
                  </span>
                  <Button size="sm" busy={replay.isPending && replay.variables === letter.project_id} onClick={() => replay.mutate(letter.project_id)}>
                    {t.operations.replay}
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Await>
      {query.hasNextPage && (
        <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t.action.more}
        </Button>
      )}
    </Section>
  );
}

type Round = (after: string | null) => Promise<Schemas["AllMoved"]>;

/** Moves all projects, 200 at a time, and says how many took it. */
async function moveAll(round: Round): Promise<void> {
  let after: string | null = null;
  let applied = 0;
  let others = 0;
  for (let rounds = 0; rounds < ROUNDS_MAX; rounds += 1) {
    const moved: Schemas["AllMoved"] = await round(after);
    applied += moved.applied;
    others += moved.items.length - moved.applied;
    const last = moved.items.at(-1);
    if (!moved.has_more || last === undefined) break;
    after = last.project_id;
  }
  tell(t.operations.moved(applied, others));
  await queryClient.invalidateQueries({ queryKey: ["admin", "health"] });
}

/** Stops and goes on with the work of the whole installation. */
export function Queue({ since }: { since: string | null }) {
  const pause: Round = (after) => answer(client.POST("/api/v1/admin/pause", { body: { after } }));
  const resume: Round = (after) => answer(client.POST("/api/v1/admin/resume", { body: { after } }));
  return (
    <Section title={t.operations.queue} hint={t.operations.queueHint}>
      {since !== null && <p className="font-medium text-clay">{t.operations.pausedSince(dateTime(since))}</p>}
      <div className="flex flex-wrap gap-2">
        {since === null && (
          <Confirm
            {...t.operations.pauseAll}
            onConfirm={() => moveAll(pause)}
            trigger={(ask) => (
              <Button look="danger" onClick={ask}>
                <Pause className="size-4" aria-hidden />
                {t.operations.pauseAll.action}
              </Button>
            )}
          />
        )}
        <Confirm
          {...t.operations.resumeAll}
          onConfirm={() => moveAll(resume)}
          trigger={(ask) => (
            <Button onClick={ask}>
              <Play className="size-4" aria-hidden />
              {t.operations.resumeAll.action}
            </Button>
          )}
        />
      </div>
    </Section>
  );
}

/** Takes back the deletion of an account, as long as it is not erased. */
export function RestoreAccount() {
  const [round, setRound] = useState(0);
  const form = useForm(async (values) => {
    await answer(client.POST("/api/v1/admin/users/{user_id}/restore", { params: { path: { user_id: value(values, "user_id").trim() } } }));
    tell(t.operations.accountRestored);
    setRound(round + 1);
  });
  return (
    <Section title={t.operations.account} hint={t.operations.accountHint}>
      <form key={round} onSubmit={form.submit} className="flex max-w-xl flex-wrap items-end gap-3">
        {form.error !== null && (
          <div className="w-full">
            <Failed error={form.error} />
          </div>
        )}
        <Input label={t.operations.accountId} name="user_id" required pattern="[0-9a-fA-F\-]{36}" className="min-w-0 grow basis-60" error={form.field("user_id")} />
        <Button type="submit" busy={form.busy}>
          {t.action.restore}
        </Button>
      </form>
    </Section>
  );
}
