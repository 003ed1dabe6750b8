import { useQuery } from "@tanstack/react-query";
import { requestsQuery } from "@/api/decisions";
import type { Project } from "@/api/queries";
import { Await } from "@/ui/states";
import { GatePanel } from "./gate-panel";
import { OverBudget } from "./budget";
import { AgentQuestion } from "./agent-question";

/** Everything in a project that waits for a decision. */
export function RequestsPanel({ project }: { project: Project }) {
  const query = useQuery(requestsQuery(project.project_id));
  return (
    <Await query={query}>
      {({ items }) => {
        const open = items.filter((item) => item.status === "pending");
        if (open.length === 0 && project.waiting_for === "budget") return <OverBudget project={project} />;
        return (
          <>
            {open.map((request) =>
              request.kind === "gate" ? (
                <GatePanel key={request.request_id} project={project} request={request} />
              ) : (
                <AgentQuestion key={request.request_id} project={project} request={request} />
              ),
            )}
          </>
        );
      }}
    </Await>
  );
}
