import { useQuery } from "@tanstack/react-query";
import { statsQuery } from "@/api/queries";
import { integer, money } from "@/lib/format";
import { t } from "@/text/en";
import { Card, Facts, Section } from "@/ui/card";
import { Progress } from "@/ui/progress";
import { Await } from "@/ui/states";

export function LimitsTab() {
  const query = useQuery(statsQuery);
  return (
    <Section title={t.settings.limits} hint={t.limits.hint}>
      <Await query={query}>
        {(stats) => (
          <Card className="space-y-6 p-6">
            <div>
              <p className="mb-2 font-medium">{t.usage.projects(stats.projects_used, stats.max_projects)}</p>
              <Progress value={stats.projects_used} max={stats.max_projects} label={t.limits.projects} />
              <p className="mt-2 text-sm text-muted">{t.limits.left(stats.projects_remaining)}</p>
            </div>
            <Facts
              items={[
                [t.usage.cost, money(stats.cost_usd)],
                [t.usage.input, integer(stats.input_tokens)],
                [t.usage.output, integer(stats.output_tokens)],
                [t.limits.present, integer(stats.projects_present)],
              ]}
            />
          </Card>
        )}
      </Await>
    </Section>
  );
}
