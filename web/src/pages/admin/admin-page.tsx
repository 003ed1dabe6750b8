import { queryOptions, useInfiniteQuery, useMutation, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { answer, client, type Schemas } from "@/api/client";
import { meQuery } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { useTitle } from "@/app/title";
import { cx } from "@/lib/cx";
import { dateOnly, integer, money, words } from "@/lib/format";
import { t } from "@/text/en";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, PageHead, Section } from "@/ui/card";
import { Await, Empty } from "@/ui/states";
import { Select } from "@/ui/field";
import { tell, tellProblem } from "@/ui/toast";
import { SendAgain } from "../auth/login-page";
import { DeadLetters, Queue, RestoreAccount, Troubles } from "./operations";

const HEALTH_MS = 15_000;
const LISTS_MS = 60_000;
const TIERS = ["free", "paid", "enterprise"] as const;
/** Columns of workspaces that a phone has room for. */
const PHONE = [true, false, true];
const TONES: Record<Schemas["Status"], Tone> = { ok: "spruce", degraded: "clay", down: "danger", unknown: "plain" };

/** For who operates the installation: how everything is, and who uses it. */
export function AdminPage() {
  useTitle(t.nav.admin);
  const me = useQuery(meQuery).data;
  if (me === undefined) return null;
  if (me.is_operator) return <Operations />;
  // Operators are known by their addresses, and an address counts once it is confirmed.
  const isUnconfirmed = me.user.email_verified_at == null;
  return (
    <Empty top title={t.admin.not} action={isUnconfirmed ? <SendAgain email={me.user.email} /> : undefined}>
      {isUnconfirmed ? t.admin.confirm(me.user.email) : undefined}
    </Empty>
  );
}

function Operations() {
  const health = useQuery(healthQuery);
  const temporal = health.data?.temporal_ui_url ?? null;
  return (
    <>
      <PageHead title={t.nav.admin} hint={t.admin.hint} />
      <div className="space-y-10">
        <HealthSection query={health} />
        <Troubles temporal={temporal} />
        <DeadLetters temporal={temporal} />
        <Queue since={health.data?.paused_since ?? null} />
        <Workspaces />
        <RestoreAccount />
      </div>
    </>
  );
}

const healthQuery = queryOptions({
  queryKey: ["admin", "health"],
  queryFn: () => answer(client.GET("/api/v1/admin/health")),
  refetchInterval: HEALTH_MS,
});

function HealthSection({ query }: { query: UseQueryResult<Schemas["AdminHealth"]> }) {
  return (
    <Section title={t.admin.health}>
      <Await query={query} lines={1}>
        {(health) => (
          <>
            <ul className="grid grid-cols-2 gap-2 sm:gap-3 lg:grid-cols-4">
              {(
                [
                  [t.admin.api, health.api_status],
                  [t.admin.database, health.db_status],
                  [t.admin.workflow, health.workflow_status],
                  [t.admin.models, health.llm_status],
                  ...health.llm_providers.map((one) => [t.key.provider[one.provider] ?? words(one.provider), one.status] as const),
                ] as const
              ).map(([name, status]) => (
                <Card as="li" key={name} className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1 px-3 py-2.5 sm:px-4 sm:py-3.5">
                  {name}
                  <Badge tone={TONES[status]}>{t.health[status]}</Badge>
                </Card>
              ))}
            </ul>
            <p className="flex flex-wrap gap-x-4 text-sm text-muted">
              {t.admin.version(health.version)}
              {health.temporal_ui_url != null && (
                <a href={health.temporal_ui_url} target="_blank" rel="noopener noreferrer" className="text-spruce underline underline-offset-2">
                  {t.operations.temporalUi}
                </a>
              )}
            </p>
          </>
        )}
      </Await>
    </Section>
  );
}

function Workspaces() {
  const query = useInfiniteQuery({
    queryKey: ["admin", "workspaces"],
    queryFn: ({ pageParam }) => answer(client.GET("/api/v1/admin/workspaces", { params: { query: { limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: LISTS_MS,
  });
  return (
    <Section title={t.admin.workspaces}>
      <Await query={query}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          return rows.length === 0 ? <Empty title={t.admin.none} /> : <Table rows={rows} />;
        }}
      </Await>
      {query.hasNextPage && (
        <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t.action.more}
        </Button>
      )}
    </Section>
  );
}

/** What a workspace pays for, to be changed on the spot. */
function PlanSelect({ workspace }: { workspace: Schemas["WorkspaceOverview"] }) {
  const change = useMutation({
    mutationFn: (plan_tier: string) => answer(client.PUT("/api/v1/admin/workspaces/{workspace_id}/plan", { params: { path: { workspace_id: workspace.id } }, body: { plan_tier } })),
    onSuccess: () => tell(t.action.saved),
    onError: tellProblem,
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["admin", "workspaces"] }),
  });
  return (
    <Select hideLabel label={t.admin.planOf(workspace.name)} value={change.isPending ? change.variables : workspace.plan_tier} disabled={change.isPending} onChange={(event) => change.mutate(event.target.value)} className="w-32">
      {TIERS.map((tier) => (
        <option key={tier} value={tier}>
          {t.tier[tier]}
        </option>
      ))}
    </Select>
  );
}

function Table({ rows }: { rows: readonly Schemas["WorkspaceOverview"][] }) {
  return (
    <div className="relative overflow-x-auto" tabIndex={0} role="group" aria-label={t.admin.workspaces}>
      <table className="w-full text-left sm:min-w-3xl">
        <thead className="text-sm text-muted">
          <tr className="border-b border-line">
            {t.admin.columns.map((name, index) => (
              <th key={name} scope="col" className={cx("py-2 pr-4 font-medium", index > 2 && "text-right", PHONE[index] !== true && "max-sm:hidden")}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} className="border-b border-line">
              <td className="py-2.5 pr-4">
                <span className="wrap-anywhere">{row.name}</span> {row.lifecycle !== "active" && <Badge>{t.lifecycle[row.lifecycle as "archived"] ?? row.lifecycle}</Badge>}
                {/* On a phone the rest stands below the name: beside it it would be off the screen. */}
                <span className="block text-sm text-muted wrap-anywhere sm:hidden">
                  {row.owner_email}
                  <span className="block">{t.admin.inShort(integer(row.members), integer(row.projects_active), money(row.cost_usd))}</span>
                </span>
              </td>
              <td className="py-2.5 pr-4 text-muted max-sm:hidden">{row.owner_email}</td>
              <td className="py-1.5 pr-4 max-sm:pr-0 max-sm:align-top">
                <PlanSelect workspace={row} />
              </td>
              <td className="py-2.5 pr-4 text-right tabular-nums max-sm:hidden">{integer(row.members)}</td>
              <td className="py-2.5 pr-4 text-right tabular-nums max-sm:hidden">
                {integer(row.projects_active)} / {integer(row.projects)}
              </td>
              <td className="py-2.5 pr-4 text-right tabular-nums max-sm:hidden">{money(row.cost_usd)}</td>
              <td className="py-2.5 pr-4 text-right max-sm:hidden">{dateOnly(row.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
