import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleX } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { artifactQuery, findingsQuery, type Project } from "@/api/queries";
import { cx } from "@/lib/cx";
import { dateTime, words } from "@/lib/format";
import { findingsToList } from "@/lib/findings";
import { type Outcome, readReview, type ReviewItem } from "@/lib/verdict";
import { t } from "@/text/en";
import { Badge, type Tone } from "@/ui/badge";
import { Card, Section } from "@/ui/card";
import { Markdown } from "@/ui/markdown";
import { Await, Empty } from "@/ui/states";
import { useProject } from "./use-project";

type Finding = Schemas["FindingItem"];
type Item = Schemas["ArtifactItem"];

const SEVERITY_TONES: Record<string, Tone> = { blocker: "danger", major: "clay", minor: "plain" };
const STATE_TONES: Record<string, Tone> = { open: "clay", mended: "spruce", superseded: "plain" };
/** Documents that are reviews of code, or what is worked out from them. */
const REVIEWS = new Set(["security_review", "code_review"]);
const VERDICT = "verdict";

/** Whether a document is shown on this tab rather than on one of its own. */
export const isReview = (name: string): boolean => name === "review" || name === VERDICT || REVIEWS.has(name);

export function ReviewTab() {
  const project = useProject();
  const verdict = project.artifacts.find((artifact) => artifact.name === VERDICT);
  const reviews = project.artifacts.filter((artifact) => REVIEWS.has(artifact.name));
  const isOfPrompts = verdict === undefined && reviews.length === 0;
  return (
    <div className="space-y-10">
      {verdict !== undefined && <Verdict item={verdict} />}
      {reviews.map((review) => (
        <CodeReview key={review.id} project={project} item={review} />
      ))}
      <FindingList project={project} isAlone={isOfPrompts} />
    </div>
  );
}

const OUTCOME_TONES: Record<Outcome, Tone> = { pass: "spruce", fail: "danger", none: "plain" };

function OutcomeBadge({ outcome }: { outcome: Outcome }) {
  return <Badge tone={OUTCOME_TONES[outcome]}>{t.outcome[outcome]}</Badge>;
}

/** The one word that all reviews come to, and how each of them stands. */
function Verdict({ item }: { item: Item }) {
  const query = useQuery(artifactQuery(item.id, item.version));
  return (
    <Await query={query} lines={1}>
      {({ content }) => {
        const { outcome, items } = readReview(content);
        if (outcome === null) return <Markdown text={content} />;
        return <VerdictCard outcome={outcome} items={items} />;
      }}
    </Await>
  );
}

