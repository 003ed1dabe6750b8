import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { Schemas } from "@/api/client";
import { statsQuery } from "@/api/queries";
import { SimulatedFigures } from "@/app/simulated";
import { integer, money, words } from "@/lib/format";
import { t } from "@/text/en";
import { Card, Facts, Section } from "@/ui/card";
import { Progress } from "@/ui/progress";
import { Await } from "@/ui/states";

/** The server's word for "no limit". */
const NO_LIMIT = 2_147_483_647;

export function LimitsTab() {
  const query = useQuery(statsQuery);
  return (
    <Section title={t.settings.limits} hint={
        <>
          {t.limits.hint} <SimulatedFigures />
        </>
      }>
      <Await query={query}>
        {(stats) => (
          <div className="space-y-8">
            <Card className="divide-y divide-line">
              {stats.limits.map((limit) => (
                <Limit key={limit.name} limit={limit} />
              ))}
            </Card>
            <Facts
              items={[
                [t.limits.present, integer(stats.projects_present)],
                [t.usage.cost, money(stats.cost_usd)],
                [t.usage.input, integer(stats.input_tokens)],
                [t.usage.output, integer(stats.output_tokens)],
              ]}
            />
          </div>
        )}
      </Await>
    </Section>
  );
}

/** What is used of one limit, and a word when little is left. */
function Limit({ limit: { name, limit, used, is_near } }: { limit: Schemas["LimitUse"] }) {
  const told = t.limits.name[name] ?? words(name);
  if (limit >= NO_LIMIT) {
    return (
      <p className="flex justify-between gap-4 px-5 py-4">
        <span className="font-medium">{told}</span> <span className="text-muted">{t.limits.none(integer(used))}</span>
      </p>
    );
  }
  return (
    <div className="px-5 py-4">
      <p className="mb-2 flex justify-between gap-4">
        <span className="font-medium">{told}</span> <span className="tabular-nums">{t.limits.used(integer(used), integer(limit))}</span>
      </p>
      <Progress value={used} max={limit} label={told} />
      {is_near && (
        <p className="mt-2 flex gap-2 text-sm text-clay">
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          {used >= limit ? t.limits.reached : t.limits.near(integer(limit - used))}
        </p>
      )}
    </div>
  );
}
