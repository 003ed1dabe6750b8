import { cx } from "@/lib/cx";
import { duration, integer, money, words } from "@/lib/format";
import { t } from "@/text/en";
import { SimulatedBadge } from "@/ui/badge";
import { Card, Facts, Section } from "@/ui/card";
import { ProjectBudget } from "./budget";
import { useProject } from "./use-project";

const agentName = (agent: string): string => t.agent[agent] ?? words(agent);

export function UsageTab() {
  const project = useProject();
  return (
    <Section title={t.usage.title} hint={project.simulated ? t.usage.simulated : t.usage.hint} action={project.simulated && <SimulatedBadge />}>
      <Card className="p-6">
        <Facts
          items={[
            [t.usage.cost, money(project.cost_usd)],
            [t.usage.calls, integer(project.model_calls)],
            [t.usage.input, integer(project.input_tokens)],
            [t.usage.output, integer(project.output_tokens)],
            [t.usage.active, duration(project.active_ms)],
          ]}
        />
      </Card>
      <h3 className="pt-4 text-lg">{t.budget.title}</h3>
      <ProjectBudget project={project} />
      <h3 className="pt-4 text-lg">{t.usage.attempts}</h3>
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label={t.usage.attempts}>
        <table className="w-full text-left sm:min-w-lg">
          <thead className="text-sm text-muted">
            <tr className="border-b border-line">
              {[t.usage.stage, t.usage.agent, t.usage.attempt, t.usage.state].map((name) => (
                <th key={name} scope="col" className={cx("py-2 pr-4 font-medium", name === t.usage.agent && "max-sm:hidden")}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {project.tasks.map((task) => (
              <tr key={`${task.stage}/${task.attempt}`} className="border-b border-line">
                <td className="py-2.5 pr-4 font-medium">
                  {t.stage[task.stage] ?? words(task.stage)}
                  <span className="block text-sm font-normal text-muted sm:hidden">{agentName(task.agent_type)}</span>
                </td>
                <td className="py-2.5 pr-4 max-sm:hidden">{agentName(task.agent_type)}</td>
                <td className="py-2.5 pr-4 tabular-nums">{task.attempt}</td>
                <td className="py-2.5 pr-4">{t.taskStatus[task.status] ?? task.status}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