function VerdictCard({ outcome, items }: { outcome: Outcome; items: readonly ReviewItem[] }) {
  const passed = outcome === "pass";
  const Icon = passed ? CircleCheck : CircleX;
  return (
    <section aria-labelledby="verdict" className={cx("rounded-lg border p-6", passed ? "border-spruce/40 bg-spruce-soft/60" : "border-danger/50 bg-danger-soft/60")}>
      <h2 id="verdict" className={cx("flex items-center gap-3 text-2xl", passed ? "text-spruce" : "text-danger")}>
        <Icon className="size-7 shrink-0" aria-hidden />
        {t.verdict.title(t.outcome[outcome])}
      </h2>
      <p className="mt-1">{passed ? t.verdict.passed : t.verdict.failed}</p>
      <ul className="mt-4 flex flex-wrap gap-x-6 gap-y-2">
        {items.map((one) => (
          <li key={one.title} className="flex items-center gap-2">
            {t.artifact[one.title] ?? words(one.title)} <OutcomeBadge outcome={one.outcome} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A review of code, or the verdict, as a document of its own: everything that it says. */
export function ReviewText({ name, text }: { name: string; text: string }) {
  const { outcome, items } = readReview(text);
  if (outcome === null) return <Markdown text={text} />;
  return name === VERDICT ? <VerdictCard outcome={outcome} items={items} /> : <Counted outcome={outcome} items={items}>{items.length > 0 && <ItemList items={items} />}</Counted>;
}

function Counted({ outcome, items, children }: { outcome: Outcome; items: readonly ReviewItem[]; children: ReactNode }) {
  const count = (of: Outcome): number => items.filter((one) => one.outcome === of).length;
  return (
    <div className="space-y-3">
      <p className="flex flex-wrap items-center gap-2">
        <OutcomeBadge outcome={outcome} /> {t.verdict.counts(count("pass"), count("fail"), count("none"))}
      </p>
      {children}
    </div>
  );
}

/** What a reviewer said of the code: what did not pass first, the rest when asked for. */
function CodeReview({ project, item }: { project: Project; item: Item }) {
  const query = useQuery(artifactQuery(item.id, item.version));
  return (
    <Section
      title={t.artifact[item.name] ?? words(item.name)}
      action={
        <Link to="/projects/$projectId/artifacts/$name" params={{ projectId: project.project_id, name: item.name }} className="text-sm font-medium text-spruce underline underline-offset-2">
          {t.verdict.whole}
        </Link>
      }
    >
      <Await query={query} lines={2}>
        {({ content }) => {
          const { outcome, items } = readReview(content);
          if (outcome === null) return <Markdown text={content} />;
          const failed = items.filter((one) => one.outcome === "fail");
          const rest = items.filter((one) => one.outcome !== "fail");
          return (
            <Counted outcome={outcome} items={items}>
              {failed.length > 0 && <ItemList items={failed} />}
              {rest.length > 0 && (
                <details>
                  <summary className="cursor-pointer font-medium">{t.verdict.rest(rest.length)}</summary>
                  <div className="mt-3">
                    <ItemList items={rest} />
                  </div>
                </details>
              )}
            </Counted>
          );
        }}
      </Await>
    </Section>
  );
}

function ItemList({ items }: { items: readonly ReviewItem[] }) {
  return (
    <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
      {items.map((item) => (
        <li key={item.title} className="px-5 py-3.5">
          <p className="flex flex-wrap items-center gap-2 font-medium">
            {item.title} <OutcomeBadge outcome={item.outcome} />
          </p>
          {item.reason !== null && <p className="mt-1">{item.reason}</p>}
          {item.evidence !== null && <p className="mt-1 font-mono text-sm text-muted wrap-anywhere">{item.evidence}</p>}
        </li>
      ))}
    </ul>
  );
}

/** Findings of the critic, and what became of each. */
function FindingList({ project, isAlone }: { project: Project; isAlone: boolean }) {
  const query = useQuery(findingsQuery(project.project_id));
  return (
    <Await query={query}>
      {({ items }) => {
        const listed = findingsToList(items, !isAlone);
        if (listed.length === 0) return isAlone ? <NothingFound project={project} /> : null;
        return (
          <Section title={t.review.title} hint={t.review.hint(listed.filter((finding) => finding.state === "open").length, listed.length)}>
            <ul className="space-y-3">
              {listed.map((finding) => (
                <FindingCard key={`${finding.review_version}/${finding.id}`} finding={finding} />
              ))}
            </ul>
          </Section>
        );
      }}
    </Await>
  );
}

/** A review that found nothing was one all the same: who read it, with what, and when. */
function NothingFound({ project }: { project: Project }) {
  const review = project.artifacts.find((artifact) => artifact.name === "review");
  if (review === undefined) return <Empty title={t.review.none}>{t.review.noneHint}</Empty>;
  const who = [t.agent[review.agent] ?? words(review.agent), ...(review.model == null ? [] : [t.model(review.model)])].join(" · ");
  return (
    <Card tone="good" className="p-6">
      <h2 className="flex items-center gap-3 text-xl">
        <CircleCheck className="size-6 shrink-0 text-spruce" aria-hidden />
        {t.review.none}
      </h2>
      <p className="mt-1">{t.review.passed(who, dateTime(review.generated_at))}</p>
      {review.format === "markdown" && (
        <Link to="/projects/$projectId/artifacts/$name" params={{ projectId: project.project_id, name: review.name }} className="mt-3 inline-block font-medium text-spruce underline underline-offset-2">
          {t.review.read}
        </Link>
      )}
    </Card>
  );
}

function FindingCard({ finding }: { finding: Finding }) {
  return (
    <Card as="li" className="p-5">
      <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
        <span className="font-mono">{finding.id}</span>
        <Badge tone={SEVERITY_TONES[finding.severity] ?? "plain"}>{t.severity[finding.severity] ?? finding.severity}</Badge>
        <Badge tone={STATE_TONES[finding.state] ?? "plain"}>{t.findingState[finding.state] ?? finding.state}</Badge>
        <span>{t.layer[finding.layer] ?? finding.layer}</span>
      </p>
      <p className="mt-2.5">{finding.problem}</p>
      <p className="mt-2 border-l-2 border-spruce-soft pl-3 text-muted">
        <span className="font-medium text-ink">{finding.state === "open" ? t.review.fix : t.review.fixed}</span> {finding.fix}
      </p>
      <p className="mt-2 text-sm text-muted">
        {[finding.prompts.length > 0 ? t.coverage.prompts(finding.prompts) : "", finding.requirements.join(", "), t.review.round(finding.review_version)].filter((part) => part !== "").join(" · ")}
      </p>
    </Card>
  );
}
