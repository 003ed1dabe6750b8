import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { findingsQuery } from "@/api/queries";
import { t } from "@/text/en";
import { Badge, type Tone } from "@/ui/badge";
import { Card, Section } from "@/ui/card";
import { Await, Empty } from "@/ui/states";
import { useProject } from "./use-project";

type Finding = Schemas["FindingItem"];

const SEVERITY_TONES: Record<string, Tone> = { blocker: "danger", major: "clay", minor: "plain" };
const STATE_TONES: Record<string, Tone> = { open: "clay", mended: "spruce", superseded: "plain" };

export function ReviewTab() {
  const project = useProject();
  const query = useQuery(findingsQuery(project.project_id));
  return (
    <Await query={query}>
      {({ items, open }) =>
        items.length === 0 ? (
          <Empty title={t.review.none}>{t.review.noneHint}</Empty>
        ) : (
          <Section title={t.review.title} hint={t.review.hint(open, items.length)}>
            <ul className="space-y-3">
              {items.map((finding) => (
                <FindingCard key={`${finding.review_version}/${finding.id}`} finding={finding} />
              ))}
            </ul>
          </Section>
        )
      }
    </Await>
  );
}

function FindingCard({ finding }: { finding: Finding }) {
  return (
    <Card as="li" className="p-5">
      <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
        <span className="font-mono">{finding.id}</span>
        <Badge tone={SEVERITY_TONES[finding.severity] ?? "plain"}>{t.severity[finding.severity] ?? finding.severity}</Badge>
        <Badge tone={STATE_TONES[finding.state] ?? "plain"}>{t.findingState[finding.state] ?? finding.state}</Badge>
        <span>
          {t.layer[finding.layer] ?? finding.layer}
          {finding.prompts.length > 0 && ` · ${t.coverage.prompts(finding.prompts)}`}
          {finding.requirements.length > 0 && ` · ${finding.requirements.join(", ")}`}
          {` · ${t.review.round(finding.review_version)}`}
        </span>
      </p>
      <p className="mt-2.5">{finding.problem}</p>
      <p className="mt-2 border-l-2 border-spruce-soft pl-3 text-muted">
        <span className="font-medium text-ink">{t.review.fix}</span> {finding.fix}
      </p>
    </Card>
  );
}
