// Findings of reviews, as a page lists them.
import type { Schemas } from "@/api/client";

type Finding = Schemas["FindingItem"];

/** Each of them once. `inReviews`: reviews of code stand on the same page, with what they find now. */
export function findingsToList(findings: readonly Finding[], inReviews: boolean): Finding[] {
  const seen = new Set<string>();
  return findings.filter((finding) => {
    if (inReviews && finding.layer === "code" && finding.state === "open") return false;
    const name = `${finding.review_version}/${finding.id}/${finding.problem}`;
    const isNew = !seen.has(name);
    seen.add(name);
    return isNew;
  });
}
