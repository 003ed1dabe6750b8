import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { projectBudgetQuery, workspaceBudgetQuery } from "@/api/decisions";
import { keys, type Project } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { may, useRoleIn } from "@/app/workspace";
import { backToTop } from "@/lib/focus";
import { integer, money } from "@/lib/format";
import { t } from "@/text/en";
import { Button, LinkButton } from "@/ui/button";
import { Card } from "@/ui/card";
import { Input } from "@/ui/field";
import { Progress } from "@/ui/progress";
import { Await, Failed } from "@/ui/states";
import { tell } from "@/ui/toast";

type Budget = Schemas["Budget"];

/** What may be spent, what was, and what calls under way may still take. */
export function BudgetBars({ budget }: { budget: Budget }) {
  if (budget.usd_max == null && budget.tokens_max == null) return <p className="text-muted">{t.budget.none}</p>;
  return (
    <div className="space-y-4">
      {budget.usd_max != null && (
        <Meter used={Number(budget.usd_used)} most={Number(budget.usd_max)} words={t.budget.usd(money(budget.usd_used), money(budget.usd_max))} inWords={(much) => money(String(much))} />
      )}
      {budget.tokens_max != null && (
        <Meter used={budget.tokens_used} most={budget.tokens_max} words={t.budget.tokens(integer(budget.tokens_used), integer(budget.tokens_max))} inWords={integer} />
      )}
    </div>
  );
}

/** How much of a limit is used; beyond it, by how much. */
function Meter({ used, most, words, inWords }: { used: number; most: number; words: string; inWords: (much: number) => string }) {
  return (
    <div>
      <p className="mb-1.5">
        {words}
        {used > most && <span className="font-medium text-danger"> · {t.budget.overBy(inWords(used - most))}</span>}
      </p>
      <Progress limit value={used} max={most} label={words} />
    </div>
  );
}

interface BudgetFormProps {
  budget: Budget;
  save: (wish: Schemas["BudgetWish"]) => Promise<unknown>;
}

export function BudgetForm({ budget, save }: BudgetFormProps) {
  const [usd, setUsd] = useState(budget.usd_max ?? "");
  const [tokens, setTokens] = useState(budget.tokens_max == null ? "" : String(budget.tokens_max));
  const put = useMutation({
    mutationFn: () => save({ usd_max: usd === "" ? null : usd, tokens_max: tokens === "" ? null : Number(tokens), allow_unpriced: budget.allow_unpriced }),
    onSuccess: () => tell(t.action.saved),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    put.mutate();
  };
  return (
    <form onSubmit={submit} className="grid max-w-xl gap-4 sm:grid-cols-2">
      {put.error !== null && <div className="sm:col-span-2"><Failed error={put.error} /></div>}
      <Input label={t.budget.usdMax} hint={t.budget.empty} type="number" min={0} step="0.01" inputMode="decimal" value={usd} onChange={(event) => setUsd(event.target.value)} />
      <Input label={t.budget.tokensMax} hint={t.budget.empty} type="number" min={0} step={1} inputMode="numeric" value={tokens} onChange={(event) => setTokens(event.target.value)} />
      <div>
        <Button type="submit" busy={put.isPending}>
          {t.budget.save}
        </Button>
      </div>
    </form>
  );
}

/** `onRaised`: where this stands in the way of the work, and goes away with it. */
export function ProjectBudget({ project, onRaised }: { project: Project; onRaised?: () => void }) {
  const query = useQuery(projectBudgetQuery(project.project_id));
  const canSet = may(useRoleIn(project.workspace_id), "editor") && project.lifecycle === "active";
  const save = async (body: Schemas["BudgetWish"]) => {
    await answer(client.PUT("/api/v1/projects/{project_id}/budget", { params: { path: { project_id: project.project_id } }, body }));
    await queryClient.invalidateQueries({ queryKey: keys.project(project.project_id) });
    onRaised?.();
  };
  return (
    <Await query={query} lines={1}>
      {(budget) => (
        <div className="space-y-5">
          <BudgetBars budget={budget} />
          {canSet && <BudgetForm key={`${budget.usd_max}/${budget.tokens_max}`} budget={budget} save={save} />}
        </div>
      )}
    </Await>
  );
}

/** What is left of a budget in US dollars; endless where none is set. */
const leftOf = (budget: Budget): number => (budget.usd_max == null ? Number.POSITIVE_INFINITY : Number(budget.usd_max) - Number(budget.usd_used) - Number(budget.usd_reserved));

/** The project parked at a limit, its own or that of its workspace: raising it goes on. */
export function OverBudget({ project }: { project: Project }) {
  const mine = useQuery(projectBudgetQuery(project.project_id)).data;
  const ours = useQuery(workspaceBudgetQuery(project.workspace_id)).data;
  // The one that is nearer to its end is the one in the way.
  const isOurs = mine !== undefined && ours !== undefined && (ours.usd_max != null || ours.tokens_max != null) && leftOf(ours) < leftOf(mine);
  if (isOurs) {
    return (
      <Card tone="person" as="section" className="space-y-4 p-6">
        <h2 className="text-xl">{t.budget.overOurs}</h2>
        <p>{t.budget.overOursHint}</p>
        <BudgetBars budget={ours} />
        <LinkButton to="/usage">{t.budget.toWorkspace}</LinkButton>
      </Card>
    );
  }
  return (
    <Card tone="person" as="section" className="space-y-4 p-6">
      <h2 className="text-xl">{t.budget.over}</h2>
      <p>{t.budget.overHint}</p>
      <ProjectBudget project={project} onRaised={backToTop} />
    </Card>
  );
}
