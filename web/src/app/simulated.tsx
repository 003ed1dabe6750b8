import { useQuery } from "@tanstack/react-query";
import { recentQuery } from "@/api/queries";
import { t } from "@/text/en";

/** Stands beside figures over several projects, where a simulator stood in for the models in some of them. */
export function SimulatedFigures() {
  const some = useQuery(recentQuery).data?.some((project) => project.simulated) === true;
  return some ? <span className="text-plum">{t.simulated.figures}</span> : null;
}
