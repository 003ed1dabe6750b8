import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, client, type Schemas } from "@/api/client";
import { workspaceBudgetQuery } from "@/api/decisions";
import { keys, statsQuery } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { SimulatedFigures } from "@/app/simulated";
import { useTitle } from "@/app/title";
import { may, useWorkspace, type Workspace } from "@/app/workspace";
import { cx } from "@/lib/cx";
import { integer, money, short } from "@/lib/format";
import { t } from "@/text/en";
import { Card, Facts, PageHead, Section } from "@/ui/card";
import { Progress } from "@/ui/progress";
import { Await, Empty } from "@/ui/states";
import { BudgetBars, BudgetForm } from "../project/budget";

type Line = Schemas["UsageLine"];

export function UsagePage() {
  useTitle(t.nav.usage);
  const { current } = useWorkspace();
  const id = current?.id ?? "";
  const query = useQuery({
    queryKey: ["workspace", id, "usage"],
    queryFn: () => answer(client.GET("/api/v1/workspaces/{workspace_id}/usage", { params: { path: { workspace_id: id } } })),
    enabled: current !== undefined,
  });
  const stats = useQuery(statsQuery);
  return (
    <>
      <PageHead
        title={t.nav.usage}
        hint={
          <>
            {current?.name}. <SimulatedFigures />
          </>
        }
      />
      <div className="space-y-10">
        <Await query={query}>
          {(usage) => (
            <>
              <Facts
                items={[
                  [t.usage.cost, money(usage.cost_usd)],
                  [t.usage.input, short(usage.input_tokens)],
                  [t.usage.output, short(usage.output_tokens)],
                ]}
              />
              {usage.by_month.length === 0 ? <Empty title={t.usage.none}>{t.usage.noneHint}</Empty> : <Months lines={usage.by_month} />}
              {usage.by_project.length > 0 && <Projects lines={usage.by_project} />}
            </>
          )}
        </Await>
        {current !== undefined && <WorkspaceBudget key={current.id} workspace={current} />}
        <Await query={stats}>
          {(mine) => (
            <Card className="p-6">
              <p className="mb-2 font-medium">{t.usage.projects(mine.projects_used, mine.max_projects)}</p>
              <Progress value={mine.projects_used} max={mine.max_projects} label={t.usage.projects(mine.projects_used, mine.max_projects)} />
            </Card>
          )}
        </Await>
      </div>
    </>
  );
}

/** A bar a month, with the figures beside it: nothing is said by length alone. */
function Months({ lines }: { lines: readonly Line[] }) {
  // One bar says nothing: there is none to compare it with.
  const isOne = lines.length === 1;
  const most = Math.max(...lines.map((line) => Number(line.cost_usd)), 0.000_001);
  return (
    <Section title={t.usage.byMonth}>
      <ul className="space-y-2">
        {lines.map((line) => (
          <li key={line.month} className={cx("grid items-center gap-4", isOne ? "grid-cols-[5rem_auto] justify-start" : "grid-cols-[5rem_minmax(0,24rem)_auto]")}>
            <span className="tabular-nums text-muted">{line.month}</span>
            {!isOne && (
              <span className="h-5 rounded-sm bg-sunken" aria-hidden>
                <span className="block h-full rounded-sm bg-spruce" style={{ width: `${(Number(line.cost_usd) / most) * 100}%` }} />
              </span>
            )}
            <span className="text-right tabular-nums">
              {money(line.cost_usd)} <span className="text-sm text-muted">{t.usage.callsShort(integer(line.calls))}</span>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Projects({ lines }: { lines: readonly Line[] }) {
  return (
    <Section title={t.usage.byProject}>
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label={t.usage.byProject}>
        <table className="w-full text-left sm:min-w-xl">
          <thead className="text-sm text-muted">
            <tr className="border-b border-line">
              <th scope="col" className="py-2 pr-4 font-medium">{t.usage.project}</th>
              <th scope="col" className="py-2 pr-4 text-right font-medium">{t.usage.cost}</th>
              <th scope="col" className="py-2 pr-4 text-right font-medium max-sm:hidden">{t.usage.calls}</th>
              <th scope="col" className="py-2 text-right font-medium max-sm:hidden">{t.usage.tokens}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.project_id ?? "none"} className="border-b border-line">
                <td className="max-w-80 py-2.5 pr-4 sm:truncate">
                  {line.project_id == null ? (
                    line.title
                  ) : (
                    <Link to="/projects/$projectId" params={{ projectId: line.project_id }} className="underline-offset-2 hover:underline">
                      {line.title ?? line.project_id}
                    </Link>
                  )}
                  {/* On a phone the figures stand below the name: beside it they would be off the screen. */}
                  <span className="block text-sm text-muted sm:hidden">{t.usage.inShort(integer(line.calls), short(line.input_tokens + line.output_tokens))}</span>
                </td>
                <td className="py-2.5 text-right align-top tabular-nums sm:pr-4">{money(line.cost_usd)}</td>
                <td className="py-2.5 pr-4 text-right tabular-nums max-sm:hidden">{integer(line.calls)}</td>
                <td className="py-2.5 text-right tabular-nums max-sm:hidden">{short(line.input_tokens + line.output_tokens)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

/** What all projects of the workspace together may spend. */
function WorkspaceBudget({ workspace }: { workspace: Workspace }) {
  const query = useQuery(workspaceBudgetQuery(workspace.id));
  const canSet = may(workspace.role, "admin") && workspace.lifecycle === "active";
  const save = async (body: Schemas["BudgetWish"]) => {
    await answer(client.PUT("/api/v1/workspaces/{workspace_id}/budget", { params: { path: { workspace_id: workspace.id } }, body }));
    await queryClient.invalidateQueries({ queryKey: keys.workspace(workspace.id) });
  };
  return (
    <Section title={t.budget.title} hint={t.budget.hint}>
      <Await query={query} lines={1}>
        {(budget) => (
          <div className="space-y-5">
            <BudgetBars budget={budget} />
            {canSet && <BudgetForm key={`${budget.usd_max}/${budget.tokens_max}`} budget={budget} save={save} />}
          </div>
        )}
      </Await>
    </Section>
  );
}
